import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoDbStore } from '../../functions/adapters/dynamodb-store.ts';
import { pumpingPolicy } from '../../functions/guard/policy/spend-policy.ts';
import { PumpingBreaker, type PumpingFacts } from '../../functions/guard/spend/pumping.ts';
import { createKeyedHash } from '../../functions/privacy/keyed-hash.ts';
import { startDynamoDb } from '../../local/dynamodb.ts';

const tableName = 'pumping';
const midnight = Date.UTC(2026, 10, 21);
const hash = createKeyedHash('a key of more than sixteen characters');
let database: Awaited<ReturnType<typeof startDynamoDb>>;
let client: DynamoDBClient;
let store: DynamoDbStore;

beforeAll(async () => {
  database = await startDynamoDb({ tableName });
  client = new DynamoDBClient({
    endpoint: database.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  store = new DynamoDbStore(client, tableName);
});

afterAll(async () => {
  client.destroy();
  await database.close();
});

const container = () =>
  new PumpingBreaker({
    store,
    policy: v.parse(pumpingPolicy, { mode: 'deny' }),
    random: Math.random,
    onFailure: (doing) => {
      throw new Error(doing);
    },
  });

const factsOf = (country: string, block: number): PumpingFacts => ({
  country,
  prefixes: [hash('prefix', `${country} ${block}`), hash('prefix', country)],
});

describe('the pumping counts on the table', () => {
  it('of fifty containers that write at once are all there, none over another', async () => {
    const facts = factsOf('GB', 1);
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const one = container();
        for (let at = 0; at < 4; at += 1) one.sent(facts, midnight);
        one.approved(facts, midnight);
        await one.flush(midnight);
        await one.flush(midnight + 2_000);
      }),
    );
    const verdict = await container().trip(facts, midnight);
    expect(verdict).toEqual({ budget: 'prefix_day', unapproved: 150, allowed: 75 });
    const other = await container().trip(factsOf('GB', 2), midnight);
    expect(other).toEqual({ budget: 'wide_prefix_hour', unapproved: 150, allowed: 75 });
    const elsewhere = { country: 'GB', prefixes: [] };
    const country = await container().trip(elsewhere, midnight);
    expect(country).toEqual({ budget: 'country_hour', unapproved: 150, allowed: 75 });
  });

  it('of a country are spread over several items', async () => {
    const facts: PumpingFacts = { country: 'FR', prefixes: [] };
    await Promise.all(
      Array.from({ length: 60 }, async () => {
        const one = container();
        one.sent(facts, midnight);
        await one.flush(midnight + 2_000);
      }),
    );
    const today = midnight / 86_400_000;
    const held = await store.counters([0, 1].map((shard) => `pump#FR#${today}#${shard}`));
    expect(held.reduce((sum, { s0 = 0 }) => sum + s0, 0)).toBe(60);
    expect(held.every(({ s0 = 0 }) => s0 > 10)).toBe(true);
  });

  it('of a country and a range that were never counted before are read as nothing', async () => {
    expect(await container().trip(factsOf('DE', 1), midnight)).toBeUndefined();
  });
});

describe('counters on the table', () => {
  it('take away, add several at once, and hold each to its own limit or none at all', async () => {
    const later = midnight + 1_000;
    expect(await store.add('c', { one: 2, two: 3 }, { one: 2 }, later)).toEqual({ one: 2, two: 3 });
    expect(await store.add('c', { one: 1, two: 1 }, { one: 2, two: 9 }, later)).toBeNull();
    expect(await store.add('c', { one: -1 }, {}, later)).toEqual({ one: 1, two: 3 });
    expect(await store.add('c', { one: 1, two: 1 }, { one: 2, two: 4 }, later)).toEqual({ one: 2, two: 4 });
    expect(await store.add('d', { one: 5 }, { one: 4 }, later)).toBeNull();
    expect(await store.counters(['c', 'nobody', 'd'])).toEqual([{ one: 2, two: 4 }, {}, {}]);
    expect(await store.counters([])).toEqual([]);
  });

  it('say that the table is out of reach, and nothing else', async () => {
    const nowhere = new DynamoDbStore(client, 'no-such-table');
    await expect(nowhere.counters(['c'])).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(nowhere.add('c', { one: 1 }, {}, midnight)).rejects.toMatchObject({
      code: 'store_unavailable',
    });
  });
});
