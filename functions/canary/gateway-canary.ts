import type { Log } from '../observability/log-catalogue.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { Clock } from '../runtime/clock.ts';
import { type Envelope, failed, healthy } from '../runtime/envelope.ts';
import { type CanaryScope, type CanaryStep, canarySteps } from './canary-steps.ts';
import { differenceOf, type GatewayAnswer } from './gateway-answer.ts';

/** The one name of the canary: its Lambda, its log lines, its metrics. */
export const gatewayCanaryName = 'gateway_canary';

/** What the canary stands on. */
export interface GatewayCanaryParts {
  /**
   * Posts to a path of the API as a client would.
   *
   * @throws where no answer came, or none in time.
   */
  readonly post: (path: string, body: object) => Promise<GatewayAnswer>;
  /** What the canary may do now: how the API is guarded, and the test number that is in force. */
  readonly scope: () => CanaryScope;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/**
 * The canary that goes in by the front door: name, certificate, web ACL, gateway, alias and function. What the functions
 * stand on, their own canaries watch, so that each fails for its own reason. Never throws.
 *
 * @returns the handler, which gives the envelope of a canary and reports `CanarySuccess`.
 */
export const gatewayCanary = ({ post, scope, log, metrics, clock }: GatewayCanaryParts) => {
  const differenceIn = async ({ path, body, expected }: CanaryStep): Promise<string | undefined> => {
    try {
      return differenceOf(await post(path, body), expected);
    } catch (thrown) {
      return thrown instanceof Error && thrown.name === 'TimeoutError' ? 'timeout' : 'unreachable';
    }
  };

  const firstFailure = async (steps: readonly CanaryStep[]) => {
    for (const step of steps) {
      // The service counts each use; only what the canary itself writes down can be taken off again.
      if (step.usesTestNumber) metrics({ CanaryTestNumberUses: 1 }, {});
      const reason = await differenceIn(step);
      if (reason !== undefined) return { step: step.name, reason };
    }
    return undefined;
  };

  return async (): Promise<Envelope> => {
    const startedAt = clock();
    const failure = await firstFailure(canarySteps(scope()));
    metrics({ CanarySuccess: failure === undefined ? 1 : 0 }, { function: gatewayCanaryName });
    const event = failure === undefined ? 'canary_passed' : 'canary_failed';
    log(event, { function: gatewayCanaryName, ...failure, duration: clock() - startedAt });
    return failure === undefined ? healthy() : failed('The API does not answer as it should; see the log');
  };
};
