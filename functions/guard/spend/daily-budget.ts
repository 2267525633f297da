import { RunError } from '../../runtime/errors.ts';
import { secondsUntil } from '../limits/windows.ts';
import type { DailyBudgetPolicy } from '../policy/spend-policy.ts';
import type { Counters, GuardStore } from '../store/store.ts';
import { type DayLimit, limitsOn, type Mark, marksPassed, shareOf } from './daily-budget-shares.ts';

const day = 24 * 3_600_000;
// A shard found full is not asked again for so long, in milliseconds: each try costs a write, and those who pump go on
// trying when nothing is left. What others give back meanwhile is found a little later.
const fullFor = 5_000;

/** A message that wants to be paid for. */
interface Spending {
  /** ISO 3166 code; null where there is none. */
  readonly country: string | null;
  readonly isEmail: boolean;
}

/** What was taken for one message. */
interface Spent {
  /** Gives it back: the message surely did not go out. */
  readonly giveBack: () => Promise<void>;
}

/** What the daily budgets are made of. */
export interface DailyBudgetParts {
  readonly store: Pick<GuardStore, 'add'>;
  readonly policy: DailyBudgetPolicy;
  /** A number from 0 up to 1, not 1 itself. */
  readonly random: () => number;
  /** Told once a day, for each budget, when half, four fifths and all of it are spent. */
  readonly onMark: (scope: DayLimit['scope'], name: string, percent: Mark) => void;
}

/** The budgets of a UTC day, exact whatever happens at once. */
export interface DailyBudget {
  /**
   * Takes what a message needs of every budget that is set; no request to the store where none is.
   *
   * @throws RunError `blocked` where one is spent, with nothing taken and the seconds to midnight UTC;
   *   `store_unavailable`.
   */
  spend(spending: Spending, now: number): Promise<Spent>;
}

interface Taken {
  readonly key: string;
  /** What gives it back. */
  readonly back: Counters;
  readonly expiresAt: number;
}

const negative = (takes: Counters): Counters =>
  Object.fromEntries(Object.entries(takes).map(([name, amount]) => [name, -amount]));

/** The shards of a budget in random order. */
const shuffled = (shards: number, random: () => number): readonly number[] => {
  const order = Array.from({ length: shards }, (_, shard) => shard);
  for (let last = shards - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
  }
  return order;
};

/** The daily budgets over a store that all containers share. */
export const createDailyBudget = ({ onMark, policy, random, store }: DailyBudgetParts): DailyBudget => {
  const fullUntil = new Map<string, number>();

  /** A part of the whole is spent when as large a part of its shards have spent it; told when the last of these has. */
  const passed = async (limit: DayLimit, budget: string, mark: Mark, expiresAt: number): Promise<void> => {
    const name = `m${mark}`;
    // The message goes out, whatever became of a mark.
    const counted = await store.add(`${budget}#marks`, { [name]: 1 }, {}, expiresAt).catch(() => null);
    if (counted?.[name] === Math.ceil((limit.shards * mark) / 100)) onMark(limit.scope, limit.name, mark);
  };

  const take = async (limit: DayLimit, now: number): Promise<Taken | undefined> => {
    const today = Math.floor(now / day);
    const budget = `day#${today}#${limit.name}`;
    const expiresAt = (today + 2) * day;
    for (const shard of shuffled(limit.shards, random)) {
      const key = `${budget}#${shard}`;
      // Full for what this message takes: a cheaper one may still fit.
      const full = `${key} ${limit.takes['cost']}`;
      if (now < (fullUntil.get(full) ?? 0)) continue;
      const share = shareOf(limit, shard);
      const holds = await store.add(key, limit.takes, share, expiresAt);
      if (holds === null) {
        fullUntil.set(full, now + fullFor);
        continue;
      }
      const news = marksPassed(limit.takes, share, holds);
      await Promise.all(news.map((mark) => passed(limit, budget, mark, expiresAt)));
      return { key, back: negative(limit.takes), expiresAt };
    }
    return undefined;
  };

  const giveBack = async (all: readonly Taken[]): Promise<void> => {
    for (const { key } of all)
      for (const full of fullUntil.keys()) if (full.startsWith(`${key} `)) fullUntil.delete(full);
    await Promise.all(all.map(({ key, back, expiresAt }) => store.add(key, back, {}, expiresAt)));
  };

  const takeAll = async (limits: readonly DayLimit[], now: number, taken: Taken[]): Promise<void> => {
    // One after the other: a country that has spent its own must not hold, even for a moment, what is left in total.
    for (const limit of limits) {
      const one = await take(limit, now);
      if (one === undefined)
        throw new RunError('blocked', {
          reason: `daily_budget_${limit.scope}`,
          retryAfter: secondsUntil((Math.floor(now / day) + 1) * day, now),
        });
      taken.push(one);
    }
  };

  return {
    async spend({ country, isEmail }, now) {
      const taken: Taken[] = [];
      try {
        await takeAll(limitsOn(policy, country, isEmail), now, taken);
      } catch (refusal) {
        await giveBack(taken);
        throw refusal;
      }
      return { giveBack: () => giveBack(taken) };
    },
  };
};
