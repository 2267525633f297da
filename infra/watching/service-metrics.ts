import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { type MetricName, metricsNamespace } from '../../functions/observability/metric-catalogue.ts';

/** How values become one a period. */
interface Reading {
  /** As CloudWatch names it: `Sum`, `Minimum`, `p95`, …; `Sum` unless said. */
  readonly statistic?: string;
  /** Minutes; 5 unless said. */
  readonly minutes?: number;
}

/** A metric of the service by the name and the dimensions with which its functions emit it. */
export type ServiceMetrics = (
  name: MetricName,
  dimensions?: Readonly<Record<string, string>>,
  reading?: Reading,
) => Metric;

/** @param service - the dimension that tells the metrics of stages apart that share an account. */
export const serviceMetrics =
  (service: string): ServiceMetrics =>
  (metricName, dimensions = {}, { statistic = 'Sum', minutes = 5 } = {}) =>
    new Metric({
      namespace: metricsNamespace,
      metricName,
      dimensionsMap: { service, ...dimensions },
      statistic,
      period: Duration.minutes(minutes),
    });

/** The sum of metrics, those without values counting as nothing. */
export const sumOf = (metrics: readonly IMetric[], label: string, minutes = 5): MathExpression =>
  new MathExpression({
    expression: metrics.map((_, at) => `FILL(m${at}, 0)`).join(' + '),
    usingMetrics: Object.fromEntries(metrics.map((metric, at) => [`m${at}`, metric])),
    period: Duration.minutes(minutes),
    label,
  });
