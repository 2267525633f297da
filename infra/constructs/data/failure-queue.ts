import { Duration, Validations } from 'aws-cdk-lib';
import { Grant } from 'aws-cdk-lib/aws-iam';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { StackLambda } from '../lambdas/stack-lambda.ts';
import type { StackKey } from './stack-key.ts';

/**
 * Where events end that were given to a function without waiting for its answer, and that it did not live to answer: it ran out of
 * time or memory, or was throttled for a minute. Nothing reads the queue. An event names its destination in clear, so it is encrypted
 * and gone after a day; an alarm on the queue's length says that there is something to look at.
 */
export class FailureQueue extends Construct {
  readonly queue: Queue;
  private readonly key: StackKey;

  constructor(scope: Construct, id: string, key: StackKey) {
    super(scope, id);
    this.key = key;
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: key.key,
      enforceSSL: true,
      retentionPeriod: Duration.days(1),
    });
    Validations.of(this.queue).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'This queue is itself the dead-letter queue, of the functions; nothing receives from it.',
    });
  }

  /**
   * Sends here what a function fails to answer, after one try. No second one: Lambda would make it a minute later, after the cooldown
   * that makes a repeated start a replay, and send a second message. An event older than a minute is not begun: no user waits
   * for its code any more.
   */
  catchFrom({ alias, lambda }: StackLambda): void {
    alias.configureAsyncInvoke({
      retryAttempts: 0,
      maxEventAge: Duration.minutes(1),
      onFailure: { bind: () => ({ destination: this.queue.queueArn }) },
    });
    Grant.addToPrincipal({
      grantee: lambda,
      actions: ['sqs:SendMessage'],
      resourceArns: [this.queue.queueArn],
    });
    this.key.grant(lambda, 'sqs', 'kms:Decrypt', 'kms:GenerateDataKey');
  }
}
