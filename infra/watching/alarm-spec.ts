import type { ComparisonOperator, IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';

/** An alarm before it is one. */
export interface AlarmSpec {
  /** Its name, once a stack. */
  readonly id: string;
  /** The anchor of its heading in docs/runbook.md. */
  readonly heading: string;
  /** What the notice of it says. */
  readonly says: string;
  readonly metric: IMetric;
  /** `at least` unless said otherwise. */
  readonly comparison?: ComparisonOperator;
  readonly threshold: number;
  /** So many of the last periods must be over it, 1 of 1 unless said. */
  readonly periods?: { readonly over: number; readonly of: number };
  /** No value is no problem unless said. */
  readonly missing?: TreatMissingData;
  /** Whether it means that users are turned away: then it is a part of the one alarm that wakes an operator. */
  readonly pages?: boolean;
  /** The id of the function that goes back to the version before, where it is being moved to another. */
  readonly rollsBack?: string;
}
