import { Aws, Validations } from 'aws-cdk-lib';
import { Grant, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnRotationSchedule } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { GuardedSecret } from '../data/guarded-secret.ts';
import type { StackKey } from '../data/stack-key.ts';
import { StackLambda, type StackLambdaProps } from './stack-lambda.ts';

/** What a rotation needs. */
export interface ScheduledRotationProps extends Omit<StackLambdaProps, 'key'> {
  readonly key: StackKey;
  readonly secret: GuardedSecret;
  /** Days from one rotation to the next. */
  readonly days: number;
}

/** What functions/adapters/secret-versions.ts calls; a test holds the two together. */
const actions = [
  'secretsmanager:DescribeSecret',
  'secretsmanager:GetSecretValue',
  'secretsmanager:PutSecretValue',
  'secretsmanager:UpdateSecretVersionStage',
];

/** A Lambda that rotates one secret, and the schedule by which Secrets Manager calls it. */
export class ScheduledRotation extends StackLambda {
  constructor(scope: Construct, id: string, { key, secret, days, ...props }: ScheduledRotationProps) {
    // One at a time: of two that minted a key at once, one could take the other's for a leftover.
    super(scope, id, { ...props, key: key.key, reservedConcurrency: 1 });
    const granted = Grant.addToPrincipal({
      grantee: this.lambda,
      actions,
      resourceArns: [secret.secretArn],
    });
    if (this.lambda.role) secret.admit(this.lambda.role);
    key.grant(this.lambda, 'secretsmanager', 'kms:Decrypt', 'kms:GenerateDataKey');
    // Not the CDK's own construct: it would also grant GetRandomPassword on everything. Not the alias: Secrets Manager's documents
    // promise nothing of one.
    const schedule = new CfnRotationSchedule(this, 'Schedule', {
      secretId: secret.secretArn,
      rotationLambdaArn: this.lambda.functionArn,
      rotationRules: { automaticallyAfterDays: days },
      // Else a deployment would rotate, before the operator filled in what that needs.
      rotateImmediatelyOnUpdate: false,
    });
    Validations.of(this.lambda).acknowledge({
      id: 'Annotation::@aws-cdk/aws-lambda:addPermissionsToVersionOrAlias',
      reason: 'Secrets Manager is given the function itself, and calls it without a qualifier.',
    });
    this.lambda.addPermission('Rotate', {
      principal: new ServicePrincipal('secretsmanager.amazonaws.com'),
      sourceAccount: Aws.ACCOUNT_ID,
    });
    const permission = this.lambda.node.tryFindChild('Rotate');
    // Secrets Manager calls the function when it is given the schedule.
    if (permission) schedule.node.addDependency(permission);
    granted.applyBefore(schedule);
  }
}
