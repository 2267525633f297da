import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../runtime/clock.ts';

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

/** A provider, each of whose calls is timed, with the repetitions that are its own business. */
export const timedCalls = <P extends object>(provider: P, clock: Clock, took: Took): P =>
  // Each call keeps its own name and type.
  Object.fromEntries(Object.entries(provider).map(([name, call]) => [name, timed(call, clock, took)])) as P;

/** Times each request of a client, with the SDK's repetitions. */
export const timeRequests = (client: DynamoDBClient, clock: Clock, took: Took): DynamoDBClient => {
  client.middlewareStack.add((next) => timed(next, clock, took), { step: 'initialize' });
  return client;
};
