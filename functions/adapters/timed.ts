import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { MeasuredPart, PartDurations } from '../observability/part-durations.ts';
import type { Clock } from '../runtime/clock.ts';

/** Where it is written down how long each call took, however it ended. */
interface Timing {
  readonly clock: Clock;
  readonly durations: PartDurations;
}

const timed =
  <A extends unknown[], R>(
    call: (...args: A) => Promise<R>,
    part: MeasuredPart,
    { clock, durations }: Timing,
  ) =>
  async (...args: A): Promise<R> => {
    const from = clock();
    try {
      return await call(...args);
    } finally {
      durations.took(part, clock() - from);
    }
  };

/** A provider, each of whose calls is timed, with the repetitions that are its own business. */
export const timedCalls = <P extends object>(provider: P, timing: Timing): P =>
  // Each call keeps its own name and type.
  Object.fromEntries(
    Object.entries(provider).map(([name, call]) => [name, timed(call, 'TwilioDuration', timing)]),
  ) as P;

/** Times each request of a client, with the SDK's repetitions. */
export const timeRequests = (client: DynamoDBClient, timing: Timing): DynamoDBClient => {
  client.middlewareStack.add((next) => timed(next, 'StoreDuration', timing), { step: 'initialize' });
  return client;
};
