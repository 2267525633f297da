import { Aws, type RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Grant, type IGrantable, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

/** A service through which a function uses the key. */
type KeyUser = 'dynamodb' | 'secretsmanager' | 'sns' | 'sqs';

/**
 * The one key that the stack's data is encrypted with: table, secrets, log groups, failure queue and alarm topic. AWS
 * renews it every year. Beside whom the account's own policies name, two services may use it, each for this stack only.
 */
export class StackKey extends Construct {
  readonly key: Key;

  constructor(scope: Construct, id: string, removalPolicy: RemovalPolicy) {
    super(scope, id);
    const { stackName } = Stack.of(this);
    this.key = new Key(this, 'Key', {
      alias: stackName,
      description: `Encrypts the data of ${stackName}`,
      enableKeyRotation: true,
      removalPolicy,
    });
    // CloudFormation names log groups after the stack; those named by us have the stack's name in theirs.
    this.admit(
      `logs.${Aws.REGION}.amazonaws.com`,
      ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
      { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': arnOf('logs', `log-group:*${stackName}*`) } },
    );
    // Alarms publish to an encrypted topic.
    this.admit('cloudwatch.amazonaws.com', ['kms:Decrypt', 'kms:GenerateDataKey*'], {
      ArnLike: { 'aws:SourceArn': arnOf('cloudwatch', 'alarm:*') },
    });
  }

  /** Lets a function use the key through one service, and in no other way. */
  grant(grantee: IGrantable, through: KeyUser, ...actions: readonly `kms:${string}`[]): void {
    Grant.addToPrincipal({
      grantee,
      actions: [...actions],
      resourceArns: [this.key.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': `${through}.${Aws.REGION}.amazonaws.com` } },
    });
  }

  private admit(service: string, actions: string[], conditions: Readonly<Record<string, object>>): void {
    this.key.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal(service)],
        actions,
        // In the policy of a key, that key.
        resources: ['*'],
        conditions,
      }),
    );
  }
}

const arnOf = (service: string, resource: string): string =>
  `arn:${Aws.PARTITION}:${service}:${Aws.REGION}:${Aws.ACCOUNT_ID}:${resource}`;
