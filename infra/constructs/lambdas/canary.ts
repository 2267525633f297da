import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

/** The minute of every so many, at which canaries run: away from the ends of the periods that alarms count in. */
const schedule = (minutes: number): Schedule =>
  Schedule.cron({ minute: minutes === 60 ? '2' : `2/${minutes}` });

/** Tries a function again and again; the function reports `CanarySuccess` and sends nothing. */
export class Canary extends Construct {
  /** @param minutes - how many lie between two runs: a divisor of 60. */
  constructor(scope: Construct, id: string, lambda: IFunction, minutes: number) {
    super(scope, id);
    new Rule(this, 'Rule', {
      schedule: schedule(minutes),
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
