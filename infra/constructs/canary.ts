import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

/** Tries a function every five minutes; the function reports `CanarySuccess` and sends nothing. */
export class Canary extends Construct {
  constructor(scope: Construct, id: string, lambda: IFunction) {
    super(scope, id);
    new Rule(this, 'Rule', {
      schedule: Schedule.rate(Duration.minutes(5)),
      targets: [
        new LambdaTarget(lambda, {
          event: RuleTargetInput.fromObject({ canary: true }),
          // A late try says nothing: the next one comes soon.
          retryAttempts: 0,
          maxEventAge: Duration.minutes(1),
        }),
      ],
    });
  }
}
