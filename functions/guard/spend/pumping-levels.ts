import { day, hour } from '../../runtime/clock.ts';
import type { PumpingBudget, PumpingPolicy } from '../policy/spend-policy.ts';
import type { Counters } from '../store/store.ts';

/**
 * Counts of equal spans of time, newest first: how many in the running span, in the one before it, and so on. Counts
 * only ever grow, so that any number of writers can add to them without reading.
 */
export type Spans = readonly number[];

/**
 * What is still in a leaky budget: a count stays in it whole for as many spans as it is wide, then leaks out evenly
 * over one more.
 *
 * @param spans - one more than the budget is wide.
 * @param elapsed - how much of the running span is over, from 0 to 1.
 */
export const remaining = (spans: Spans, elapsed: number): number => {
  let sum = 0;
  for (const [age, count] of spans.entries()) sum += age < spans.length - 1 ? count : count * (1 - elapsed);
  return sum;
};

/** What was sent and approved, in the same spans. */
export interface Traffic {
  readonly sent: Spans;
  readonly approved: Spans;
}

/** A budget that grows with what is approved. */
export interface LeakyBudget {
  /** What is always allowed; null or 0 where the budget is off. */
  readonly minimum: number | null;
  /** How much more for each approval. */
  readonly ratio: number;
}

/** How full a budget is. */
export interface Level {
  /** Unapproved sends. */
  readonly unapproved: number;
  /** How many there may be. */
  readonly allowed: number;
}

/**
 * How full a budget is, by its traffic.
 *
 * @param usual - approvals in a span as wide as the budget on a good day of the past: growth that a quiet hour does
 *   not take away.
 */
export const levelOf = (
  { sent, approved }: Traffic,
  elapsed: number,
  { minimum, ratio }: LeakyBudget,
  usual: number,
): Level => {
  const approvals = remaining(approved, elapsed);
  return {
    unapproved: Math.max(0, remaining(sent, elapsed) - approvals),
    allowed:
      minimum === null || minimum === 0
        ? Number.POSITIVE_INFINITY
        : Math.max(minimum, ratio * Math.max(approvals, usual)),
  };
};

/** Whether a budget has no room for another send. */
export const isSpent = ({ unapproved, allowed }: Level): boolean => unapproved >= allowed;

const hoursOfDay = 24;
// The hours in which a day's traffic falls, when it falls thick.
const busyHours = 6;

const directions = ['sent', 'approved'] as const;
type Direction = (typeof directions)[number];
/** Counts by day, today first. */
type Days = readonly Counters[];

/** The name of the count of one direction in an hour of the day. */
export const hourName = (direction: Direction, now: number): string =>
  `${direction.charAt(0)}${Math.floor(now / hour) % hoursOfDay}`;

/** The name of the count of one direction in a day, of the numbers that share a finer beginning. */
export const finerName = (direction: Direction, finer: string): string =>
  `${finer.slice(0, 4)}${direction.charAt(0)}`;

/** Counts of a day in which the numbers that share a finer beginning have another name. */
export const withFiner = (counters: Counters, from: string, to: string): Counters => {
  const names = new Map(
    directions.map((direction) => [finerName(direction, from), finerName(direction, to)]),
  );
  return Object.fromEntries(
    Object.entries(counters).map(([name, count]) => [names.get(name) ?? name, count]),
  );
};

/** The counts of the running hour and of the 24 before it. */
const byHour = (days: Days, direction: Direction, now: number): Spans => {
  const running = Math.floor(now / hour);
  const today = Math.floor(now / day);
  const counts: number[] = [];
  for (let age = 0; age <= hoursOfDay; age += 1) {
    const at = (running - age) * hour;
    counts.push(days[today - Math.floor(at / day)]?.[hourName(direction, at)] ?? 0);
  }
  return counts;
};

/** The approvals of the best day before today, of what is counted by the hour. */
const bestDay = (days: Days): number => {
  let best = 0;
  for (const counters of days.slice(1)) {
    let approved = 0;
    for (const [name, count] of Object.entries(counters)) if (/^a\d+$/.test(name)) approved += count;
    best = Math.max(best, approved);
  }
  return best;
};

/** How full the budgets are of what is counted by the hour, over the last hour and the last 24. */
const hourlyLevels = (days: Days, now: number, budgets: Readonly<Record<'hour' | 'day', LeakyBudget>>) => {
  const elapsed = (now % hour) / hour;
  const sent = byHour(days, 'sent', now);
  const approved = byHour(days, 'approved', now);
  const lastHour = { sent: sent.slice(0, 2), approved: approved.slice(0, 2) };
  const usual = bestDay(days);
  return {
    hour: levelOf(lastHour, elapsed, budgets.hour, usual / busyHours),
    day: levelOf({ sent, approved }, elapsed, budgets.day, usual),
  };
};

/** How full the budget is of what is counted by the day. */
const dailyLevel = (days: Days, finer: string, now: number, budget: LeakyBudget): Level => {
  const sent: number[] = [];
  const approved: number[] = [];
  for (const counters of days) {
    sent.push(counters[finerName('sent', finer)] ?? 0);
    approved.push(counters[finerName('approved', finer)] ?? 0);
  }
  const traffic = { sent: sent.slice(0, 2), approved: approved.slice(0, 2) };
  return levelOf(traffic, (now % day) / day, budget, Math.max(0, ...approved.slice(1)));
};

/** A budget for numbers of a country: what it does not set itself is the policy's. */
const budgetFor = (policy: PumpingPolicy, name: PumpingBudget, country: string | null): LeakyBudget => {
  const own = country === null ? undefined : policy.by_country[country]?.[name];
  const { minimum = policy[name].minimum, ratio = policy[name].ratio } = own ?? {};
  return { minimum, ratio };
};

/** A budget that has no room for another send. */
export interface Trip extends Level {
  readonly budget: PumpingBudget;
}

/** What is known of the traffic to a number's country and to the numbers like it. */
export interface PumpingTraffic {
  readonly country: string | null;
  readonly countryDays: Days;
  /** The finer beginning; undefined where there is none. */
  readonly finer: string | undefined;
  readonly wideDays: Days;
}

/** The first budget, from the finest to the coarsest, that has no room for another send. */
export const tripOf = (traffic: PumpingTraffic, policy: PumpingPolicy, now: number): Trip | undefined => {
  const { country, countryDays, finer, wideDays } = traffic;
  const wide = hourlyLevels(wideDays, now, {
    hour: budgetFor(policy, 'wide_prefix_hour', country),
    day: budgetFor(policy, 'wide_prefix_day', country),
  });
  const whole = hourlyLevels(countryDays, now, {
    hour: budgetFor(policy, 'country_hour', country),
    day: budgetFor(policy, 'country_day', country),
  });
  const prefixDay = budgetFor(policy, 'prefix_day', country);
  const levels: readonly (readonly [PumpingBudget, Level | undefined])[] = [
    ['prefix_day', finer === undefined ? undefined : dailyLevel(wideDays, finer, now, prefixDay)],
    ['wide_prefix_hour', wide.hour],
    ['wide_prefix_day', wide.day],
    ['country_hour', whole.hour],
    ['country_day', whole.day],
  ];
  for (const [budget, level] of levels)
    if (level !== undefined && isSpent(level)) return { budget, ...level };
  return undefined;
};
