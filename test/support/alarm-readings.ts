import type { Resource } from '../infra/synth.ts';

/** One value of a metric, as CloudWatch reads it from a line of the embedded metric format. */
interface Reading {
  readonly namespace: string;
  readonly name: string;
  /** The dimensions, sorted, as `name=value`. */
  readonly dimensions: string;
  readonly value: number;
}

interface EmbeddedMetrics {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string }[];
    }[];
  };
  readonly [key: string]: unknown;
}

const sorted = (dimensions: readonly (readonly [string, unknown])[]): string =>
  dimensions
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join();

const readingsOf = (line: EmbeddedMetrics): Reading[] =>
  line._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
    Dimensions.flatMap((names) =>
      Metrics.flatMap(({ Name }) =>
        [line[Name]].flat().map((value) => ({
          namespace: Namespace,
          name: Name,
          dimensions: sorted(names.map((name) => [name, line[name]])),
          value: Number(value),
        })),
      ),
    ),
  );

/** Everything that CloudWatch would read as a metric from what was written to stdout. */
export const readingsIn = (output: string): readonly Reading[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{"_aws"'))
    .flatMap((line) => readingsOf(JSON.parse(line)));

interface MetricSource {
  readonly Namespace?: string;
  readonly MetricName?: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
}

const valuesOf = (readings: readonly Reading[], { Namespace, MetricName, Dimensions = [] }: MetricSource) =>
  readings
    .filter(
      ({ namespace, name, dimensions }) =>
        namespace === Namespace &&
        name === MetricName &&
        dimensions === sorted(Dimensions.map(({ Name, Value }) => [Name, Value])),
    )
    .map(({ value }) => value);

const statistics: Readonly<Record<string, (values: readonly number[]) => number>> = {
  Sum: (values) => values.reduce((sum, value) => sum + value, 0),
  Minimum: (values) => Math.min(...values),
  p95: (values) => [...values].sort((a, b) => a - b)[Math.ceil(values.length * 0.95) - 1] ?? Number.NaN,
};

const statisticOf = (name: string, values: readonly number[]): number | undefined => {
  const statistic = statistics[name];
  if (statistic === undefined) throw new Error(`Not a statistic that is known here: ${name}`);
  return values.length === 0 ? undefined : statistic(values);
};

const operators: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
};

/** The stack's expressions are chains without brackets whose order is their precedence; undefined where a value lacks. */
const evaluate = (
  expression: string,
  values: ReadonlyMap<string, number | undefined>,
): number | undefined => {
  const filled = expression.replaceAll(/FILL\((\w+), 0\)/g, (_, name) => String(values.get(name) ?? 0));
  const [first = '', ...rest] = filled.split(' ');
  const number = (word: string) => (/^[\d.]+$/.test(word) ? Number(word) : values.get(word));
  let result = number(first);
  for (let at = 0; at < rest.length; at += 2) {
    const operator = operators[rest[at] ?? ''];
    const next = number(rest[at + 1] ?? '');
    if (operator === undefined) throw new Error(`Not an expression that is known here: ${expression}`);
    result = result === undefined || next === undefined ? undefined : operator(result, next);
  }
  return result;
};

/** What an alarm measures of these readings, all of them in one of its periods; undefined where that is nothing. */
export const measureOf = (
  { Properties: alarm }: Resource,
  readings: readonly Reading[],
): number | undefined => {
  if (alarm.Metrics === undefined)
    return statisticOf(alarm.Statistic ?? alarm.ExtendedStatistic, valuesOf(readings, alarm));
  const stated = alarm.Metrics.filter((query: { MetricStat?: object }) => query.MetricStat);
  const values = new Map<string, number | undefined>(
    stated.map(({ Id, MetricStat: { Metric, Stat } }: ReturnType<typeof JSON.parse>) => [
      Id,
      statisticOf(Stat, valuesOf(readings, Metric)),
    ]),
  );
  const { Expression } = alarm.Metrics.find(
    (query: { Expression?: string }) => query.Expression?.startsWith('ANOMALY') === false,
  );
  return evaluate(Expression, values);
};

const crossings: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  GreaterThanThreshold: (value, threshold) => value > threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
};

/** Whether a period with these readings counts against the alarm. */
export const isBreached = (alarm: Resource, readings: readonly Reading[]): boolean => {
  const { ComparisonOperator, Threshold, TreatMissingData } = alarm.Properties;
  const measure = measureOf(alarm, readings);
  if (measure === undefined) return TreatMissingData === 'breaching';
  const crossing = crossings[ComparisonOperator];
  if (crossing === undefined) throw new Error(`Not a comparison that is known here: ${ComparisonOperator}`);
  return crossing(measure, Threshold);
};

/** Whether an alarm reads metrics of our own, and not AWS's. */
export const isOurs = ({ Properties }: Resource): boolean =>
  JSON.stringify(Properties).includes('"TwilioVerifyPhone"');
