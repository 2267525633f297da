import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BreakerParts, CircuitBreaker } from '../../functions/guard/circuit-breaker.ts';
import { breakerPolicy } from '../../functions/guard/policy/breaker-policy.ts';
import type { GuardStore } from '../../functions/guard/store/store.ts';
import { RunError } from '../../functions/runtime/errors.ts';
import { dynamoDbEngines, type RunningEngine } from '../support/guard-engines.ts';

/** Writes whatever the version, as a store without conditions would. */
const careless = (store: GuardStore): BreakerParts['store'] => ({
  load: (key, now) => store.load(key, now),
  async save(key, _version, document, now, expiresAt) {
    for (;;) {
      const { version } = await store.load(key, now);
      const saved = await store.save(key, version, document, now, expiresAt);
      if (saved !== null) return saved;
    }
  },
});

/** Lets 200 requests go at once to containers that know that the breaker is half open. */
const race = async (stores: readonly BreakerParts['store'][], start: number) => {
  let now = start;
  const changes: string[] = [];
  const breakers = stores.map(
    (store) =>
      new CircuitBreaker({
        store,
        policy: v.parse(breakerPolicy, undefined),
        clock: () => now,
        newId: randomUUID,
        onChange: (change) => changes.push(change),
      }),
  );
  const ask = async (request: number, twilio: () => Promise<void>): Promise<void> => {
    const breaker = breakers[request % breakers.length];
    const asked = await breaker?.ask(breaker.admit(), twilio);
    if (asked?.kind !== 'answered') throw asked?.error;
  };
  const fails = async () => {
    throw new RunError('upstream_timeout', { reason: 'twilio_timeout', effect: 'unknown', twilio: 'failed' });
  };
  for (let failure = 0; failure < 10; failure += 1) await ask(0, fails).catch(() => undefined);
  for (const container of breakers.keys())
    await expect(ask(container, fails)).rejects.toMatchObject({ details: { retryAfter: 15 } });

  now += 15_000;
  let asked = 0;
  const refusals: unknown[] = [];
  const { promise: allDecided, resolve: answer } = Promise.withResolvers<void>();
  // A probe waits until all the others are refused.
  const decided = () => {
    if (asked + refusals.length === 200) answer();
  };
  const probe = async () => {
    asked += 1;
    decided();
    await allDecided;
  };
  const requests = Array.from({ length: 200 }, (_, request) =>
    ask(request, probe).catch((refusal: unknown) => {
      refusals.push(refusal);
      decided();
    }),
  );
  await Promise.all(requests);
  return { asked, refusals, changes };
};

// The store's contract suite says why an engine is missing.
const present = dynamoDbEngines.filter(({ missing }) => missing === undefined);

describe.each(present)('the breaker’s only probe, on $name', (engine) => {
  let running: RunningEngine;
  beforeAll(async () => {
    running = await engine.start();
  });
  afterAll(() => running.close());

  const newStores = (containers: number) => Array.from({ length: containers }, () => running.newStore());

  test.each([4, 50])('is one of 200 requests at once to %i containers', async (containers) => {
    const stores = newStores(containers);
    for (let round = 0; round < 5; round += 1) {
      const start = 1_800_000_000_000 + containers * 864_000_000 + round * 3_600_000;
      const { asked, changes, refusals } = await race(stores, start);
      expect(asked).toBe(1);
      expect(refusals).toHaveLength(199);
      for (const refusal of refusals)
        expect(refusal).toMatchObject({
          code: 'upstream_unavailable',
          details: { reason: 'breaker_open', effect: 'none', retryAfter: 1 },
        });
      expect(changes).toEqual(['open', 'half_open', 'closed']);
    }
  });

  test('would be one of several if the store ignored versions', async () => {
    const { asked } = await race(newStores(4).map(careless), 1_900_000_000_000);
    expect(asked).toBeGreaterThan(1);
  });
});
