import type { Hashed } from '../../privacy/keyed-hash.ts';
import { day } from '../../runtime/clock.ts';
import type { Refusal } from '../../runtime/errors.ts';
import type { PumpingPolicy } from '../policy/spend-policy.ts';
import type { HashedRequest } from '../request/hashed-request.ts';
import { allDays, type Counted, type CountsParts, PumpingCounts, recentDays, sum } from './pumping-counts.ts';
import { finerName, hourName, type Trip, tripOf, withFiner } from './pumping-levels.ts';

/** What the breaker must know of a destination. */
export interface PumpingFacts {
  /** ISO 3166 code; null where there is none. */
  readonly country: string | null;
  /** The number without its last four and without its last six digits, hashed; none for an e-mail address. */
  readonly prefixes: readonly Hashed[];
  /** What the prefixes were before the key of the hashes changed, while their counts still matter. */
  readonly prefixesBefore?: readonly Hashed[] | undefined;
}

/** What the breaker stands on. */
export interface PumpingParts extends CountsParts {
  readonly policy: PumpingPolicy;
}

/** Reads what the breaker must know of a request's destination. */
export const pumpingFacts = (request: HashedRequest): PumpingFacts => ({
  country: request.facts.country,
  prefixes: request.hashes.prefixes,
  prefixesBefore: request.before(allDays * day)?.prefixes,
});

/** What a full budget means for a start, by the policy's mode: in `record` it is written down only. */
export const pumpingRefusal = (trip: Trip | undefined, { mode }: PumpingPolicy): Refusal | undefined =>
  trip !== undefined && mode === 'deny'
    ? { code: 'blocked', reason: pumpingReason(trip), pumping: true }
    : undefined;

/** The reason that a full budget is logged with. */
export const pumpingReason = ({ budget }: Trip): string => `pumping_${budget}`;

// A country takes the traffic of the whole fleet: a thousand containers write 500 times a second at most, and an item
// takes a thousand writes. Numbers alike but for six digits are a million at most.
const countryShards = 2;
const countedCountry = (country: string): Counted => ({
  key: `pump#${country}`,
  shards: countryShards,
  waits: 'always',
});
const countedPrefix = (prefix: Hashed): Counted => ({
  key: `pump#${prefix}`,
  shards: 1,
  waits: 'after a write',
});

/**
 * The pumping breaker: unapproved sends fill the budgets of a country and of the numbers alike, approvals make room.
 * What other containers do is known some seconds late. Nothing here ever throws: the breaker guards money that limits
 * and daily budgets guard too, and while the store is down starts are refused by these.
 */
export class PumpingBreaker {
  readonly #policy: PumpingPolicy;
  readonly #counts: PumpingCounts;

  constructor({ policy, ...parts }: PumpingParts) {
    this.#policy = policy;
    this.#counts = new PumpingCounts(parts);
  }

  /**
   * The budget of a destination that has no room for another send; undefined where all have. Destinations verified
   * before are exempt: the caller sees to that. The store is not asked where the budgets are known, otherwise once, and
   * once more where a budget may be spent.
   */
  async trip(facts: PumpingFacts, now: number): Promise<Trip | undefined> {
    if (this.#policy.mode === 'off') return undefined;
    // What was approved on the days before can only make a budget larger: one that has room without it needs none of it.
    return (await this.#tripBy(facts, now, recentDays)) && (await this.#tripBy(facts, now, allDays));
  }

  /** A message went out, or may have. */
  sent(facts: PumpingFacts, now: number): void {
    this.#count('sent', facts, now);
  }

  /** A code was right. */
  approved(facts: PumpingFacts, now: number): void {
    this.#count('approved', facts, now);
  }

  /** Writes out what was counted, if it is due: awaited at the end of each request. */
  async flush(now: number): Promise<void> {
    await this.#counts.flush(now);
  }

  #count(direction: 'sent' | 'approved', facts: PumpingFacts, now: number): void {
    if (this.#policy.mode === 'off') return;
    const [finer, wide] = facts.prefixes;
    const name = hourName(direction, now);
    if (facts.country !== null) this.#counts.count(countedCountry(facts.country), name, now);
    if (wide === undefined || finer === undefined) return;
    this.#counts.count(countedPrefix(wide), name, now);
    this.#counts.count(countedPrefix(wide), finerName(direction, finer), now);
  }

  async #tripBy(facts: PumpingFacts, now: number, days: number): Promise<Trip | undefined> {
    const { country, prefixesBefore = [] } = facts;
    const [finer, wide] = facts.prefixes;
    const [finerBefore, wideBefore] = prefixesBefore;
    const asked: Counted[] = country === null ? [] : [countedCountry(country)];
    const countries = asked.length;
    if (wide !== undefined) asked.push(countedPrefix(wide));
    if (wideBefore !== undefined) asked.push(countedPrefix(wideBefore));
    const read = await this.#counts.read(asked, now, days);
    const countryDays = read[countries - 1] ?? [];
    const [wideDays = [], daysBefore = []] = read.slice(countries);
    const traffic = { country, countryDays, finer, wideDays };
    if (finer === undefined || finerBefore === undefined) return tripOf(traffic, this.#policy, now);
    const sums = wideDays.map((counters, age) =>
      sum([counters, withFiner(daysBefore[age] ?? {}, finerBefore, finer)]),
    );
    return tripOf({ ...traffic, wideDays: sums }, this.#policy, now);
  }
}
