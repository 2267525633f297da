import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { MetricName } from '../observability/metric-catalogue.ts';
import type { Clock } from '../runtime/clock.ts';

/** A part of the way of a request that is measured on its own. */
type MeasuredPart = Extract<MetricName, 'TwilioDuration' | 'StoreDuration'>;

/** Milliseconds by part. */
type Measured = Readonly<Partial<Record<MeasuredPart, readonly number[]>>>;

/** The embedded metric format takes so many values of a metric in one line; no request has as many. */
const mostValues = 100;

/** What the parts took until the next request that ends takes it along: which one asked for what does not matter to a metric. */
export class PartDurations {
  readonly #clock: Clock;
  #measured: Measured = {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The same call, which keeps how many milliseconds it took, however it ended. */
  timed<A extends unknown[], R>(
    part: MeasuredPart,
    call: (...args: A) => Promise<R>,
  ): (...args: A) => Promise<R> {
    return async (...args) => {
      const from = this.#clock();
      try {
        return await call(...args);
      } finally {
        this.#took(part, this.#clock() - from);
      }
    };
  }

  /** Hands over what was measured, and forgets it. */
  collect(): Measured {
    const collected = this.#measured;
    this.#measured = {};
    return collected;
  }

  #took(part: MeasuredPart, millis: number): void {
    const values = this.#measured[part] ?? [];
    if (values.length < mostValues) this.#measured = { ...this.#measured, [part]: [...values, millis] };
  }
}

/** A provider, each of whose calls is timed, with the repetitions that are its own business. */
export const timedCalls = <P extends object>(provider: P, durations: PartDurations): P =>
  // Each call keeps its own name and type.
  Object.fromEntries(
    Object.entries(provider).map(([name, call]) => [name, durations.timed('TwilioDuration', call)]),
  ) as P;

/** Times each request of a client, with the SDK's repetitions. */
export const timeRequests = (client: DynamoDBClient, durations: PartDurations): DynamoDBClient => {
  client.middlewareStack.add((next) => durations.timed('StoreDuration', next), { step: 'initialize' });
  return client;
};
