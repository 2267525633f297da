import type { MetricName } from './metric-catalogue.ts';

/** A part of the way of a request that is measured on its own. */
export type MeasuredPart = Extract<MetricName, 'TwilioDuration' | 'StoreDuration'>;

/** Milliseconds by part. */
type Measured = Readonly<Partial<Record<MeasuredPart, readonly number[]>>>;

/** The embedded metric format takes so many values of a metric in one line; no request has as many. */
const mostValues = 100;

/** What the parts took until the next request that ends takes it along: which one asked for what does not matter to a metric. */
export class PartDurations {
  #measured: Measured = {};

  /** Keeps how many milliseconds a call of a part took. */
  took(part: MeasuredPart, millis: number): void {
    const values = this.#measured[part] ?? [];
    if (values.length < mostValues) this.#measured = { ...this.#measured, [part]: [...values, millis] };
  }

  /** Hands over what was measured, and forgets it. */
  collect(): Measured {
    const collected = this.#measured;
    this.#measured = {};
    return collected;
  }
}
