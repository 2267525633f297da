import type { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';

/** What functions/adapters call; a test holds the two together. */
const actions = ['dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'];

/**
 * The guard's counters. No point-in-time recovery: they count what happened, and counters restored from an hour ago would refuse or
 * admit the wrong people.
 */
export class GuardTable extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string, removalPolicy: RemovalPolicy) {
    super(scope, id);
    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'expires_at',
      removalPolicy,
    });
  }

  /** Lets a function do what the store does, on this table only. */
  grantStore(grantee: IGrantable): void {
    this.table.grant(grantee, ...actions);
  }
}
