import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { dailyBudgetPolicy } from '../../../functions/guard/policy/spend-policy.ts';
import { DailyBudget } from '../../../functions/guard/spend/daily-budget.ts';
import type { GuardStore } from '../../../functions/guard/store/store.ts';
import { createMemoryCounters } from '../../../local/policy/memory-counters.ts';
import { seeded } from '../../support/seeded.ts';

const day = 24 * 3_600_000;
const midnight = Date.UTC(2026, 10, 21);

/** Budgets over a store that keeps a list of what was written. */
const budgetOf = (policy: unknown, add: GuardStore['add'] = createMemoryCounters().add) => {
  const marks: string[] = [];
  const written: { readonly key: string; readonly expiresAt: number }[] = [];
  const budget = new DailyBudget({
    store: {
      add: (key, amounts, most, expiresAt) => {
        written.push({ key, expiresAt });
        return add(key, amounts, most, expiresAt);
      },
    },
    policy: v.parse(dailyBudgetPolicy, policy),
    random: seeded(1),
    onMark: (_scope, _name, percent) => marks.push(`${percent}`),
  });
  const spend = (country: string, now = midnight) => budget.spend({ country, isEmail: false }, now);
  return { budget, marks, written, spend };
};

const refused = { kind: 'refused', error: { code: 'blocked' } };

describe('the shards of a budget', () => {
  it('are written to evenly, so that none is hot', async () => {
    const { spend, written } = budgetOf({ messages: { total: 1_000_000 } });
    for (let count = 0; count < 1_600; count += 1) await spend('GB');
    const counts = Map.groupBy(written, ({ key }) => key);
    expect(counts.size).toBe(16);
    for (const [, { length }] of counts) expect(Math.abs(length - 100)).toBeLessThan(50);
  });

  it('are each asked once, when all are full', async () => {
    const { spend, written } = budgetOf({ messages: { total: 160 } }, async () => null);
    expect(await spend('GB')).toMatchObject(refused);
    const keys = written.map(({ key }) => key);
    expect([keys.length, new Set(keys).size]).toEqual([16, 16]);
  });

  it('are forgotten when their day and the next are over, and not before', async () => {
    const { spend, written } = budgetOf({ messages: { total: 2 } });
    await spend('GB');
    await spend('GB', midnight + day - 1);
    expect(new Set(written.map(({ expiresAt }) => expiresAt))).toEqual(new Set([midnight + 2 * day]));
  });

  it('that are full stay so while another budget gets something back', async () => {
    const { budget, spend, written } = budgetOf({ messages: { per_country: { GB: 1, FR: 1 } } });
    await spend('GB');
    const paid = await spend('FR');
    for (const country of ['GB', 'FR']) expect(await spend(country)).toMatchObject(refused);
    if (paid.kind === 'spent') await budget.giveBack(paid.spent);
    const before = written.length;
    expect(await spend('GB')).toMatchObject(refused);
    expect(written).toHaveLength(before);
    expect((await spend('FR')).kind).toBe('spent');
  });
});

describe('a mark', () => {
  it('is written down once for each shard that passes it', async () => {
    const { spend, written } = budgetOf({ messages: { total: 1_600 } });
    for (let count = 0; count < 1_600; count += 1) await spend('GB');
    expect(written.filter(({ key }) => key.endsWith('#marks'))).toHaveLength(3 * 16);
  });

  it('is passed with the first of messages and cost that passes it', async () => {
    const cost = { total: 0.1, per_message: { default: 0.05, GB: 0.05 } };
    const { marks, spend } = budgetOf({ messages: { total: 100 }, cost });
    await spend('GB');
    expect(marks).toEqual(['50']);
    await spend('GB');
    expect(marks).toEqual(['50', '80', '100']);
  });

  it('of all is passed when the next like it would not fit, though something is left', async () => {
    const cost = { total: 0.13, per_message: { default: 0.05, GB: 0.05 } };
    const { marks, spend } = budgetOf({ cost });
    await spend('GB');
    await spend('GB');
    expect(marks).toEqual(['50', '100']);
    expect(await spend('GB')).toMatchObject(refused);
  });
});
