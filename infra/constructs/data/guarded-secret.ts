import { Aws, DefaultStackSynthesizer, Fn, Lazy, Stack } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Secret, type SecretProps } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';

/** A secret that denies its value to all but its readers, whatever else a policy of theirs says. */
export class GuardedSecret extends Secret {
  private readonly readers: string[];

  /** @param readers - ARNs of roles and users, beside the account's root and the role that deploys. */
  constructor(scope: Construct, id: string, readers: readonly string[], props: SecretProps) {
    super(scope, id, props);
    this.readers = [`arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:root`, ...this.deployer(), ...readers];
    this.addToResourcePolicy(
      new PolicyStatement({
        sid: 'ReadByNobodyElse',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        // Only reading: administrators of the account can still write the value and change this policy, so that
        // the account is never locked out for good.
        actions: ['secretsmanager:GetSecretValue'],
        resources: ['*'],
        conditions: {
          ArnNotEquals: { 'aws:PrincipalArn': Lazy.list({ produce: () => this.readers }) },
        },
      }),
    );
  }

  /** Takes a role out of the denial; what it may do is for its own policy to say. */
  admit(role: IRole): void {
    this.readers.push(role.roleArn);
  }

  /** The role with which CloudFormation reads a secret back when it looks for drift. */
  private deployer(): readonly string[] {
    const { synthesizer } = Stack.of(this);
    return synthesizer instanceof DefaultStackSynthesizer
      ? [Fn.sub(synthesizer.cloudFormationExecutionRoleArn)]
      : [];
  }
}
