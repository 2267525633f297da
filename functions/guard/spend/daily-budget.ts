import { day } from '../../runtime/clock.ts';
import { errorOf } from '../../runtime/errors.ts';
import { secondsUntil } from '../limits/windows.ts';
import type { DailyBudgetPolicy } from '../policy/spend-policy.ts';
import type { Counters, GuardStore } from '../store/store.ts';
import { type DayLimit, limitsOn, type Mark, marksPassed, shareOf } from './daily-budget-shares.ts';

// A shard found full is not asked again for so long, in milliseconds: each try costs a write, and those who pump go on
// trying when nothing is left. What others give back meanwhile is found a little later.
const fullFor = 5_000;

/** A message that wants to be paid for. */
interface Spending {
  /** ISO 3166 code; null where there is none. */
  readonly country: string | null;
  readonly isEmail: boolean;
}

interface Taken {
  readonly key: string;
  /** What gives it back. */
  readonly back: Counters;
  readonly expiresAt: number;
}

/** What was taken for one message: given back if the message surely did not go out. */
export type Spent = readonly Taken[];

/** What became of a message that wants to be paid for. */
export type SpendVerdict =
  | { readonly kind: 'spent'; readonly spent: Spent }
  /** Nothing was taken. */
  | { readonly kind: 'refused'; readonly error: unknown };

/** What the daily budgets stand on. */
export interface DailyBudgetParts {
  readonly store: Pick<GuardStore, 'add'>;
  readonly policy: DailyBudgetPolicy;
  /** A number from 0 up to 1, not 1 itself. */
  readonly random: () => number;
  /** Told once a day, for each budget, when half, four fifths and all of it are spent. */
  readonly onMark: (scope: DayLimit['scope'], name: string, percent: Mark) => void;
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

/**
 * The budgets of a UTC day, exact whatever happens at once. Holds which shards this container found full, so that a
 * flood does not pay a write to find them full again.
 */
export class DailyBudget {
  readonly #parts: DailyBudgetParts;
  readonly #fullUntil = new Map<string, number>();

  constructor(parts: DailyBudgetParts) {
    this.#parts = parts;
  }

  /**
   * Takes what a message needs of every budget that is set; no request to the store where none is.
   *
   * @returns `blocked` where one is spent, with the seconds to midnight UTC, or `store_unavailable`; then what was taken
   *   is given back.
   */
  async spend({ country, isEmail }: Spending, now: number): Promise<SpendVerdict> {
    const spent: Taken[] = [];
    const error = await this.#takeAll(limitsOn(this.#parts.policy, country, isEmail), now, spent).catch(
      (thrown: unknown) => thrown,
    );
    if (error === undefined) return { kind: 'spent', spent };
    await this.giveBack(spent).catch(() => undefined);
    return { kind: 'refused', error };
  }

  /** Gives back what a message took that surely did not go out. */
  async giveBack(spent: Spent): Promise<void> {
    for (const { key } of spent)
      for (const full of this.#fullUntil.keys()) if (full.startsWith(`${key} `)) this.#fullUntil.delete(full);
    await Promise.all(
      spent.map(({ key, back, expiresAt }) => this.#parts.store.add(key, back, {}, expiresAt)),
    );
  }

  async #takeAll(limits: readonly DayLimit[], now: number, spent: Taken[]): Promise<unknown> {
    // One after the other: a country that has spent its own must not hold, even for a moment, what is left in total.
    for (const limit of limits) {
      const one = await this.#take(limit, now);
      if (one === undefined) {
        const retryAfter = secondsUntil((Math.floor(now / day) + 1) * day, now);
        return errorOf({ code: 'blocked', reason: `daily_budget_${limit.scope}`, retryAfter });
      }
      spent.push(one);
    }
    return undefined;
  }

  async #take(limit: DayLimit, now: number): Promise<Taken | undefined> {
    const { random, store } = this.#parts;
    const today = Math.floor(now / day);
    const budget = `day#${today}#${limit.name}`;
    const expiresAt = (today + 2) * day;
    for (const shard of shuffled(limit.shards, random)) {
      const key = `${budget}#${shard}`;
      // Full for what this message takes: a cheaper one may still fit.
      const full = `${key} ${limit.takes['cost']}`;
      if (now < (this.#fullUntil.get(full) ?? 0)) continue;
      const share = shareOf(limit, shard);
      const holds = await store.add(key, limit.takes, share, expiresAt);
      if (holds === null) {
        this.#fullUntil.set(full, now + fullFor);
        continue;
      }
      const news = marksPassed(limit.takes, share, holds);
      await Promise.all(news.map((mark) => this.#passed(limit, budget, mark, expiresAt)));
      return { key, back: negative(limit.takes), expiresAt };
    }
    return undefined;
  }

  /** A part of the whole is spent when as large a part of its shards have spent it; told when the last of these has. */
  async #passed(limit: DayLimit, budget: string, mark: Mark, expiresAt: number): Promise<void> {
    const { onMark, store } = this.#parts;
    const name = `m${mark}`;
    // The message goes out, whatever became of a mark.
    const counted = await store.add(`${budget}#marks`, { [name]: 1 }, {}, expiresAt).catch(() => null);
    if (counted?.[name] === Math.ceil((limit.shards * mark) / 100)) onMark(limit.scope, limit.name, mark);
  }
}
