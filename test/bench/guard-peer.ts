import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { RateLimiterDynamo, RateLimiterRes } from 'rate-limiter-flexible';
import { startDynamoDb } from '../../local/dynamodb.ts';
import { type Bill, metered } from '../support/table-meter.ts';
import { boundaryBurst, startsInWindow } from './guard-cost.ts';

// CONTRACT: the limits of a start, as the default policy has them.
const limits = [
  { keyPrefix: 'to-10m', points: 3, duration: 600 },
  { keyPrefix: 'to-24h', points: 10, duration: 86_400 },
  { keyPrefix: 'ip', points: 5, duration: 600 },
  { keyPrefix: 'id', points: 5, duration: 600 },
] as const;

type Limits = (typeof limits)[number];

const newLimiter = (storeClient: DynamoDB, limit: Limits): Promise<RateLimiterDynamo> =>
  new Promise((resolve, reject) => {
    const limiter = new RateLimiterDynamo(
      { ...limit, storeClient, tableName: 'peer', ttlSet: true },
      (error) => (error ? reject(error) : resolve(limiter)),
    );
  });

/** @throws whatever is no refusal. */
const admitted = async (limiter: RateLimiterDynamo, key: string): Promise<boolean> => {
  try {
    await limiter.consume(key);
    return true;
  } catch (thrown) {
    if (thrown instanceof RateLimiterRes) return false;
    throw thrown;
  }
};

/** What `rate-limiter-flexible` costs and lets through under the limits of a start. */
export interface PeerCost {
  /** A start by and for somebody new, and the next ones: a limiter that counts already needs two writes, one failing. */
  readonly starts: readonly Bill[];
  readonly burst: number;
}

/**
 * Measures `rate-limiter-flexible`'s DynamoDB store on an embedded table, a limiter a limit, all asked at once.
 *
 * @param at - moves the clock to so many seconds after its start.
 * @throws Error where one of the first starts is refused.
 */
export const peerCost = async (at: (seconds: number) => void): Promise<PeerCost> => {
  const server = await startDynamoDb({ tableName: 'unused' });
  const client = new DynamoDB({
    endpoint: server.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  try {
    const limiters: RateLimiterDynamo[] = [];
    for (const limit of limits) limiters.push(await newLimiter(client, limit));
    const meter = metered(client);
    const start = async (): Promise<Bill> => {
      const all = await Promise.all(limiters.map((limiter) => admitted(limiter, 'somebody')));
      if (all.includes(false)) throw new Error('The peer refused one of the first starts');
      return meter.read();
    };
    const starts: Bill[] = [];
    while (starts.length < startsInWindow) starts.push(await start());
    let burst = 0;
    for (const seconds of boundaryBurst) {
      at(seconds);
      const passed = await Promise.all(limiters.slice(0, 2).map((limiter) => admitted(limiter, 'burst')));
      if (!passed.includes(false) && seconds > 0) burst += 1;
    }
    return { starts, burst };
  } finally {
    client.destroy();
    await server.close();
  }
};
