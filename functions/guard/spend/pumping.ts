import { type Hashed, hashBefore, type KeyedHash } from '../../privacy/keyed-hash.ts';
import { RunError } from '../../runtime/errors.ts';
import type { PumpingPolicy } from '../policy/spend-policy.ts';
import { type DestinationFacts, numberPrefix } from '../rules/destination-facts.ts';
import {
  allDays,
  type Counted,
  type CountsParts,
  day,
  PumpingCounts,
  recentDays,
  sum,
} from './pumping-counts.ts';
import { finerName, hourName, type Trip, tripOf, withFiner } from './pumping-levels.ts';

/** What the breaker must know of a destination. */
export interface PumpingFacts {
  /** ISO 3166 code; null where there is none. */
  readonly country: string | null;
  /** The number without its last four and without its last six digits, hashed; none for an e-mail address. */
  readonly prefixes: readonly Hashed[];
  /** What the prefixes were before the hash was changed, while their counts still matter. */
  readonly prefixesBefore?: readonly Hashed[];
}

/** What the breaker says of a start. */
interface PumpingVerdict {
  /** The budget that has no room; undefined where none, or where the destination was verified before. */
  readonly trip: Trip | undefined;
  /** RunError `blocked` where the policy says to refuse. */
  readonly error: RunError | undefined;
}

/** What was found out for one start. */
interface Assessment {
  /** @param verifiedBefore - whether the destination was verified before: such ones are always let pass. */
  verdict(verifiedBefore: boolean): PumpingVerdict;
}

/**
 * The pumping breaker: sends that nobody approves fill the budgets of a country and of the numbers alike, approvals
 * make room. What other containers do is known some seconds late. Nothing here ever throws: the breaker guards money
 * that limits and daily budgets guard too, and while the store is down starts are refused by these.
 */
export interface PumpingBreaker {
  /**
   * Looks at the budgets of a destination: the store is not asked where they are known, otherwise once, and once more
   * where a budget may be spent.
   */
  assess(facts: PumpingFacts, now: number): Promise<Assessment>;
  /** A message went out, or may have. */
  sent(facts: PumpingFacts, now: number): void;
  /** A code was right. */
  approved(facts: PumpingFacts, now: number): void;
  /** Writes out what was counted, if it is due: awaited at the end of each request. */
  flush(now: number): Promise<void>;
}

/** What the breaker is made of. */
export interface PumpingParts extends CountsParts {
  readonly policy: PumpingPolicy;
}

/** Reads what the breaker must know of a destination. */
export const pumpingFacts = (
  { country, destination, domain }: DestinationFacts,
  hash: KeyedHash,
  now: number,
): PumpingFacts => {
  if (domain !== null) return { country: null, prefixes: [] };
  const prefixesUnder = (hashed: KeyedHash) => [
    hashed('prefix', numberPrefix(destination, 4)),
    // Where numbers are short the wider one leaves little more than a calling code, which countries share.
    hashed('prefix', `${country} ${numberPrefix(destination, 6)}`),
  ];
  const before = hashBefore(hash, now, allDays * day);
  const facts = { country, prefixes: prefixesUnder(hash) };
  return before === undefined ? facts : { ...facts, prefixesBefore: prefixesUnder(before) };
};

const passes: Assessment = { verdict: () => ({ trip: undefined, error: undefined }) };

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

/** The breaker of one container over the counts that all containers share. */
export const createPumpingBreaker = ({ policy, ...parts }: PumpingParts): PumpingBreaker => {
  const counts = new PumpingCounts(parts);

  const count = (direction: 'sent' | 'approved', facts: PumpingFacts, now: number): void => {
    if (policy.mode === 'off') return;
    const [finer, wide] = facts.prefixes;
    const name = hourName(direction, now);
    if (facts.country !== null) counts.count(countedCountry(facts.country), name, now);
    if (wide === undefined || finer === undefined) return;
    counts.count(countedPrefix(wide), name, now);
    counts.count(countedPrefix(wide), finerName(direction, finer), now);
  };

  const tripBy = async (facts: PumpingFacts, now: number, days: number) => {
    const { country, prefixesBefore = [] } = facts;
    const [finer, wide] = facts.prefixes;
    const [finerBefore, wideBefore] = prefixesBefore;
    const countries = country === null ? [] : [countedCountry(country)];
    const prefixes = [wide, wideBefore].filter((prefix) => prefix !== undefined).map(countedPrefix);
    const read = await counts.read([...countries, ...prefixes], now, days);
    const countryDays = read[countries.length - 1] ?? [];
    const [wideDays = [], daysBefore = []] = read.slice(countries.length);
    const known = { country, countryDays, finer, wideDays };
    if (finer === undefined || finerBefore === undefined) return tripOf(known, policy, now);
    const sums = wideDays.map((counters, age) =>
      sum([counters, withFiner(daysBefore[age] ?? {}, finerBefore, finer)]),
    );
    return tripOf({ ...known, wideDays: sums }, policy, now);
  };

  // What was approved on the days before can only make a budget larger: one that has room without it needs none of it.
  const trip = async (facts: PumpingFacts, now: number) =>
    (await tripBy(facts, now, recentDays)) && (await tripBy(facts, now, allDays));

  return {
    async assess(facts, now) {
      const found = policy.mode === 'off' ? undefined : await trip(facts, now);
      if (found === undefined) return passes;
      const reason = `pumping_${found.budget}`;
      const error = policy.mode === 'deny' ? new RunError('blocked', { reason }) : undefined;
      return {
        verdict: (verifiedBefore) => (verifiedBefore ? passes.verdict(true) : { trip: found, error }),
      };
    },
    sent: (facts, now) => count('sent', facts, now),
    approved: (facts, now) => count('approved', facts, now),
    flush: (now) => counts.flush(now),
  };
};
