import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { pumpingPolicy } from '../../../functions/guard/policy/spend-policy.ts';
import {
  PumpingBreaker,
  type PumpingFacts,
  pumpingFacts,
  pumpingRefusal,
} from '../../../functions/guard/spend/pumping.ts';
import type { Counters, GuardStore } from '../../../functions/guard/store/store.ts';
import { createKeyedHash } from '../../../functions/privacy/keyed-hash.ts';
import { createMemoryCounters } from '../../../local/policy/memory-counters.ts';
import { hashedRequest } from '../../support/hashed-request.ts';
import { seeded } from '../../support/seeded.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const midnight = Date.UTC(2026, 10, 21);
const hash = createKeyedHash('a key of more than sixteen characters');

/** A number of Great Britain in a block of ten thousand, by the block and its place there. */
const factsOf = (block: number, place: number): PumpingFacts => {
  const number = `+447${(400 + block).toString().padStart(5, '4')}${place.toString().padStart(4, '0')}`;
  return pumpingFacts(hashedRequest(number, hash, midnight));
};

/** A store that counts what is asked of it. */
const countingStore = () => {
  const store = createMemoryCounters();
  const asked = { reads: 0, items: 0, writes: 0 };
  return {
    asked,
    store: {
      add: (key: string, amounts: Counters, most: Counters, expiresAt: number) => {
        asked.writes += 1;
        return store.add(key, amounts, most, expiresAt);
      },
      counters: (keys: readonly string[]) => {
        asked.reads += 1;
        asked.items += keys.length;
        return store.counters(keys);
      },
    },
  };
};

const breaker = (
  policy: unknown = { mode: 'deny' },
  store: Pick<GuardStore, 'add' | 'counters'> = createMemoryCounters(),
) =>
  new PumpingBreaker({
    store,
    policy: v.parse(pumpingPolicy, policy),
    random: seeded(1),
    onFailure: () => undefined,
  });

const tripAt = async (guard: PumpingBreaker, facts: PumpingFacts, now: number) =>
  (await guard.trip(facts, now))?.budget;

/** A start that goes out if the breaker lets it; whether it did. */
const start = async (guard: PumpingBreaker, facts: PumpingFacts, now: number): Promise<boolean> => {
  const isSent = (await guard.trip(facts, now)) === undefined;
  if (isSent) guard.sent(facts, now);
  await guard.flush(now);
  return isSent;
};

const approve = async (guard: PumpingBreaker, facts: PumpingFacts, now: number): Promise<void> => {
  guard.approved(facts, now);
  await guard.flush(now);
};

describe('an attacker', () => {
  it('who pumps a block of ten thousand numbers gets twenty messages out of it', async () => {
    const guard = breaker();
    let sent = 0;
    for (let at = 0; at < 500; at += 1)
      if (await start(guard, factsOf(1, at), midnight + at * second)) sent += 1;
    expect(sent).toBe(20);
  });

  it('who goes from block to block of one range gets twenty-five in an hour and forty in a day', async () => {
    const guard = breaker();
    let sent = 0;
    for (let at = 0; at < 300; at += 1) {
      if (await start(guard, factsOf(at % 50, at), midnight + at * 10 * second)) sent += 1;
      if (at === 299) expect(sent).toBe(25);
    }
    for (let at = 0; at < 1_000; at += 1)
      if (await start(guard, factsOf(at % 50, at), midnight + 2 * hour + at * minute)) sent += 1;
    expect(sent).toBe(40);
  });

  it('who spreads over a whole country gets thirty in an hour and fifty in a day', async () => {
    const guard = breaker();
    let sent = 0;
    for (let at = 0; at < 2_000; at += 1)
      if (await start(guard, { ...factsOf(at * 40, at), country: 'GB' }, midnight + at * second)) sent += 1;
    expect(sent).toBe(30);
    for (let at = 0; at < 2_000; at += 1)
      if (await start(guard, { ...factsOf(at * 40, at), country: 'GB' }, midnight + 3 * hour + at * second))
        sent += 1;
    expect(sent).toBe(50);
  });

  it('is let in again by the leak alone, within two days', async () => {
    const guard = breaker();
    for (let at = 0; at < 21; at += 1) await start(guard, factsOf(1, at), midnight + at);
    expect(await tripAt(guard, factsOf(1, 1), midnight + day - 1)).toBe('prefix_day');
    expect(await tripAt(guard, factsOf(1, 1), midnight + day + hour)).toBeUndefined();
    expect(await tripAt(guard, factsOf(1, 1), midnight + 2 * day)).toBeUndefined();
  });

  it('does not close the next range, the next country, or e-mail', async () => {
    const guard = breaker();
    for (let at = 0; at < 30; at += 1) await start(guard, factsOf(1, at), midnight + at);
    expect(await tripAt(guard, factsOf(1, 9_999), midnight + minute)).toBe('prefix_day');
    expect(await tripAt(guard, factsOf(9_000, 1), midnight + minute)).toBeUndefined();
    expect(await tripAt(guard, { country: 'FR', prefixes: [] }, midnight + minute)).toBeUndefined();
    const email = pumpingFacts(hashedRequest('someone@example.com', hash, midnight));
    expect(email).toEqual({ country: null, prefixes: [] });
    expect(await tripAt(guard, email, midnight + minute)).toBeUndefined();
  });
});

describe('honest people', () => {
  const step = minute / 2;

  /** Days of traffic with the swing of a day, of which a part is approved half a minute later. */
  const honest = async (perDay: number, days: number, rate: number, seed: number) => {
    const guard = breaker();
    const random = seeded(seed);
    const seen = { started: 0, refused: 0 };
    let approvals: readonly PumpingFacts[] = [];
    const person = async (at: number): Promise<readonly PumpingFacts[]> => {
      const facts = factsOf(Math.floor(random() * 400), Math.floor(random() * 10_000));
      const sent = await start(guard, facts, at);
      seen.started += 1;
      seen.refused += Number(!sent);
      return sent && random() < rate ? [facts] : [];
    };
    for (let at = midnight; at < midnight + days * day; at += step) {
      for (const facts of approvals) await approve(guard, facts, at);
      const expected = perDay * (step / day) * (1 + 0.8 * Math.sin((2 * Math.PI * (at % day)) / day));
      const people = Math.floor(expected + random());
      const found: (readonly PumpingFacts[])[] = [];
      for (let one = 0; one < people; one += 1) found.push(await person(at));
      approvals = found.flat();
    }
    return seen;
  };

  it.each([
    { perDay: 20, days: 10, seed: 1 },
    { perDay: 200, days: 5, seed: 2 },
    { perDay: 3_000, days: 2, seed: 3 },
  ])('are never refused, $perDay a day, while 70 % find their code', async ({ perDay, days, seed }) => {
    const { refused, started } = await honest(perDay, days, 0.7, seed);
    expect(started).toBeGreaterThan(perDay * days * 0.8);
    expect(refused).toBe(0);
  });

  it('who stop finding their codes are noticed', async () => {
    const { refused } = await honest(1_000, 2, 0.3, 1);
    expect(refused).toBeGreaterThan(0);
  });
});

describe('the policy', () => {
  const pumped = async (policy: unknown) => {
    const guard = breaker(policy);
    for (let at = 0; at < 40; at += 1) {
      guard.sent(factsOf(1, at), midnight);
      await guard.flush(midnight);
    }
    const trip = await guard.trip(factsOf(1, 41), midnight);
    return { trip, refusal: pumpingRefusal(trip, v.parse(pumpingPolicy, policy)) };
  };

  it('off looks at nothing and asks nobody', async () => {
    const { asked, store } = countingStore();
    const guard = breaker({ mode: 'off' }, store);
    expect(await start(guard, factsOf(1, 1), midnight)).toBe(true);
    expect(asked).toEqual({ reads: 0, items: 0, writes: 0 });
  });

  it('record refuses nothing and says what it would', async () => {
    const { refusal, trip } = await pumped({ mode: 'record' });
    expect(refusal).toBeUndefined();
    expect(trip).toEqual({ budget: 'prefix_day', unapproved: 40, allowed: 20 });
  });

  it('deny refuses with the one sentence for all, and the budget in the reason', async () => {
    const { refusal } = await pumped({ mode: 'deny' });
    expect(refusal).toEqual({ code: 'blocked', reason: 'pumping_prefix_day', pumping: true });
  });

  it('can be told other for one country, and of one number of a budget alone', async () => {
    const policy = {
      mode: 'deny',
      by_country: { GB: { prefix_day: { minimum: null }, wide_prefix_hour: { minimum: 41 } } },
    };
    expect((await pumped(policy)).trip?.budget).toBe('wide_prefix_day');
    const milder = { ...policy, wide_prefix_day: { minimum: 41 }, country_hour: { minimum: 0 } };
    expect((await pumped(milder)).trip).toBeUndefined();
  });

  it.each([
    ['an unknown budget', { prefix_hour: {} }],
    ['a country that is none', { by_country: { UK: {} } }],
    ['a negative ratio', { prefix_day: { ratio: -1 } }],
    ['an unknown key of a country', { by_country: { GB: { mode: 'off' } } }],
  ])('with %s is refused', (_name, policy) => {
    expect(v.safeParse(pumpingPolicy, policy).success).toBe(false);
  });
});

describe('the store', () => {
  it('is written once for a start, once more two seconds later, and read once', async () => {
    const { asked, store } = countingStore();
    const guard = breaker({ mode: 'deny' }, store);
    await start(guard, factsOf(1, 1), midnight);
    await guard.flush(midnight + 2 * second - 1);
    expect(asked.writes).toBe(1);
    await guard.flush(midnight + 2 * second);
    expect(asked.writes).toBe(2);
    expect(asked.reads).toBe(1);
    expect(asked.items).toBeLessThanOrEqual(100);
  });

  it('is written by a busy container once in two seconds for what it counts, whatever the traffic', async () => {
    const { asked, store } = countingStore();
    const guard = breaker({ mode: 'record' }, store);
    for (let at = 0; at < 10_000; at += 1) await start(guard, factsOf(1, at), midnight + at);
    // Ten seconds: a country and a range, five or six times each.
    expect(asked.writes).toBeLessThanOrEqual(12);
    expect(asked.reads).toBeLessThanOrEqual(5);
  });

  it('gets every count that was due, in whole numbers', async () => {
    const store = createMemoryCounters();
    const guard = breaker({ mode: 'record' }, store);
    for (let at = 0; at < 100; at += 1) guard.sent(factsOf(1, at), midnight);
    await guard.flush(midnight + 2 * second);
    await guard.flush(midnight + 4 * second);
    const found = await store.counters([0, 1, 2, 3].map((shard) => `pump#GB#${midnight / day}#${shard}`));
    expect(found.reduce((sum, { s0 = 0 }) => sum + s0, 0)).toBe(100);
  });

  it('shows a container what the others counted, some seconds late', async () => {
    const store = createMemoryCounters();
    const [here, there] = [breaker({ mode: 'deny' }, store), breaker({ mode: 'deny' }, store)];
    expect(await tripAt(there, factsOf(1, 1), midnight)).toBeUndefined();
    for (let at = 0; at < 20; at += 1) here.sent(factsOf(1, at), midnight);
    await here.flush(midnight);
    expect(await tripAt(there, factsOf(1, 1), midnight + 2_999)).toBeUndefined();
    expect(await tripAt(there, factsOf(1, 1), midnight + 3_000)).toBe('prefix_day');
  });

  it('that is down refuses nobody and is told of', async () => {
    const failures: string[] = [];
    const down = async () => {
      throw new Error('down');
    };
    const guard = new PumpingBreaker({
      store: { add: down, counters: down },
      policy: v.parse(pumpingPolicy, { mode: 'deny' }),
      random: () => 0,
      onFailure: (doing) => failures.push(doing),
    });
    expect(await start(guard, factsOf(1, 1), midnight)).toBe(true);
    await guard.flush(midnight + 2 * second);
    expect(failures).toEqual(['read', 'write', 'write']);
  });

  it('remembers a good day for a week: its people find the door open on the next Monday', async () => {
    const store = createMemoryCounters();
    const busy = breaker({ mode: 'record' }, store);
    for (let at = 0; at < 600; at += 1) {
      busy.sent({ country: 'GB', prefixes: [] }, midnight);
      busy.approved({ country: 'GB', prefixes: [] }, midnight);
    }
    // Written under the hour in which they were counted, however late the next request comes.
    await busy.flush(midnight + 5 * day);
    const unapproved = async (later: number) => {
      const guard = breaker({ mode: 'deny' }, store);
      const facts: PumpingFacts = { country: 'GB', prefixes: [] };
      let sent = 0;
      while (sent < 1_000 && (await start(guard, facts, midnight + later))) sent += 1;
      return sent;
    };
    // An hour may hold a sixth of a day's approvals, one and a half times over.
    expect(await unapproved(7 * day)).toBe(150);
    expect(await unapproved(8 * day + 2 * hour)).toBe(30);
  });

  it('holds nothing that a number could be read from', async () => {
    const keys: string[] = [];
    const store = createMemoryCounters();
    const guard = breaker(
      { mode: 'deny' },
      {
        counters: store.counters,
        add: (key, amounts, most, expiresAt) => {
          keys.push(`${key} ${Object.keys(amounts)}`);
          return store.add(key, amounts, most, expiresAt);
        },
      },
    );
    await start(guard, factsOf(5, 1234), midnight);
    await guard.flush(midnight + 2 * second);
    expect(keys).toHaveLength(2);
    expect(keys.join()).not.toMatch(/4474|44405|1234/);
  });
});
