import { Duration } from 'aws-cdk-lib';
import {
  GraphWidget,
  type IMetric,
  type IWidget,
  LogQueryWidget,
  MathExpression,
  SingleValueWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { WatchedRun } from './function-alarms.ts';
import { type GuardDecisions, guardDecisions, lineOf, sendsAndChecks, totalOf } from './guard-decisions.ts';
import { logQueries } from './log-queries.ts';
import { type ServiceMetrics, sumOf } from './service-metrics.ts';

/** What the widgets show. */
export interface Business {
  readonly metrics: ServiceMetrics;
  readonly functions: readonly WatchedRun[];
  /** Of the estimates of spend. */
  readonly currency: string;
}

/** What may become of a start or a check, beside what it is for. */
const otherOutcomes = [
  { reserved: 'send', label: '', outcomes: ['replayed', 'refused', 'unsent', 'doubtful'] },
  { reserved: 'check', label: 'check ', outcomes: ['wrong', 'refused', 'unjudged'] },
] as const;

const graph = (title: string, ...left: IMetric[]): IWidget =>
  new GraphWidget({ title, left, width: 12, height: 6 });

const figures = (decided: GuardDecisions, currency: string): readonly (readonly IWidget[])[] => {
  const labelled = (name: string, metrics: ReturnType<GuardDecisions>) =>
    totalOf(
      name,
      metrics.map((metric) => metric.with({ label: name })),
    );
  const allStarted = labelled('started', decided('send', 'sent'));
  const allApproved = labelled('approved', decided('check', 'approved'));
  const [started, approved] = [lineOf(allStarted, 'started'), lineOf(allApproved, 'approved')];
  const conversion = new MathExpression({
    expression: `100 * ${allApproved.sum} / ${allStarted.sum}`,
    usingMetrics: { ...allApproved.metrics, ...allStarted.metrics },
    period: Duration.hours(1),
    label: 'conversion in percent',
  });
  const spend = sumOf(
    ['sent', 'doubtful'].flatMap((outcome) => decided('send', outcome, 'EstimatedSpend')),
    `estimated spend in ${currency}`,
    60,
  );
  const others = otherOutcomes.flatMap(({ reserved, label, outcomes }) =>
    outcomes.map((outcome) =>
      lineOf(totalOf(`${reserved}_${outcome}`, decided(reserved, outcome)), `${label}${outcome}`),
    ),
  );
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
    [graph('Estimated spend, by the hour', spend), graph('What became of starts and checks', ...others)],
  ];
};

/** What the service is for: started, approved, what it cost, and who was turned away. Canaries do not count. */
export const businessWidgets = ({
  metrics,
  functions,
  currency,
}: Business): readonly (readonly IWidget[])[] => {
  // The others make no decisions to show.
  const reserving = functions.filter(({ reserves }) => reserves !== 'nothing');
  const logGroupNames = reserving.map(({ lambda }) => lambda.logGroup.logGroupName);
  if (!sendsAndChecks(reserving)) return [];
  return [
    ...figures(guardDecisions(metrics, reserving), currency),
    ...Object.entries(logQueries).map(([title, queryLines]) => [
      new LogQueryWidget({ title, logGroupNames, queryLines: [...queryLines], width: 24, height: 6 }),
    ]),
  ];
};
