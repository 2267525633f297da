import type { Context } from 'aws-lambda';
import { catalog } from '../../functions/catalog.ts';
import { composeFor } from '../../functions/compose/all-ports.ts';
import type { Service } from '../../functions/compose/run-service.ts';
import { lambdaHandler } from '../../functions/lambda/lambda-handler.ts';
import type { LogEvent, LogFields } from '../../functions/observability/log-catalogue.ts';
import type { MetricName } from '../../functions/observability/metric-catalogue.ts';
import type { ServiceFunction } from '../../functions/service/ports.ts';
import { startWorld, type World } from '../../local/world.ts';
import { type EmulatorControl, emulatorControl } from './emulator-control.ts';
import { noLimits } from './guard-world.ts';
import { lambdaContext } from './lambda-events.ts';

/** A policy whose limits and breakers are all off, for tests of everything else. */
export const unlimited = {
  breaker: { mode: 'off' },
  pumping: { mode: 'off' },
  rate_limits: noLimits,
};

/** The service's functions over the embedded world, with everything it says on the way. */
export interface TestService extends EmulatorControl {
  readonly world: World;
  /** Gives an event to a function of the catalogue. */
  invoke(name: string, event: unknown, context?: Context): Promise<unknown>;
  start(event: unknown, context?: Context): Promise<unknown>;
  check(event: unknown, context?: Context): Promise<unknown>;
  readonly lines: { readonly event: LogEvent; readonly fields: LogFields }[];
  readonly metrics: { readonly name: MetricName; readonly value: number; readonly dimensions: object }[];
}

/**
 * Serves the functions of a composed service from a world, which stays the caller's to close.
 *
 * @param change - what is different from the service that the world's environment composes.
 */
export const serve = (
  world: World,
  change: (composed: Service) => Partial<Service> = () => ({}),
): TestService => {
  // The AWS SDK reads the process environment, whatever environment compose is given.
  Object.assign(process.env, world.env, { POWERTOOLS_LOG_LEVEL: 'SILENT' });
  const lines: TestService['lines'] = [];
  const metrics: TestService['metrics'] = [];
  const composed = composeFor();
  const service: Service = {
    ...composed,
    log: (event, fields) => void lines.push({ event, fields }),
    metrics: (values, dimensions) => {
      for (const [name, given] of Object.entries(values) as [MetricName, number | readonly number[]][])
        for (const value of [given].flat()) metrics.push({ name, value, dimensions });
    },
    ...change(composed),
  };
  const handlers = new Map(
    catalog.map((definition: ServiceFunction) => [definition.name, lambdaHandler(definition, service)]),
  );
  const invoke: TestService['invoke'] = async (name, event, context = lambdaContext()) => {
    const handler = handlers.get(name);
    if (handler === undefined) throw new Error(`There is no function ${name}`);
    return await handler(event, context);
  };
  return {
    world,
    lines,
    metrics,
    invoke,
    start: (event, context) => invoke('start_verification', event, context),
    check: (event, context) => invoke('check_verification', event, context),
    ...emulatorControl(world),
  };
};

/** Starts a world without limits and serves the functions from it. */
export const startService = async (policy: object = {}): Promise<TestService> =>
  serve(await startWorld({ twilio: 'emulator', policy: { ...unlimited, ...policy } }));
