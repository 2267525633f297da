import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Needs } from '../../../functions/service/ports.ts';
import type { FailureQueue } from '../data/failure-queue.ts';
import type { GuardTable } from '../data/guard-table.ts';
import type { VerifySecrets } from '../data/verify-secrets.ts';
import { StackLambda, type StackLambdaProps } from './stack-lambda.ts';

/** What a run function's Lambda needs. */
export interface RunLambdaProps extends Omit<StackLambdaProps, 'memorySize' | 'timeout'> {
  /** What the function's ports need of the stack: it is granted that, and no more. */
  readonly needs: Needs;
  readonly secrets: VerifySecrets;
  readonly guard: GuardTable;
  readonly failures: FailureQueue;
}

/** A run function's Lambda, which may do what the ports need that its declaration names. */
export class RunLambda extends StackLambda {
  constructor(scope: Construct, id: string, { needs, secrets, guard, failures, ...props }: RunLambdaProps) {
    // A secret and the table (2 s a try), then Twilio (5 s in all), with room for one renewed credential.
    super(scope, id, { ...props, timeout: Duration.seconds(15) });
    secrets.grantRead(this.lambda, needs.secrets);
    if (needs.table) guard.grantStore(this.lambda);
    failures.catchFrom(this);
  }
}
