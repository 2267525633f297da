import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { dailyBudgetPolicy } from '../../../functions/guard/policy/spend-policy.ts';
import { DailyBudget } from '../../../functions/guard/spend/daily-budget.ts';
import { limitsOn, shareOf } from '../../../functions/guard/spend/daily-budget-shares.ts';
import type { GuardStore } from '../../../functions/guard/store/store.ts';
import { RunError } from '../../../functions/runtime/errors.ts';
import { createMemoryCounters } from '../../../local/policy/memory-counters.ts';
import { seeded } from '../../support/seeded.ts';

const hour = 3_600_000;
const day = 24 * hour;
const midnight = Date.UTC(2026, 10, 21);
const parse = (policy: unknown) => v.parse(dailyBudgetPolicy, policy);

type Store = Pick<GuardStore, 'add' | 'counters'>;

/** Budgets over a store in memory, with what was told of them. */
const budgetOf = (
  policy: unknown,
  store: Store = createMemoryCounters(),
  random: () => number = Math.random,
) => {
  const marks: string[] = [];
  const budget = new DailyBudget({
    store,
    policy: parse(policy),
    random,
    onMark: (scope, name, percent) => marks.push(`${scope} ${name} ${percent}`),
  });
  const spend = async (country: string | null = 'GB', now = midnight, isEmail = false) => {
    const paid = await budget.spend({ country, isEmail }, now);
    return paid.kind === 'refused' ? paid.error : paid.spent;
  };
  /** How many of so many tries are let through. */
  const passed = async (tries: number, country: string | null = 'GB', now = midnight) => {
    const all = await Promise.all(Array.from({ length: tries }, () => spend(country, now)));
    return all.filter((one) => !(one instanceof RunError)).length;
  };
  return { budget, marks, passed, spend };
};

describe('a budget of messages', () => {
  it('is off until it is set, and asks nobody then', async () => {
    const add = async () => {
      throw new Error('asked');
    };
    const store = { ...createMemoryCounters(), add };
    expect(await budgetOf({}, store).passed(1_000)).toBe(1_000);
    const off = { messages: { total: 0, each_country: 0, per_country: { GB: null } }, cost: { total: 0 } };
    expect(await budgetOf(off, store).passed(1_000)).toBe(1_000);
  });

  it('lets exactly so many through, however small or large', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), async (total) => {
        expect(await budgetOf({ messages: { total } }).passed(total + 50)).toBe(total);
      }),
      { numRuns: 40 },
    );
  });

  it('refuses as blocked, with the scope in the reason and the seconds to midnight UTC', async () => {
    const { spend } = budgetOf({ messages: { total: 1 } });
    await spend();
    const refusal = await spend('GB', midnight + 23 * hour + 1);
    expect(refusal).toMatchObject({
      code: 'blocked',
      details: { reason: 'daily_budget_total', retryAfter: 3_600 },
    });
  });

  it('is full again at midnight UTC', async () => {
    const { passed } = budgetOf({ messages: { total: 3 } });
    expect(await passed(9, 'GB', midnight + day - 1)).toBe(3);
    expect(await passed(9, 'GB', midnight + day)).toBe(3);
  });

  it('holds for a country of its own, for each other one, and for none where that is off', async () => {
    const { passed, spend } = budgetOf({ messages: { per_country: { GB: 5, US: null }, each_country: 2 } });
    expect(await passed(20, 'GB')).toBe(5);
    expect(await passed(20, 'FR')).toBe(2);
    expect(await passed(20, 'DE')).toBe(2);
    expect(await passed(20, 'US')).toBe(20);
    expect(await passed(20, null)).toBe(20);
    expect(await spend('FR')).toMatchObject({ details: { reason: 'daily_budget_country' } });
  });

  it('of one country, when spent, takes nothing of the total; the total, when spent, nothing of a country', async () => {
    const store = createMemoryCounters();
    const { passed } = budgetOf({ messages: { per_country: { GB: 5, FR: 8 }, total: 10 } }, store);
    expect(await passed(50, 'GB')).toBe(5);
    expect(await passed(50, 'FR')).toBe(5);
    const shards = Array.from({ length: 8 }, (_, shard) => `day#${midnight / day}#FR#${shard}`);
    const held = (await store.counters(shards)).reduce((sum, { messages = 0 }) => sum + messages, 0);
    expect(held).toBe(5);
  });

  it('gets back what surely did not go out', async () => {
    const { budget, passed } = budgetOf({ messages: { total: 20, per_country: { GB: 20 } } });
    const paid = await budget.spend({ country: 'GB', isEmail: false }, midnight);
    expect(await passed(40)).toBe(19);
    if (paid.kind === 'spent') await budget.giveBack(paid.spent);
    expect(await passed(40)).toBe(1);
  });

  it('does not ask sixteen shards again for each start that comes while it is spent', async () => {
    const memory = createMemoryCounters();
    let writes = 0;
    const store: Store = {
      ...memory,
      add: (...write) => {
        writes += 1;
        return memory.add(...write);
      },
    };
    const { passed, spend } = budgetOf({ messages: { total: 100 } }, store);
    await passed(120);
    writes = 0;
    for (let at = 0; at < 4_000; at += 100) await spend('GB', midnight + at);
    expect(writes).toBe(0);
    await spend('GB', midnight + 5_000);
    expect(writes).toBe(16);
  });

  it('gives back what it took, when the store fails in the middle', async () => {
    const memory = createMemoryCounters();
    const store: Store = {
      ...memory,
      add: (key, ...rest) => {
        if (key.includes('#total#')) throw new RunError('store_unavailable');
        return memory.add(key, ...rest);
      },
    };
    expect(await budgetOf({ messages: { each_country: 1, total: 9 } }, store).spend()).toMatchObject({
      code: 'store_unavailable',
    });
    expect(await budgetOf({ messages: { each_country: 1 } }, memory).passed(5)).toBe(1);
  });
});

describe('a budget of cost', () => {
  const policy = { cost: { total: 100, per_message: { default: 0.2, US: 0.01, GB: 0.05 } } };

  it('is never overspent, and leaves less than one message in each shard', async () => {
    const { passed } = budgetOf(policy);
    const sent = await passed(3_000, 'GB');
    expect(sent).toBeLessThanOrEqual(2_000);
    expect(sent).toBeGreaterThan(2_000 - 16);
  });

  it('that has no room for a dear message still takes a cheap one', async () => {
    const { passed } = budgetOf({ cost: { ...policy.cost, total: 0.25 } });
    expect(await passed(3, 'ZW')).toBe(1);
    expect(await passed(9, 'US')).toBe(5);
  });

  it('counts each country by its own price, e-mail by its own, and the others by the default', () => {
    const price = (country: string | null, isEmail = false) =>
      limitsOn(parse(policy), country, isEmail).map(({ takes }) => takes['cost']);
    expect(price('US')).toEqual([10_000]);
    expect(price('ZW')).toEqual([200_000]);
    expect(price(null)).toEqual([200_000]);
    expect(price(null, true)).toEqual([50_000]);
  });

  it('too small for many shards is kept in fewer, so that little is left over', () => {
    const shards = (total: number) =>
      limitsOn(parse({ cost: { ...policy.cost, total } }), 'GB', false)[0]?.shards;
    expect(shards(100)).toBeGreaterThan(1);
    expect(shards(1)).toBe(1);
  });

  it.each([
    ['a price of nothing', { cost: { per_message: { US: 0 } } }],
    ['a price for what is no country', { cost: { per_message: { sms: 1 } } }],
    ['a currency that is none', { cost: { currency: '$' } }],
    ['a negative budget', { messages: { total: -1 } }],
    ['half a message', { messages: { total: 0.5 } }],
    ['an unknown key', { message: {} }],
  ])('with %s is refused', (_name, wrong) => {
    expect(v.safeParse(dailyBudgetPolicy, wrong).success).toBe(false);
  });
});

describe('the shards', () => {
  it('share the whole to the last message, and each has some', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), (total) => {
        const [limit] = limitsOn(parse({ messages: { total } }), 'GB', false);
        const shares =
          limit === undefined ? [] : Array.from({ length: limit.shards }, (_, at) => shareOf(limit, at));
        expect(shares.reduce((sum, { messages = 0 }) => sum + messages, 0)).toBe(total);
        expect(shares.every(({ messages = 0 }) => messages > 0)).toBe(true);
      }),
    );
  });
});

describe('what is told', () => {
  it('is each mark once, in order, near where it belongs, and the last exactly when nothing is left', async () => {
    const store = createMemoryCounters();
    const { marks, passed, spend } = budgetOf({ messages: { total: 1_600 } }, store, seeded(1));
    const at: Record<string, number> = {};
    for (let sent = 1; sent <= 1_600; sent += 1) {
      await spend();
      for (const mark of marks) at[mark] ??= sent;
    }
    await passed(50);
    expect(marks).toEqual(['total total 50', 'total total 80', 'total total 100']);
    expect(Math.abs((at['total total 50'] ?? 0) - 800)).toBeLessThan(160);
    expect(Math.abs((at['total total 80'] ?? 0) - 1_280)).toBeLessThan(160);
    expect(at['total total 100']).toBe(1_600);
  });

  it('is each mark once, where many come at once', async () => {
    const { marks, passed } = budgetOf({ messages: { each_country: 100 } });
    await passed(500);
    expect(marks.sort()).toEqual(['country GB 100', 'country GB 50', 'country GB 80']);
  });

  it('is no reason to refuse a message, where it cannot be written', async () => {
    const memory = createMemoryCounters();
    const store: Store = {
      ...memory,
      add: async (key, ...rest) => {
        if (key.endsWith('#marks')) throw new RunError('store_unavailable');
        return await memory.add(key, ...rest);
      },
    };
    expect(await budgetOf({ messages: { total: 10 } }, store).passed(20)).toBe(10);
  });
});
