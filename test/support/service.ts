import type { Context } from 'aws-lambda';
import { checkVerification } from '../../functions/check_verification.ts';
import { compose, type Service } from '../../functions/compose/run-service.ts';
import { lambdaHandler } from '../../functions/lambda/lambda-handler.ts';
import type { LogEvent, LogFields } from '../../functions/observability/log-catalogue.ts';
import type { MetricName } from '../../functions/observability/metric-catalogue.ts';
import { startVerification } from '../../functions/start_verification.ts';
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
  const composed = compose();
  const service: Service = {
    ...composed,
    log: (event, fields) => void lines.push({ event, fields }),
    metrics: (values, dimensions) => {
      for (const [name, given] of Object.entries(values) as [MetricName, number | readonly number[]][])
        for (const value of [given].flat()) metrics.push({ name, value, dimensions });
    },
    ...change(composed),
  };
  const start = lambdaHandler(startVerification, service);
  const check = lambdaHandler(checkVerification, service);
  return {
    world,
    lines,
    metrics,
    start: (event, context = lambdaContext()) => start(event, context),
    check: (event, context = lambdaContext()) => check(event, context),
    ...emulatorControl(world),
  };
};

/** Starts a world without limits and serves the functions from it. */
export const startService = async (policy: object = {}): Promise<TestService> =>
  serve(await startWorld({ twilio: 'emulator', policy: { ...unlimited, ...policy } }));
