import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import {
  AlarmStatusWidget,
  GraphWidget,
  type IAlarm,
  type IMetric,
  type IWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import { type ErrorCode, errorCatalogue } from '../../functions/runtime/errors.ts';
import { needsOf } from '../../functions/service/ports.ts';
import { isForClients } from '../declared-function.ts';
import { blockedRequests } from './edge-alarms.ts';
import { failureCodes, type WatchedRun } from './function-alarms.ts';
import type { ServiceMetrics } from './service-metrics.ts';

/** What the widgets show. */
export interface Operations {
  readonly metrics: ServiceMetrics;
  readonly functions: readonly WatchedRun[];
  readonly canaries: readonly string[];
  readonly api: RestApi;
  readonly webAcl: CfnWebACL | undefined;
  readonly alarms: readonly IAlarm[];
}

const graph = (title: string, left: readonly IMetric[], width = 12): IWidget =>
  new GraphWidget({ title, left: [...left], width, height: 6 });

const refusalCodes = (Object.keys(errorCatalogue) as ErrorCode[]).filter(
  (code) => !failureCodes.includes(code),
);

const latency = (metrics: ServiceMetrics, watched: WatchedRun): IWidget => {
  const { secrets, table } = needsOf(watched);
  const parts = [
    { metric: 'Duration', label: 'whole', isThere: true },
    { metric: 'TwilioDuration', label: 'Twilio', isThere: secrets.includes('twilio') },
    { metric: 'StoreDuration', label: 'store, each request', isThere: table },
  ] as const;
  return graph(
    `${watched.name}: milliseconds, as a whole and by part`,
    parts
      .filter(({ isThere }) => isThere)
      .flatMap(({ metric, label }) =>
        ['p50', 'p95'].map((statistic) =>
          metrics(metric, { function: watched.name }, { statistic }).with({ label: `${label} ${statistic}` }),
        ),
      ),
  );
};

const outcomes = (
  metrics: ServiceMetrics,
  functions: readonly WatchedRun[],
  title: string,
  codes: readonly string[],
): IWidget =>
  graph(
    title,
    functions.flatMap(({ name }) =>
      codes.map((outcome) =>
        metrics('Requests', { function: name, outcome }).with({ label: `${name} ${outcome}` }),
      ),
    ),
  );

const storeAndBreaker = (metrics: ServiceMetrics): readonly IWidget[] => [
  graph(
    'Store failures',
    [
      ...['start', 'check'].flatMap((kind) =>
        ['denied', 'allowed'].map((done) => metrics('StoreFailures', { kind, done })),
      ),
      ...['read', 'write'].map((done) => metrics('StoreFailures', { kind: 'counts', done })),
      metrics('StaleSecrets'),
    ].map((metric) =>
      metric.with({
        label:
          Object.values(metric.dimensions ?? {})
            .slice(1)
            .join(' ') || 'stale secrets',
      }),
    ),
  ),
  graph(
    'Circuit breaker',
    ['open', 'half_open', 'closed'].map((change) =>
      metrics('BreakerChanges', { change }).with({ label: change }),
    ),
  ),
];

/** Whether all is well and, where not, which part is to blame. */
export const operationsWidgets = (shown: Operations): readonly (readonly IWidget[])[] => {
  const { alarms, api, canaries, functions, metrics, webAcl } = shown;
  const stage = api.deploymentStage;
  return [
    [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 24, height: 4 })],
    functions.map((watched) => latency(metrics, watched)),
    [
      outcomes(metrics, functions, 'Failures, by class', failureCodes),
      outcomes(metrics, functions.filter(isForClients), 'Refusals, by class', refusalCodes),
    ],
    storeAndBreaker(metrics),
    [
      graph(
        'Lambda: throttles, errors and concurrency',
        functions.flatMap(({ lambda: { alias }, name }) => [
          alias.metricThrottles({ label: `${name} throttled` }),
          alias.metricErrors({ label: `${name} errors` }),
          alias.metric('ConcurrentExecutions', { statistic: 'Maximum', label: `${name} at once` }),
        ]),
      ),
      graph(
        'Canaries: 1 is well',
        canaries.map((name) =>
          metrics('CanarySuccess', { function: name }, { statistic: 'Minimum' }).with({ label: name }),
        ),
      ),
    ],
    [
      graph('Gateway', [
        stage.metricCount(),
        stage.metricClientError(),
        stage.metricServerError(),
        stage.metricLatency({ statistic: 'p95' }),
      ]),
      ...(webAcl ? [graph('Blocked by AWS WAF', [blockedRequests(webAcl)])] : []),
    ],
  ];
};
