import { describe, expect, test } from 'vitest';
import type { GuardStore } from '../../../functions/guard/store/store.ts';
import { RunError } from '../../../functions/runtime/errors.ts';
import { createGuardWorld, type GuardWorld, http, noLimits } from '../../support/guard-world.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const otherNumber = '+15005550009';
const only = (limits: object) => ({ rate_limits: { ...noLimits, ...limits } });
const one = only({ send_per_ip_per_10m: 1, resend_cooldown_seconds: 30 });
const asking = { caller: http('192.0.2.1') };
const elsewhere = { ...asking, to: otherNumber };
const turn = () => new Promise((resolve) => setImmediate(resolve));
const reserve = async (world: GuardWorld) =>
  await (await world.limits.send()).reserve(Promise.resolve({ unverified: undefined, verified: undefined }));

describe('a caller’s place', () => {
  test('counts from when the message went out, not from when it was taken', async () => {
    const inner = createMemoryStore();
    let outrun = true;
    const world = createGuardWorld(one, {
      ...inner,
      save: async (...write) => {
        if (!outrun) return await inner.save(...write);
        outrun = false;
        world.pass(5_000);
        return null;
      },
    });
    expect((await world.start(asking)).kind).toBe('sent');
    world.pass(595_000);
    expect(await world.start(elsewhere)).toMatchObject({ kind: 'throttled', retryAfter: 5 });
    world.pass(5_000);
    expect((await world.start(elsewhere)).kind).toBe('sent');
  });

  test('that a dead start left behind is taken over by the identical one that sends', async () => {
    const inner = createMemoryStore();
    let dying = true;
    const world = createGuardWorld(one, {
      ...inner,
      save: async (...write) => (dying ? new Promise(() => undefined) : await inner.save(...write)),
    });
    void world.start(asking);
    await turn();
    dying = false;
    world.pass(10_000);
    expect((await world.start(asking)).kind).toBe('sent');
    world.pass(590_000);
    expect(await world.start(elsewhere)).toMatchObject({ kind: 'throttled', retryAfter: 10 });
  });

  /** A start whose caller's window turns out full after its destination was reserved. */
  const outpaced = (change: Partial<GuardStore>) => {
    const inner = createMemoryStore();
    let dying = true;
    const store = {
      ...inner,
      ...change,
      save: async (...write: Parameters<GuardStore['save']>) =>
        dying ? await new Promise<null>(() => undefined) : await inner.save(...write),
    };
    const world = createGuardWorld(one, store);
    const begin = async () => {
      void world.start(asking);
      await turn();
      dying = false;
    };
    return { world, begin };
  };

  test('that was lost to others refuses the start, and its destination is as it was', async () => {
    const { world, begin } = outpaced({
      adopt: async ({ now }) => ({ kind: 'full', freeAt: now + 7_000 }),
    });
    await begin();
    expect(await world.start(asking)).toMatchObject({
      kind: 'throttled',
      limit: 'send_per_ip_per_10m',
      retryAfter: 7,
    });
    expect(world.provider.sends).toEqual([]);
    expect((await world.start({ caller: http('192.0.2.2') })).kind).toBe('sent');
  });

  test('that can not be taken for the store refuses the start, and its destination is as it was', async () => {
    const { world, begin } = outpaced({
      adopt: async () => {
        throw new RunError('store_unavailable', { reason: 'dynamodb' });
      },
    });
    await begin();
    expect((await world.start(asking)).kind).toBe('store_unavailable');
    expect((await world.start({ caller: http('192.0.2.2') })).kind).toBe('sent');
  });
});

test('a key first given within the cooldown answers with that start from then on', async () => {
  const world = createGuardWorld();
  const { sid } = await world.start();
  expect(await world.start({ key: 'k' })).toMatchObject({ kind: 'replayed', sid });
  world.pass(60_000);
  expect(await world.start({ key: 'k' })).toMatchObject({ kind: 'replayed', sid });
  expect(world.provider.sends).toHaveLength(1);
});

test('a caller that waits in vain for an identical start is told that it may have happened', async () => {
  const world = createGuardWorld();
  await reserve(world);
  expect(await reserve(world)).toMatchObject({
    kind: 'refused',
    error: { code: 'upstream_timeout', details: { reason: 'identical_start', effect: 'unknown' } },
  });
});

test('without a store, where policy allows, a start answers with what Twilio said', async () => {
  const down = async () => {
    throw new RunError('store_unavailable', { reason: 'dynamodb' });
  };
  const store = { ...createMemoryStore(), load: down };
  const world = createGuardWorld({ on_store_failure: { start: 'allow', check: 'allow' } }, store);
  const { kind, sid } = await world.start();
  expect([kind, sid]).toEqual(['sent', `VE${'1'.padStart(32, '0')}`]);
  expect(await world.check('000000')).toMatchObject({ kind: 'wrong', sid: null, hints: {} });
  expect(await world.check(world.code())).toMatchObject({ kind: 'approved', sid, hints: {} });
});

test('a start tells how many checks its verification has left', async () => {
  const world = createGuardWorld({ rate_limits: noLimits });
  const left: unknown[] = [];
  for (const wrong of ['111111', '222222', '333333']) {
    left.push((await world.start()).hints.checksLeft);
    await world.check(wrong);
  }
  expect(left).toEqual([5, 4, 3]);
});
