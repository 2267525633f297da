import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoDbStore } from '../../functions/adapters/dynamodb-store.ts';
import { dailyBudgetPolicy } from '../../functions/guard/policy/spend-policy.ts';
import { DailyBudget } from '../../functions/guard/spend/daily-budget.ts';
import type { GuardStore } from '../../functions/guard/store/store.ts';
import { RunError } from '../../functions/runtime/errors.ts';
import { startDynamoDb } from '../../local/dynamodb.ts';

const tableName = 'budgets';
const midnight = Date.UTC(2026, 10, 21);
let database: Awaited<ReturnType<typeof startDynamoDb>>;
let clients: DynamoDBClient[];

beforeAll(async () => {
  database = await startDynamoDb({ tableName });
  // As many containers, each with connections of its own.
  clients = Array.from(
    { length: 4 },
    () =>
      new DynamoDBClient({
        endpoint: database.url,
        region: 'us-east-1',
        credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      }),
  );
});

afterAll(async () => {
  for (const client of clients) client.destroy();
  await database.close();
});

type Store = Pick<GuardStore, 'add'>;

/** 500 starts at once from four containers; how many were let through, and what was told. */
const race = async (total: number, today: number, broken = (store: Store): Store => store) => {
  const marks: number[] = [];
  const budgets = clients.map(
    (client) =>
      new DailyBudget({
        store: broken(new DynamoDbStore(client, tableName)),
        policy: v.parse(dailyBudgetPolicy, { messages: { total } }),
        random: Math.random,
        onMark: (_scope, _name, percent) => marks.push(percent),
      }),
  );
  const starts = Array.from({ length: 500 }, (_, at) =>
    budgets[at % budgets.length]?.spend({ country: 'GB', isEmail: false }, today),
  );
  const ended = await Promise.all(starts);
  const refusals = ended.flatMap((one) => (one?.kind === 'refused' ? [one.error] : []));
  expect(
    refusals.every((why) => why instanceof RunError && why.details.reason === 'daily_budget_total'),
  ).toBe(true);
  return { passed: ended.length - refusals.length, marks: marks.sort((one, other) => one - other) };
};

describe('a daily budget on the table', () => {
  it.each([100, 7, 16, 101])('of %i lets exactly so many of 500 at once through', async (total) => {
    const today = midnight + total * 86_400_000;
    expect(await race(total, today)).toEqual({ passed: total, marks: [50, 80, 100] });
    // Nobody else gets in, and the next day is full.
    expect((await race(total, today)).passed).toBe(0);
    expect((await race(total, today + 1_000 * 86_400_000)).passed).toBe(total);
  });

  it('is overspent where the condition is left out: the race can tell', async () => {
    const unconditional = (store: Store): Store => ({
      add: (key, amounts, _most, expiresAt) => store.add(key, amounts, {}, expiresAt),
    });
    expect((await race(100, midnight - 86_400_000, unconditional)).passed).toBe(500);
  });

  it('is overspent where the count is read first and written after: the race can tell', async () => {
    const checkThenAct = (store: Store): Store => {
      const whole = store as DynamoDbStore;
      return {
        add: async (key, amounts, most, expiresAt) => {
          const [held = {}] = await whole.counters([key]);
          const fits = Object.entries(most).every(
            ([name, limit]) => (held[name] ?? 0) + (amounts[name] ?? 0) <= limit,
          );
          return fits ? await store.add(key, amounts, {}, expiresAt) : null;
        },
      };
    };
    expect((await race(100, midnight - 2 * 86_400_000, checkThenAct)).passed).toBeGreaterThan(100);
  });

  it('gives back under a race: what is taken and given back is there to the last message', async () => {
    const today = midnight - 3 * 86_400_000;
    const [client] = clients;
    if (client === undefined) throw new Error('no client');
    const budget = new DailyBudget({
      store: new DynamoDbStore(client, tableName),
      policy: v.parse(dailyBudgetPolicy, { messages: { total: 100 } }),
      random: Math.random,
      onMark: () => undefined,
    });
    const unsent = Array.from({ length: 100 }, async () => {
      const paid = await budget.spend({ country: 'GB', isEmail: false }, today);
      if (paid.kind === 'spent') await budget.giveBack(paid.spent);
    });
    await Promise.all(unsent);
    expect((await race(100, today)).passed).toBe(100);
  });
});
