import type { DailyBudgetPolicy } from '../policy/spend-policy.ts';
import type { Counters } from '../store/store.ts';

/** Items that one budget is spread over, at most: no single one is hot. */
const maxShards = 16;
/** A share of a cost budget holds at least so many of the dearest messages, so that little is left over in each. */
const messagesInShare = 20;
/** Costs are counted in millionths, which are whole numbers. */
const millionths = 1_000_000;

/** A budget of a day that a message must fit in. */
export interface DayLimit {
  /** For reasons and metrics: `total` or `country`. */
  readonly scope: 'total' | 'country';
  /** What tells it from the other budgets of the day. */
  readonly name: string;
  /** What the message takes: `messages`, and `cost` in millionths of the currency. */
  readonly takes: Counters;
  /** What all messages of the day may take, by the same names. */
  readonly most: Counters;
  readonly shards: number;
}

const isOn = (limit: number | null | undefined): limit is number =>
  limit !== null && limit !== undefined && limit > 0;

/** Whether a policy sets any daily budget. */
export const hasBudget = ({ cost, messages }: DailyBudgetPolicy): boolean =>
  [messages.total, messages.each_country, cost.total, ...Object.values(messages.per_country)].some(isOn);

/** The estimated cost of a message in the policy's currency; `country` is null for an e-mail. */
export const estimatedCost = (
  policy: DailyBudgetPolicy,
  country: string | null,
  isEmail: boolean,
): number => {
  const prices: Readonly<Record<string, number>> = policy.cost.per_message;
  return prices[isEmail ? 'email' : (country ?? 'default')] ?? prices['default'] ?? 0;
};

const shardsFor = (most: Counters, dearest: number): number => {
  const byMessages = most['messages'] ?? maxShards;
  const byCost =
    most['cost'] === undefined ? maxShards : Math.floor(most['cost'] / (dearest * messagesInShare));
  return Math.max(1, Math.min(maxShards, byMessages, byCost));
};

const dayLimit = (
  scope: DayLimit['scope'],
  name: string,
  takes: Counters,
  most: Counters,
  dearest: number,
): DayLimit => ({ scope, name, takes, most, shards: shardsFor(most, dearest) });

/** The budgets that a message must fit in, the narrower first; none where the policy sets none. */
export const limitsOn = (
  policy: DailyBudgetPolicy,
  country: string | null,
  isEmail: boolean,
): readonly DayLimit[] => {
  const { cost, messages } = policy;
  const named: Readonly<Record<string, number | null>> = messages.per_country;
  const inCountry = country !== null && country in named ? named[country] : messages.each_country;
  const price = Math.round(estimatedCost(policy, country, isEmail) * millionths);
  const dearest = Math.max(...Object.values(cost.per_message)) * millionths;
  const most: Record<string, number> = {};
  if (isOn(messages.total)) most['messages'] = messages.total;
  if (isOn(cost.total)) most['cost'] = Math.round(cost.total * millionths);
  const limits: DayLimit[] = [];
  if (country !== null && isOn(inCountry))
    limits.push(dayLimit('country', country, { messages: 1 }, { messages: inCountry }, dearest));
  if (Object.keys(most).length > 0)
    limits.push(dayLimit('total', 'total', { messages: 1, cost: price }, most, dearest));
  return limits;
};

/** What one shard may hold of a budget: the shares of all are the whole, to the last unit. */
export const shareOf = ({ most, shards }: DayLimit, shard: number): Counters =>
  Object.fromEntries(
    Object.entries(most).map(([name, limit]) => [
      name,
      Math.floor(limit / shards) + (shard < limit % shards ? 1 : 0),
    ]),
  );

/** The parts of a budget that are told of, in percent. */
const marks = [50, 80, 100] as const;
/** One of {@link marks}. */
export type Mark = (typeof marks)[number];

/** The marks of a share that a message passed; 100 where the next like it would not fit. */
export const marksPassed = (takes: Counters, share: Counters, holds: Counters): readonly Mark[] =>
  marks.filter((mark) => {
    const isOver = (held: (name: string) => number) =>
      Object.entries(share).some(([name, limit]) =>
        mark === 100 ? held(name) + (takes[name] ?? 0) > limit : held(name) * 100 >= limit * mark,
      );
    const after = (name: string) => holds[name] ?? 0;
    return isOver(after) && !isOver((name) => after(name) - (takes[name] ?? 0));
  });
