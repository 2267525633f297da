import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../runtime/clock.ts';
import type { VerifyProvider } from '../verify/provider.ts';

/** Told how many milliseconds a call took, however it ended. */
type Took = (millis: number) => void;

const timed =
  <A extends unknown[], R>(call: (...args: A) => Promise<R>, clock: Clock, took: Took) =>
  async (...args: A): Promise<R> => {
    const from = clock();
    try {
      return await call(...args);
    } finally {
      took(clock() - from);
    }
  };

/** A provider whose messages and guesses are timed, with the repetitions that are its own business. */
export const timedVerify = (verify: VerifyProvider, clock: Clock, took: Took): VerifyProvider => ({
  ...verify,
  start: timed(verify.start, clock, took),
  check: timed(verify.check, clock, took),
});

/** Times each request of a client, with the SDK's repetitions. */
export const timeRequests = (client: DynamoDBClient, clock: Clock, took: Took): DynamoDBClient => {
  client.middlewareStack.add((next) => timed(next, clock, took), { step: 'initialize' });
  return client;
};
