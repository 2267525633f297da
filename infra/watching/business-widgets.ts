import { Duration } from 'aws-cdk-lib';
import {
  GraphWidget,
  type IWidget,
  LogQueryWidget,
  MathExpression,
  SingleValueWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { logQueries } from './log-queries.ts';
import { type ServiceMetrics, sumOf } from './service-metrics.ts';

const start = 'start_verification';
const check = 'check_verification';
const hour = { minutes: 60 };

/** What the service is for: started, approved, what it cost, and who was turned away. Canaries do not count. */
export const businessWidgets = (
  metrics: ServiceMetrics,
  logGroups: readonly ILogGroup[],
  currency: string,
): readonly (readonly IWidget[])[] => {
  const decided = (name: string, outcome: string, label = outcome) =>
    metrics('GuardDecisions', { function: name, outcome }, hour).with({ label });
  const started = decided(start, 'sent', 'started');
  const approved = decided(check, 'approved');
  const conversion = new MathExpression({
    expression: '100 * approved / started',
    usingMetrics: { approved, started },
    period: Duration.hours(1),
    label: 'conversion in percent',
  });
  const spend = sumOf(
    ['sent', 'doubtful'].map((outcome) => metrics('EstimatedSpend', { function: start, outcome }, hour)),
    `estimated spend in ${currency}`,
    60,
  );
  const graph = (title: string, ...left: (typeof started | MathExpression)[]) =>
    new GraphWidget({ title, left, width: 12, height: 6 });
  return [
    [
      new SingleValueWidget({
        title: 'In the time shown',
        metrics: [started, approved, conversion, spend],
        setPeriodToTimeRange: true,
        width: 24,
        height: 3,
      }),
    ],
    [
      graph('Started and approved, by the hour', started, approved),
      graph('Conversion, by the hour', conversion),
    ],
    [
      graph('Estimated spend, by the hour', spend),
      graph(
        'What became of starts and checks',
        ...['replayed', 'refused', 'unsent', 'doubtful'].map((outcome) => decided(start, outcome)),
        ...['wrong', 'refused', 'unjudged'].map((outcome) => decided(check, outcome, `check ${outcome}`)),
      ),
    ],
    ...Object.entries(logQueries).map(([title, queryLines]) => [
      new LogQueryWidget({
        title,
        logGroupNames: logGroups.map(({ logGroupName }) => logGroupName),
        queryLines: [...queryLines],
        width: 24,
        height: 6,
      }),
    ]),
  ];
};
