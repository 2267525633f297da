import { PartDurations } from '../adapters/part-durations.ts';
import type { Log } from '../observability/log-catalogue.ts';
import { createLog } from '../observability/logger.ts';
import { serviceName } from '../observability/metric-catalogue.ts';
import { createMetrics, type Metrics } from '../observability/metrics.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import type { Ports } from '../service/ports.ts';
import { Base, type Part } from './base.ts';
import { Environment } from './environment.ts';

/** A composed service: what a run function touches, and what watches it. */
export interface Service<P = Ports> {
  /**
   * The real ports.
   *
   * @throws RunError `misconfigured` whose `fix` names every variable that is missing or wrong.
   */
  readonly ports: () => P;
  readonly log: Log;
  readonly metrics: Metrics;
  /** What the parts took. */
  readonly durations: Pick<PartDurations, 'collect'>;
  readonly clock: Clock;
  /** The origins of web pages that may read replies; usually none. */
  readonly corsOrigins: readonly string[];
}

/** What composes each of these ports. */
export type PortComposers<Used extends keyof Ports> = { readonly [P in Used]: Part<Ports[P]> };

const composePorts = <Used extends keyof Ports>(
  composers: PortComposers<Used>,
  base: Base,
): Pick<Ports, Used> => {
  const uses = Object.keys(composers) as Used[];
  base.environment.refuseIncomplete(uses);
  // Each key's own composer made its value.
  return Object.fromEntries(uses.map((port) => [port, base.get(composers[port])])) as Pick<Ports, Used>;
};

/**
 * Composes the service of a function that uses these ports from the environment. Never throws: what is wrong is said
 * when the ports are asked for.
 */
export const compose = <Used extends keyof Ports>(
  composers: PortComposers<Used>,
  values?: Readonly<Record<string, string | undefined>>,
): Service<Pick<Ports, Used>> => {
  const environment = new Environment(values);
  const name = environment.optional('POWERTOOLS_SERVICE_NAME') ?? serviceName;
  const log = createLog(name);
  const metrics = createMetrics(name);
  const clock = systemClock;
  const durations = new PartDurations(clock);
  let composed: () => Pick<Ports, Used>;
  try {
    const ports = composePorts(composers, new Base({ environment, log, metrics, durations, clock }));
    composed = () => ports;
  } catch (thrown) {
    composed = () => {
      throw thrown;
    };
  }
  return {
    ports: composed,
    log,
    metrics,
    durations,
    clock,
    corsOrigins: environment.optional('CORS_ORIGINS')?.split(' ') ?? [],
  };
};
