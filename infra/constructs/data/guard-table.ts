import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { StackKey } from './stack-key.ts';

/** What functions/adapters call; a test holds the two together. */
const actions = ['dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'];

/**
 * What DynamoDB does with the table's key in the name of who reads or writes. AWS names these as the least, with
 * CreateGrant for who makes the table (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html).
 */
export const tableKeyActions = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
] as const;

/** What the guard's table needs. */
export interface GuardTableProps {
  readonly key: StackKey;
  readonly removalPolicy: RemovalPolicy;
  readonly contributorInsights: boolean;
}

/**
 * The guard's counters. Paid by request and without a ceiling of its own: what the gateway lets through is the ceiling, and a table
 * that throttles makes the guard refuse everybody.
 */
export class GuardTable extends Construct {
  readonly table: Table;
  private readonly key: StackKey;

  constructor(scope: Construct, id: string, { key, removalPolicy, contributorInsights }: GuardTableProps) {
    super(scope, id);
    this.key = key;
    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'expires_at',
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: key.key,
      deletionProtection: removalPolicy === RemovalPolicy.RETAIN,
      ...(contributorInsights && { contributorInsightsSpecification: { enabled: true } }),
      removalPolicy,
    });
    Validations.of(this.table).acknowledge({
      id: 'AwsSolutions-DDB3',
      reason:
        'No point-in-time recovery: the table counts what happened, and counters restored from an hour ago would refuse or admit the wrong people. Lost, it fills itself again within a day.',
    });
  }

  /** Lets a function do what the store does, on this table only. */
  grantStore(grantee: IGrantable): void {
    this.table.grant(grantee, ...actions);
    this.key.grant(grantee, 'dynamodb', ...tableKeyActions);
  }
}
