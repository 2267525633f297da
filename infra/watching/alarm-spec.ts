import type { ComparisonOperator, IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';

/** An alarm before it is one. */
export interface AlarmSpec {
  /** Its name, once a stack. */
  readonly id: string;
  /** The anchor of its heading in docs/runbook.md. */
  readonly heading: string;
  /** What it says, for whoever is told of it. */
  readonly says: string;
  readonly metric: IMetric;
  /** `at least` unless said otherwise. */
  readonly comparison?: ComparisonOperator;
  readonly threshold: number;
  /** So many of the last periods must be over it, 1 of 1 unless said. */
  readonly periods?: { readonly over: number; readonly of: number };
  /** No value is no problem unless said. */
  readonly missing?: TreatMissingData;
  /** Whether it means that users are turned away: then it wakes somebody, as a part of the one alarm that does. */
  readonly pages?: boolean;
  /** Whether a deployment that is under way goes back. */
  readonly rollsBack?: boolean;
}
