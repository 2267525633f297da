import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import type { Policy } from '../../functions/guard/policy/policy.ts';
import type { AlarmSpec } from './alarm-spec.ts';
import { type ServiceMetrics, sumOf } from './service-metrics.ts';

const storeAlarms = (metrics: ServiceMetrics, { on_store_failure }: Policy): readonly AlarmSpec[] =>
  (['start', 'check'] as const).map((kind) => {
    const done = on_store_failure[kind] === 'allow' ? 'allowed' : 'denied';
    return {
      id:
        done === 'allowed'
          ? `Unguarded${kind === 'start' ? 'Starts' : 'Checks'}`
          : `Store${kind === 'start' ? 'Starts' : 'Checks'}Denied`,
      heading: 'store-failed',
      says:
        done === 'allowed'
          ? `The table fails: a ${kind} goes on without limits`
          : `The table fails: a ${kind} is refused`,
      metric: metrics('StoreFailures', { kind, done }),
      threshold: 1,
    };
  });

const breakerAlarms = (metrics: ServiceMetrics, { breaker }: Policy): readonly AlarmSpec[] =>
  breaker.mode === 'off'
    ? []
    : [
        {
          id: 'BreakerOpen',
          heading: 'breaker-open',
          says: 'Twilio fails so often that requests are held back from it',
          metric: metrics('BreakerChanges', { change: 'open' }),
          threshold: 1,
        },
      ];

const isSet = (limit: number | null | undefined): boolean => (limit ?? 0) > 0;

const budgetAlarms = (metrics: ServiceMetrics, { daily_budget }: Policy): readonly AlarmSpec[] => {
  const { cost, messages } = daily_budget;
  const scopes = [
    ...(isSet(cost.total) || isSet(messages.total) ? ['total'] : []),
    ...([messages.each_country, ...Object.values(messages.per_country)].some(isSet) ? ['country'] : []),
  ];
  if (scopes.length === 0) return [];
  return ['50', '80', '100'].map((percent) => ({
    id: `Budget${percent}`,
    heading: 'budget',
    says:
      percent === '100'
        ? 'A daily budget is spent: further messages are refused until midnight UTC'
        : `${percent} % of a daily budget is spent`,
    metric: sumOf(
      scopes.map((scope) => metrics('BudgetMarks', { scope, percent })),
      'marks',
    ),
    threshold: 1,
  }));
};

const pumpingAlarms = (metrics: ServiceMetrics, { pumping }: Policy): readonly AlarmSpec[] =>
  pumping.mode === 'off'
    ? []
    : [
        {
          id: 'Pumping',
          heading: 'pumping',
          says:
            pumping.mode === 'deny'
              ? 'Somewhere codes are sent that nobody enters: messages there are refused'
              : 'Somewhere codes are sent that nobody enters: messages there would be refused, were pumping.mode deny',
          metric: metrics('PumpingTrips', { mode: pumping.mode }),
          threshold: 1,
        },
      ];

// What the canary asked for is taken off by its own count, which no other Lambda writes. Its runs are in the middle of
// the period, so that use and count never fall into different ones.
const testNumberAlarms = (
  metrics: ServiceMetrics,
  { test_numbers }: Policy,
  stage: string,
): readonly AlarmSpec[] =>
  test_numbers.length === 0 || stage === 'dev'
    ? []
    : [
        {
          id: 'TestNumberUse',
          heading: 'test-number-use',
          says: 'Somebody other than the canary used a test number',
          metric: new MathExpression({
            expression: 'FILL(uses, 0) - FILL(canary, 0)',
            usingMetrics: { uses: metrics('TestNumberUses'), canary: metrics('CanaryTestNumberUses') },
            period: Duration.minutes(5),
            label: 'uses by others',
          }),
          comparison: ComparisonOperator.GREATER_THAN_THRESHOLD,
          threshold: 0,
        },
      ];

const lookupAlarms = (metrics: ServiceMetrics, { lookup }: Policy): readonly AlarmSpec[] =>
  lookup.mode === 'off'
    ? []
    : [
        {
          id: 'LookupFailures',
          heading: 'lookup-failures',
          says: 'The types of lines cannot be learnt: landlines and denied types get messages',
          metric: metrics('LookupFailures'),
          threshold: 10,
        },
      ];

/** The alarms on what the guard does and stands on, as far as the policy lets it happen. */
export const guardAlarms = (metrics: ServiceMetrics, policy: Policy, stage: string): readonly AlarmSpec[] => [
  ...storeAlarms(metrics, policy),
  ...breakerAlarms(metrics, policy),
  ...budgetAlarms(metrics, policy),
  ...pumpingAlarms(metrics, policy),
  ...testNumberAlarms(metrics, policy, stage),
  ...lookupAlarms(metrics, policy),
  {
    id: 'StaleSecret',
    heading: 'stale-secret',
    says: 'A secret cannot be read again; the old value still serves, but no new container starts',
    metric: metrics('StaleSecrets'),
    threshold: 1,
  },
];
