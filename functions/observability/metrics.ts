import { Metrics as EmbeddedMetrics } from '@aws-lambda-powertools/metrics';
import { type MetricName, metricCatalogue, metricsNamespace } from './metric-catalogue.ts';

/** Values by the names of their metrics; a list holds several values of one. */
type MetricValues = Readonly<Partial<Record<MetricName, number | readonly number[]>>>;

/** Emits values that have the same dimensions. */
export type Metrics = (values: MetricValues, dimensions: Readonly<Record<string, string>>) => void;

/** Metrics as CloudWatch's embedded metric format: one line at once, so that nothing is shared between requests. */
export const createMetrics = (serviceName: string): Metrics => {
  const metrics = new EmbeddedMetrics({ namespace: metricsNamespace, serviceName });
  return (values, dimensions) => {
    metrics.addDimensions({ ...dimensions });
    for (const [name, given] of Object.entries(values) as [MetricName, number | readonly number[]][])
      for (const value of [given].flat()) metrics.addMetric(name, metricCatalogue[name], value);
    metrics.publishStoredMetrics();
  };
};
