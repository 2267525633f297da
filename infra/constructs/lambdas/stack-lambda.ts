import { type Duration, type RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  type Alias,
  Architecture,
  Code,
  type IFunction,
  Function as LambdaFunction,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/** What a Lambda of the stack needs. */
export interface StackLambdaProps {
  readonly functionName: string;
  readonly description: string;
  /** The folder that holds its `index.mjs`. */
  readonly bundle: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Megabytes, 512 unless said; docs/memory.md holds what was measured. */
  readonly memorySize?: number;
  /** At most 15 minutes; behind the gateway, less than its 29 seconds. */
  readonly timeout: Duration;
  /** Executions at once, kept for this function and its most; absent, it shares the account's. */
  readonly reservedConcurrency?: number | undefined;
  /** The stack's key, whose policy admits CloudWatch Logs. */
  readonly key: IKey;
  /** Days for which the log group keeps its lines. */
  readonly logRetention: RetentionDays;
  /** Of the log group and of versions that a newer one replaces. */
  readonly removalPolicy: RemovalPolicy;
}

/** A Lambda with its own role, which starts with no rights, its own encrypted log group, a version and the alias `live`. */
export class StackLambda extends Construct {
  /** For grants and metrics; callers are given {@link alias}. */
  readonly lambda: LambdaFunction;
  readonly alias: Alias & IFunction;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: StackLambdaProps) {
    super(scope, id);
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.logGroup = new LogGroup(this, 'Logs', {
      retention: props.logRetention,
      encryptionKey: props.key,
      removalPolicy: props.removalPolicy,
    });
    this.logGroup.grantWrite(role);
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'X-Ray takes no resources: xray:PutTraceSegments and xray:PutTelemetryRecords only write.',
    });
    this.lambda = new LambdaFunction(this, 'Function', {
      functionName: props.functionName,
      description: props.description,
      code: Code.fromAsset(props.bundle),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memorySize ?? 512,
      timeout: props.timeout,
      ...(props.environment && { environment: { ...props.environment } }),
      ...(props.reservedConcurrency && { reservedConcurrentExecutions: props.reservedConcurrency }),
      role,
      logGroup: this.logGroup,
      tracing: Tracing.ACTIVE,
      // What the alias leaves stays: to go back is to point the alias there.
      currentVersionOptions: { removalPolicy: props.removalPolicy },
    });
    // The one alias of every function: callers call it, and a deployment moves it to the version that any change of the
    // code or the environment makes. CDK's declarations contradict each other on one optional property: an alias is a function to be called.
    this.alias = this.lambda.addAlias('live') as Alias & IFunction;
  }
}
