import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { pumpingPolicy } from '../../../functions/guard/policy/spend-policy.ts';
import { PumpingBreaker, type PumpingFacts, pumpingFacts } from '../../../functions/guard/spend/pumping.ts';
import {
  finerName,
  hourName,
  type PumpingTraffic,
  tripOf,
} from '../../../functions/guard/spend/pumping-levels.ts';
import type { GuardStore } from '../../../functions/guard/store/store.ts';
import { createKeyedHash } from '../../../functions/privacy/keyed-hash.ts';
import { createMemoryCounters } from '../../../local/policy/memory-counters.ts';
import { hashedRequest } from '../../support/hashed-request.ts';

const second = 1_000;
const hour = 3_600 * second;
const day = 24 * hour;
const midnight = Date.UTC(2026, 10, 21);
const noon = midnight + 12 * hour;
const hash = createKeyedHash('a key of more than sixteen characters');
const policy = v.parse(pumpingPolicy, { mode: 'deny' });

const nothing: PumpingTraffic = {
  country: 'GB',
  countryDays: [{}, {}],
  finer: undefined,
  wideDays: [{}, {}],
};
const tripped = (traffic: Partial<PumpingTraffic>, now = noon) =>
  tripOf({ ...nothing, ...traffic }, policy, now);

describe('the budget that trips', () => {
  it.each([
    ['prefix_day', { finer: 'abcdef', wideDays: [{ abcds: 20 }, {}] }, 20, 20],
    ['wide_prefix_hour', { wideDays: [{ s12: 25 }, {}] }, 25, 25],
    ['wide_prefix_day', { wideDays: [{ s3: 40 }, {}] }, 40, 40],
    ['country_hour', { countryDays: [{ s11: 30 }, {}] }, 30, 30],
    ['country_day', { countryDays: [{ s1: 30 }, { s13: 20 }] }, 50, 50],
  ] as const)('is %s where that one is full', (budget, known, unapproved, allowed) => {
    expect(tripped(known)).toEqual({ budget, unapproved, allowed });
  });

  it('of a block counts today and yesterday, approvals too', () => {
    const finer = 'abcdef';
    const older = { abcds: 9, abcda: 9 };
    expect(tripped({ finer, wideDays: [{ abcds: 19 }, {}, { abcds: 100 }] })).toBeUndefined();
    expect(tripped({ finer, wideDays: [{ abcds: 20 }, {}, older] })?.budget).toBe('prefix_day');
  });

  it('is the finest that is full', () => {
    const full = { s12: 100, abcds: 100 };
    const known = { finer: 'abcdef', wideDays: [full, {}], countryDays: [full, {}] };
    expect(tripped(known)?.budget).toBe('prefix_day');
    expect(tripped({ ...known, finer: undefined })?.budget).toBe('wide_prefix_hour');
    expect(tripped({ ...known, finer: 'other' })?.budget).toBe('wide_prefix_hour');
  });
});

describe('a good day of the past', () => {
  const unapproved = { s12: 60 };

  it('makes room by all its approvals, of early and late hours, and by nothing else of it', () => {
    const before = { a3: 200, a12: 100, a23: 60, s2: 9_999, a1XYa: 9_999, Xa12: 9_999, a12X: 9_999 };
    // An hour of a day with 360 approvals may hold 60 of them, one and a half times over.
    expect(tripped({ wideDays: [{ s12: 90 }, before] })).toEqual({
      budget: 'wide_prefix_hour',
      unapproved: 90,
      allowed: 90,
    });
    expect(tripped({ wideDays: [{ s12: 89 }, before] })).toBeUndefined();
  });

  it('is none of today, whose approvals make room as they are', () => {
    const today = { ...unapproved, a0: 600 };
    expect(tripped({ wideDays: [today, {}] })).toMatchObject({ budget: 'wide_prefix_hour', allowed: 25 });
  });
});

describe('the names of the counts', () => {
  it('stay those of earlier deployments, and short', () => {
    expect([hourName('sent', midnight), hourName('approved', noon + hour - 1)]).toEqual(['s0', 'a12']);
    expect([finerName('sent', 'abcdef'), finerName('approved', 'abcdef')]).toEqual(['abcds', 'abcda']);
  });
});

/** A breaker over a store that keeps a list of what is asked. */
const watched = (store: Pick<GuardStore, 'add' | 'counters'> = createMemoryCounters()) => {
  const written: { readonly key: string; readonly expiresAt: number }[] = [];
  const read: string[] = [];
  const breaker = new PumpingBreaker({
    store: {
      add: (key, amounts, most, expiresAt) => {
        written.push({ key, expiresAt });
        return store.add(key, amounts, most, expiresAt);
      },
      counters: (keys) => {
        read.push(...keys);
        return store.counters(keys);
      },
    },
    policy,
    random: () => 0,
    onFailure: (doing) => expect.unreachable(doing),
  });
  return { breaker, written, read };
};
const factsOf = (number: string) => pumpingFacts(hashedRequest(number, hash, noon));

describe('what is counted', () => {
  it('of a number of no country is its range alone', async () => {
    const { breaker, read, written } = watched();
    const facts = factsOf('+881612345678');
    await breaker.trip(facts, noon);
    breaker.sent(facts, noon);
    await breaker.flush(noon);
    const range = `pump#${facts.prefixes[1]}#`;
    expect(written.map(({ key }) => key.startsWith(range))).toEqual([true]);
    expect(read.length).toBeGreaterThan(0);
    expect(read.every((key) => key.startsWith(range))).toBe(true);
  });

  it('of an e-mail address is nothing', async () => {
    const { breaker, read, written } = watched();
    const facts = factsOf('ada@example.com');
    expect(await breaker.trip(facts, noon)).toBeUndefined();
    breaker.sent(facts, noon);
    await breaker.flush(noon);
    expect([read, written]).toEqual([[], []]);
  });

  it('is kept as long as it may still be read', async () => {
    const { breaker, written } = watched();
    breaker.sent(factsOf('+447400123456'), midnight);
    await breaker.flush(midnight);
    await breaker.flush(midnight + 2_000);
    for (const { expiresAt } of written) {
      expect(expiresAt).toBeGreaterThanOrEqual(midnight + 8 * day);
      expect(expiresAt).toBeLessThanOrEqual(midnight + 10 * day);
    }
    expect(written).toHaveLength(2);
  });
});

describe('what a container has read', () => {
  const facts = factsOf('+447400123456');
  const trips = async (breaker: ReturnType<typeof watched>['breaker'], now: number) =>
    (await breaker.trip(facts, now))?.budget;

  it('of a day that is over is read again until late writes have arrived', async () => {
    const store = createMemoryCounters();
    const [here, there] = [watched(store), watched(store)];
    expect(await trips(here.breaker, midnight - 30 * second)).toBeUndefined();
    for (let sent = 0; sent < 30; sent += 1) there.breaker.sent(facts, midnight - 20 * second);
    await there.breaker.flush(midnight - 20 * second);
    expect(await trips(here.breaker, midnight + 5 * second)).toBe('prefix_day');
  });

  it('of a day that is over is not read again after that', async () => {
    const { breaker, read } = watched();
    await trips(breaker, midnight + 61 * second);
    read.length = 0;
    await trips(breaker, midnight + 70 * second);
    expect(read.map((key) => key.split('#')[2])).toEqual(read.map(() => `${midnight / day}`));
    expect(read.length).toBeGreaterThan(0);
  });

  it('is forgotten before it fills the memory', async () => {
    const { breaker, read } = watched();
    const range = (at: number): PumpingFacts => ({
      country: null,
      prefixes: [hash('prefix', `${at}`), hash('prefix', `wide ${at}`)],
    });
    for (let at = 0; at < 1_002; at += 1) await breaker.trip(range(at), noon);
    read.length = 0;
    await breaker.trip(range(0), noon);
    expect(read.length).toBeGreaterThan(0);
  });
});
