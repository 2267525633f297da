import type { MetricName } from './metric-catalogue.ts';

/** A part of the way of a request that is measured on its own. */
export type MeasuredPart = Extract<MetricName, 'TwilioDuration' | 'StoreDuration'>;

/** What the parts took, in milliseconds, since it was last asked for. */
export interface PartDurations {
  readonly took: (part: MeasuredPart, millis: number) => void;
  /** Hands over what was measured, and forgets it. */
  readonly collect: () => Readonly<Partial<Record<MeasuredPart, readonly number[]>>>;
}

/** The embedded metric format takes so many values of a metric in one line; no request has as many. */
const mostValues = 100;

/** Durations until the next request that ends takes them along: which one asked for what does not matter to a metric. */
export const createPartDurations = (): PartDurations => {
  let measured: Partial<Record<MeasuredPart, readonly number[]>> = {};
  return {
    took: (part, millis) => {
      const values = measured[part] ?? [];
      if (values.length < mostValues) measured[part] = [...values, millis];
    },
    collect: () => {
      const collected = measured;
      measured = {};
      return collected;
    },
  };
};
