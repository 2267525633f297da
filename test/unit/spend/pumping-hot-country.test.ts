import * as v from 'valibot';
import { expect, it } from 'vitest';
import { pumpingPolicy } from '../../../functions/guard/policy/spend-policy.ts';
import { PumpingBreaker } from '../../../functions/guard/spend/pumping.ts';
import { createMemoryCounters } from '../../../local/policy/memory-counters.ts';

/** What DynamoDB writes to one item in a second (its partition's limit, in units of 1 kB). */
const itemLimit = 1_000;

it('a country that a thousand containers send to all at once throttles no item', async () => {
  const midnight = Date.UTC(2026, 10, 21);
  const inner = createMemoryCounters();
  const writes = new Map<string, number>();
  let second = 0;
  const store: typeof inner = {
    ...inner,
    add(key, ...rest) {
      const id = `${second} ${key}`;
      writes.set(id, (writes.get(id) ?? 0) + 1);
      return inner.add(key, ...rest);
    },
  };
  const policy = v.parse(pumpingPolicy, { mode: 'record' });
  const fleet = Array.from(
    { length: 1_000 },
    () => new PumpingBreaker({ store, policy, random: Math.random, onFailure: () => expect.unreachable() }),
  );
  const facts = { country: 'IN', prefixes: [] };
  let sent = 0;
  for (let now = 0; now < 10_000; now += 500) {
    second = Math.floor(now / 1_000);
    for (const container of fleet) {
      container.sent(facts, midnight + now);
      sent += 1;
      await container.flush(midnight + now);
    }
  }
  expect(Math.max(...writes.values())).toBeLessThan(itemLimit * 0.6);
  // What is kept back is written with what comes next, and nothing is lost.
  for (const container of fleet) await container.flush(midnight + 12_000);
  const today = midnight / 86_400_000;
  const held = await store.counters([0, 1].map((shard) => `pump#IN#${today}#${shard}`));
  expect(held.reduce((sum, { s0 = 0 }) => sum + s0, 0)).toBe(sent);
});
