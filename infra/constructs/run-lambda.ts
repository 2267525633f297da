import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/** What a run function's Lambda is made of. */
export interface RunLambdaProps {
  readonly functionName: string;
  readonly description: string;
  /** The folder that holds its `index.mjs`. */
  readonly bundle: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly removalPolicy: RemovalPolicy;
}

/** A run function's Lambda with its own role, which starts with no rights, and its own log group. */
export class RunLambda extends Construct {
  readonly lambda: LambdaFunction;

  constructor(scope: Construct, id: string, props: RunLambdaProps) {
    super(scope, id);
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    const logGroup = new LogGroup(this, 'Logs', {
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: props.removalPolicy,
    });
    logGroup.grantWrite(role);
    this.lambda = new LambdaFunction(this, 'Function', {
      functionName: props.functionName,
      description: props.description,
      code: Code.fromAsset(props.bundle),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      // docs/decisions/0001: the start runs on a full processor whatever this says, a warm request mostly waits.
      memorySize: 512,
      // A secret and the table (2 s a try), then Twilio (5 s in all), with room for one renewed credential.
      timeout: Duration.seconds(15),
      environment: { ...props.environment },
      role,
      logGroup,
      tracing: Tracing.ACTIVE,
    });
  }
}
