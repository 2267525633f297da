import type { PartDurations } from '../adapters/part-durations.ts';
import type { Log } from '../observability/log-catalogue.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Environment } from './environment.ts';

/** Makes a part of a service: a port, or what several ports stand on. */
export type Part<T> = (base: Base) => T;

/** What the parts of one service are made from. */
interface BaseParts {
  readonly environment: Environment;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly durations: PartDurations;
  readonly clock: Clock;
}

/** What the parts of one service stand on, and the parts that were made: each is made once, when it is first asked for. */
export class Base implements BaseParts {
  readonly environment: Environment;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly durations: PartDurations;
  readonly clock: Clock;
  readonly #made = new Map<Part<unknown>, unknown>();

  constructor({ environment, log, metrics, durations, clock }: BaseParts) {
    this.environment = environment;
    this.log = log;
    this.metrics = metrics;
    this.durations = durations;
    this.clock = clock;
  }

  /** The part that this makes, the same for all who ask. */
  get<T>(part: Part<T>): T {
    if (!this.#made.has(part)) this.#made.set(part, part(this));
    // What stands in the map under a part is what that part made.
    return this.#made.get(part) as T;
  }
}
