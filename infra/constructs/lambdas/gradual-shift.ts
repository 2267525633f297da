import { Validations } from 'aws-cdk-lib';
import type { IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaApplication, LambdaDeploymentConfig, LambdaDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { RollbackAlarm } from '../watching/alarms.ts';
import type { StackLambda } from './stack-lambda.ts';

/** How callers move from one version of the functions to the next. */
export interface GradualShiftProps {
  /** By a name that stays: it becomes part of the logical ID. */
  readonly functions: Readonly<Record<string, StackLambda>>;
  /** CodeDeploy's name of how the alias moves. */
  readonly deploymentConfig: string;
  /** Any of them going off while an alias moves takes it back, and the whole deployment with it. */
  readonly alarms: readonly RollbackAlarm[];
}

/** What CodeDeploy takes for one group. */
const maxAlarms = 10;

/** The alarms that a function's move heeds: its own, and of the others' as many as there is room for. */
const heeded = (name: string, alarms: readonly RollbackAlarm[]): readonly IAlarm[] => {
  const own = alarms.filter(({ of }) => of === name);
  const others = alarms.filter(({ of }) => of !== name);
  const taken = [...own, ...others].slice(0, maxAlarms);
  return alarms.filter((one) => taken.includes(one)).map(({ alarm }) => alarm);
};

/** Moves each function's alias to a new version bit by bit, and back when an alarm goes off. The first deployment moves nothing. */
export class GradualShift extends Construct {
  constructor(scope: Construct, id: string, { functions, deploymentConfig, alarms }: GradualShiftProps) {
    super(scope, id);
    const application = new LambdaApplication(this, 'Application');
    const config = LambdaDeploymentConfig.fromLambdaDeploymentConfigName(this, 'Config', deploymentConfig);
    const role = this.role(Object.values(functions));
    for (const [name, { alias }] of Object.entries(functions))
      new LambdaDeploymentGroup(this, name, {
        application,
        alias,
        // Without what CDK would add to it: a managed policy over every function of the account.
        role: role.withoutPolicyUpdates(),
        deploymentConfig: config,
        alarms: [...heeded(name, alarms)],
        autoRollback: {
          failedDeployment: true,
          stoppedDeployment: true,
          deploymentInAlarm: alarms.length > 0,
        },
      });
  }

  private role(functions: readonly StackLambda[]): Role {
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('codedeploy.amazonaws.com'),
      inlinePolicies: {
        shift: new PolicyDocument({
          statements: [
            new PolicyStatement({
              actions: ['lambda:GetAlias', 'lambda:GetProvisionedConcurrencyConfig', 'lambda:UpdateAlias'],
              resources: functions.flatMap(({ lambda, alias }) => [
                lambda.functionArn,
                `${lambda.functionArn}:${alias.aliasName}`,
              ]),
            }),
            new PolicyStatement({ actions: ['cloudwatch:DescribeAlarms'], resources: ['*'] }),
          ],
        }),
      },
    });
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason:
        'cloudwatch:DescribeAlarms, which only reads, must be allowed on all alarms for the composite ones among them to be seen.',
    });
    return role;
  }
}
