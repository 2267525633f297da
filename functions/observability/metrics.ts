import { Metrics as EmbeddedMetrics, MetricUnit } from '@aws-lambda-powertools/metrics';

/** The namespace of every metric. */
const metricsNamespace = 'TwilioVerifyPhone';

/** Every metric, with its unit and what it counts. */
const metricCatalogue = {
  /** One for each request, by `function` and `outcome` (`ok` or a code of the error catalogue). */
  Requests: MetricUnit.Count,
  /** From event to answer, by `function`. */
  Duration: MetricUnit.Milliseconds,
  /** One for each request that met a table that failed, by `kind` (start, check) and `done` (denied, allowed). */
  StoreFailures: MetricUnit.Count,
  /** One for each decision of the guard, by `function` and `outcome`. */
  GuardDecisions: MetricUnit.Count,
  /** One for each change of the circuit breaker, by `change` (open, half_open, closed). */
  BreakerChanges: MetricUnit.Count,
  /** One when 50, 80 and 100 `percent` of a daily budget are spent, by `scope`. */
  BudgetMarks: MetricUnit.Count,
  /** One for each line type that could not be learnt, by `reason`. */
  LookupFailures: MetricUnit.Count,
  /** One for each request for a test number. */
  TestNumberUses: MetricUnit.Count,
  /** 1 for a canary that found everything in reach, 0 for one that did not, by `function`. */
  CanarySuccess: MetricUnit.Count,
} as const;

/** The name of a metric. */
export type MetricName = keyof typeof metricCatalogue;

/** Emits one value of a metric with its dimensions. */
export type Metrics = (name: MetricName, value: number, dimensions: Readonly<Record<string, string>>) => void;

/** Metrics as CloudWatch's embedded metric format, a line each, so that nothing is shared between requests. */
export const createMetrics = (serviceName: string): Metrics => {
  const metrics = new EmbeddedMetrics({ namespace: metricsNamespace, serviceName });
  return (name, value, dimensions) => {
    const single = metrics.singleMetric();
    for (const [dimension, word] of Object.entries(dimensions)) single.addDimension(dimension, word);
    single.addMetric(name, metricCatalogue[name], value);
  };
};
