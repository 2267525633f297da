import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { type ErrorCode, errorCatalogue } from '../../functions/runtime/errors.ts';
import { needsOf } from '../../functions/service/ports.ts';
import type { StackLambda } from '../constructs/lambdas/stack-lambda.ts';
import { type DeclaredFunction, isForClients } from '../declared-function.ts';
import type { AlarmSpec } from './alarm-spec.ts';
import { type ServiceMetrics, sumOf } from './service-metrics.ts';

/** A Lambda that is watched. */
export interface WatchedFunction {
  /** As logical IDs have it: `StartVerification`. */
  readonly id: string;
  /** The one name: `start_verification`. */
  readonly name: string;
  readonly lambda: StackLambda;
}

/** A run function that is watched, with all that it declares. */
export interface WatchedRun extends WatchedFunction, DeclaredFunction {}

/** The answers that a request gets when the service fails, by the catalogue's own statuses. */
export const failureCodes = (Object.keys(errorCatalogue) as ErrorCode[]).filter(
  (code) => errorCatalogue[code].status >= 500,
);

const period = Duration.minutes(5);

/** The alarms that every Lambda has: it crashed, or was not let run. */
export const lambdaAlarms = ({
  id,
  name,
  lambda: { lambda },
}: WatchedFunction): readonly [errors: AlarmSpec, throttles: AlarmSpec] => [
  {
    id: `${id}Errors`,
    heading: 'function-errors',
    says: `${name} threw, or ran out of memory or time`,
    metric: lambda.metricErrors({ period, statistic: 'Sum' }),
    threshold: 1,
  },
  {
    id: `${id}Throttles`,
    heading: 'function-throttles',
    says: `${name} was not run: its concurrency, or the account's, is used up`,
    metric: lambda.metricThrottles({ period, statistic: 'Sum' }),
    threshold: 1,
  },
];

/** A canary: of a function, or through the gateway. */
interface WatchedCanary extends Pick<WatchedFunction, 'id' | 'name'> {
  readonly heading: string;
  /** How many lie between two runs. */
  readonly minutes: number;
}

/** The alarm of a canary that failed, or did not run, twice in a row. */
export const canaryAlarm = (
  metrics: ServiceMetrics,
  { id, name, heading, minutes }: WatchedCanary,
): AlarmSpec => ({
  id: `${id}CanaryFailed`,
  heading,
  says: `The canary of ${id} failed, or did not run`,
  metric: metrics('CanarySuccess', { function: name }, { statistic: 'Minimum', minutes }),
  comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
  threshold: 1,
  periods: { over: 2, of: 2 },
  missing: TreatMissingData.BREACHING,
  pages: true,
});

const failing = (
  metrics: ServiceMetrics,
  { id, name }: WatchedFunction,
  codes: readonly ErrorCode[],
): AlarmSpec => ({
  id: `${id}Failing`,
  heading: 'requests-fail',
  says: `${name} turns users away for reasons that are not theirs`,
  metric: sumOf(
    codes.map((outcome) => metrics('Requests', { function: name, outcome })),
    'failed',
  ),
  threshold: 10,
  periods: { over: 2, of: 3 },
  pages: true,
});

/** The alarms of the authorizer, which fails only where the keys of an issuer cannot be read. */
export const authorizerAlarms = (metrics: ServiceMetrics, watched: WatchedFunction): readonly AlarmSpec[] => [
  failing(metrics, watched, ['upstream_unavailable']),
  ...lambdaAlarms(watched),
];

const misconfigured = (metrics: ServiceMetrics, { id, name }: WatchedFunction): AlarmSpec => ({
  id: `${id}Misconfigured`,
  heading: 'misconfigured',
  says: `${name} failed for a reason that only the operator can fix`,
  metric: metrics('Requests', { function: name, outcome: 'misconfigured' }),
  threshold: 1,
  rollsBack: id,
});

const upstreamErrors = (metrics: ServiceMetrics, { id, name }: WatchedFunction): AlarmSpec => ({
  id: `${id}UpstreamErrors`,
  heading: 'upstream-errors',
  says: `${name} failed because Twilio did`,
  metric: sumOf(
    (['upstream_error', 'upstream_unavailable', 'upstream_timeout'] as const).map((outcome) =>
      metrics('Requests', { function: name, outcome }),
    ),
    'upstream',
  ),
  threshold: 5,
});

const slow = (metrics: ServiceMetrics, { id, name }: WatchedFunction): AlarmSpec => ({
  id: `${id}Slow`,
  heading: 'slow',
  says: `One in twenty requests to ${name} takes over 4 seconds`,
  metric: metrics('Duration', { function: name }, { statistic: 'p95' }),
  threshold: 4_000,
  periods: { over: 3, of: 3 },
});

/**
 * The alarms of a run function. One that no client waits for has only those that say that it is broken, to its canary too;
 * whether it was slow, throttled or failed by Twilio its callers see themselves.
 */
export const functionAlarms = (metrics: ServiceMetrics, watched: WatchedRun): readonly AlarmSpec[] => {
  const [errors, throttles] = lambdaAlarms(watched);
  const broken = { ...errors, rollsBack: watched.id };
  if (!isForClients(watched)) return [misconfigured(metrics, watched), broken];
  return [
    failing(metrics, watched, failureCodes),
    misconfigured(metrics, watched),
    ...(needsOf(watched).secrets.includes('twilio') ? [upstreamErrors(metrics, watched)] : []),
    slow(metrics, watched),
    broken,
    throttles,
  ];
};
