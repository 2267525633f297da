import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import {
  type BreakerState,
  closedBreaker,
  withCounts,
  withProbe,
} from '../../../functions/guard/breaker-state.ts';
import { CircuitBreaker } from '../../../functions/guard/circuit-breaker.ts';
import { breakerPolicy } from '../../../functions/guard/policy/breaker-policy.ts';
import type { GuardStore } from '../../../functions/guard/store/store.ts';
import { RunError } from '../../../functions/runtime/errors.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const second = 1_000;
const begun = 1_800_000_000 * second;
const day = 24 * 3_600 * second;
const policy = v.parse(breakerPolicy, {});
const opened = withCounts(closedBreaker, [[begun / second, 0, 10]], begun, policy);

/** One container over a store that counts what is asked of it. */
const container = (raw: object = {}, store: Pick<GuardStore, 'load' | 'save'> = createMemoryStore()) => {
  const asked = { now: begun, loads: 0, saves: 0, changes: [] as string[] };
  let ids = 0;
  const breaker = new CircuitBreaker({
    store: {
      load: (...request) => {
        asked.loads += 1;
        return store.load(...request);
      },
      save: (...request) => {
        asked.saves += 1;
        return store.save(...request);
      },
    },
    policy: v.parse(breakerPolicy, raw),
    clock: () => asked.now,
    newId: () => {
      ids += 1;
      return `id${ids}`;
    },
    onChange: (change) => asked.changes.push(change),
  });
  const twilio = async (answer: () => string) => {
    const asked = await breaker.ask(breaker.admit(), async () => answer());
    if (asked.kind !== 'answered') throw asked.error;
    return asked.value;
  };
  const fail = () =>
    twilio(() => {
      throw new RunError('upstream_error', { reason: 'twilio_20500', effect: 'unknown', twilio: 'failed' });
    }).catch((thrown: unknown) => (thrown instanceof RunError ? thrown.details.reason : thrown));
  return Object.assign(asked, {
    breaker,
    fail,
    succeed: () => twilio(() => 'answered'),
    pass: (milliseconds: number) => {
      asked.now += milliseconds;
    },
  });
};

/** Puts a document where a container will find it. */
const holding = async (state: BreakerState) => {
  const store = createMemoryStore();
  await store.save('breaker', 0, state, begun, begun + day);
  return store;
};

test('a breaker that is off gives what Twilio gave, and asks nobody else', async () => {
  const one = container({ mode: 'off' });
  for (let count = 0; count < 20; count += 1) expect(await one.fail()).toBe('twilio_20500');
  expect(await one.succeed()).toBe('answered');
  await one.breaker.admit().refreshed;
  expect([one.loads, one.saves, one.changes]).toEqual([0, 0, []]);
});

test('a container whose probe failed probes again when it is time', async () => {
  const one = container();
  for (let count = 0; count < 10; count += 1) await one.fail();
  expect(one.breaker.admit().refusal?.code).toBe('upstream_unavailable');
  one.pass(15 * second);
  expect(await one.fail()).toBe('twilio_20500');
  one.pass(30 * second);
  expect(await one.succeed()).toBe('answered');
  expect(one.changes).toEqual(['open', 'half_open', 'open', 'half_open', 'closed']);
});

describe('without the store', () => {
  const down = async () => {
    throw new RunError('store_unavailable');
  };

  test('a failure counts once, however often it could not be told', async () => {
    const one = container({}, { load: down, save: down });
    for (let count = 0; count < 9; count += 1) {
      expect(await one.fail()).toBe('twilio_20500');
      one.pass(second);
    }
    expect([await one.succeed(), one.changes]).toEqual(['answered', []]);
    await one.fail();
    expect(one.changes).toEqual(['open']);
  });
});

describe('where others write first', () => {
  test('a failure is offered three times and then told later', async () => {
    const { load } = createMemoryStore();
    const one = container({}, { load, save: async () => null });
    await one.fail();
    expect(one.saves).toBe(3);
  });

  test('nothing more is written to a breaker that they have opened', async () => {
    const store = await holding(closedBreaker);
    const one = container({}, store);
    await one.succeed();
    const { version } = await store.load('breaker', begun);
    await store.save('breaker', version, opened, begun, begun + day);
    expect(await one.fail()).toBe('twilio_20500');
    expect([one.saves, one.changes]).toEqual([1, []]);
    expect(one.breaker.admit().refusal?.code).toBe('upstream_unavailable');
  });
});

test('a request that waits for no reading of its own waits for the one that goes on', async () => {
  const probing = withProbe(opened, 'other', begun + 15 * second);
  const store = await holding(probing);
  let gate = Promise.resolve();
  const one = container({}, { ...store, load: (...asked) => gate.then(() => store.load(...asked)) });
  one.pass(16 * second);
  await one.breaker.admit().refreshed;
  one.pass(second);
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  const looking = one.breaker.admit();
  one.pass(14 * second);
  const { refreshed } = one.breaker.admit();
  let isDone = false;
  const done = refreshed.then(() => {
    isDone = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isDone).toBe(false);
  resolve();
  await Promise.all([done, looking.refreshed]);
  expect(one.loads).toBe(2);
});
