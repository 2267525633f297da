import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, type Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { DeclaredFunction } from '../declared-function.ts';
import type { ServiceMetrics } from './service-metrics.ts';

/** What a run function can reserve in the guard, which then says what became of it. */
type Reserved = Exclude<DeclaredFunction['reserves'], 'nothing'>;

/** A metric that the guard emits by `outcome`, of each function that reserves this, by the hour. */
export type GuardDecisions = (
  reserved: Reserved,
  outcome: string,
  name?: 'GuardDecisions' | 'EstimatedSpend',
) => readonly Metric[];

/** @param functions - those whose decisions are read. */
export const guardDecisions =
  (
    metrics: ServiceMetrics,
    functions: readonly Pick<DeclaredFunction, 'name' | 'reserves'>[],
  ): GuardDecisions =>
  (reserved, outcome, name = 'GuardDecisions') =>
    functions
      .filter(({ reserves }) => reserves === reserved)
      .map((declared) => metrics(name, { function: declared.name, outcome }, { minutes: 60 }));

/** Whether there are messages and checks of them: without either, no conversion or spend is to be watched. */
export const sendsAndChecks = (functions: readonly Pick<DeclaredFunction, 'reserves'>[]): boolean =>
  (['send', 'check'] as const).every((kind) => functions.some(({ reserves }) => reserves === kind));

/** Metrics that are added up. */
interface Total {
  /** By the names that expressions know them by. */
  readonly metrics: Readonly<Record<string, Metric>>;
  /** Their sum, as a part of an expression. */
  readonly sum: string;
}

/**
 * Adds metrics up, one a function.
 *
 * @param name - of the first of them in expressions; the others have a number behind it. One metric alone is its own sum: what
 * CloudWatch learnt of an expression is lost when that changes.
 */
export const totalOf = (name: string, metrics: readonly Metric[]): Total => {
  const named = metrics.map((metric, at) => [at === 0 ? name : `${name}${at + 1}`, metric] as const);
  const sum = named.map(([one]) => `FILL(${one}, 0)`).join(' + ');
  return { metrics: Object.fromEntries(named), sum: named.length === 1 ? name : `(${sum})` };
};

/** A total as one line of a graph. */
export const lineOf = ({ metrics, sum }: Total, label: string): IMetric => {
  const [only, ...others] = Object.values(metrics);
  return only !== undefined && others.length === 0
    ? only.with({ label })
    : new MathExpression({ expression: sum, usingMetrics: { ...metrics }, period: Duration.hours(1), label });
};
