import { describe, expect, test } from 'vitest';
import { emptyState, type LastSend, withSend } from '../../../functions/guard/limits/destination-state.ts';
import { decideSend, destinationWaits, type SendAsk } from '../../../functions/guard/limits/send-rules.ts';
import { parsePolicy } from '../../../functions/guard/policy/policy.ts';
import { callerKeys } from '../../../functions/guard/request/caller-keys.ts';
import { createKeyedHash } from '../../../functions/privacy/keyed-hash.ts';
import { createGuardWorld, direct, http, noLimits } from '../../support/guard-world.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const now = Date.UTC(2026, 0, 1);
const tenMinutes = 600_000;
const only = (limits: object) => ({ rate_limits: { ...noLimits, ...limits } });
const caller = callerKeys(http('192.0.2.1'), createKeyedHash('a key for tests only'));
const asked: SendAsk = { id: 'two', now, channel: 'sms', service: 'service', caller };

const sentAt = (at: number, differs: Partial<LastSend> = {}) =>
  withSend(
    emptyState,
    'sms',
    { at, id: 'one', by: caller.by, service: 'service', state: 'sent', sid: 'VE1', ...differs },
    false,
    10,
  );

describe('a start', () => {
  test('waits for an identical one on its way for less than fifteen seconds', () => {
    const kindAfter = (age: number) =>
      decideSend(sentAt(now - age, { state: 'flying', sid: null }), asked, parsePolicy({}), []).kind;
    expect([kindAfter(14_999), kindAfter(15_000)]).toEqual(['wait', 'refuse']);
  });

  test('is admitted at the very millisecond at which a place is free, whatever place it shares', () => {
    const joined = [{ limit: 'send_per_ip_per_10m', freeAt: now + 5_000 }] as const;
    const policy = parsePolicy(only({ send_per_to_per_10m: 1 }));
    const kindAfter = (age: number) => decideSend(sentAt(now - age), asked, policy, [], joined).kind;
    expect([kindAfter(tenMinutes - 1), kindAfter(tenMinutes), kindAfter(tenMinutes + 1)]).toEqual([
      'refuse',
      'reserve',
      'reserve',
    ]);
  });

  test('is told how long it shares a place, where the destination refuses it', () => {
    const joined = [{ limit: 'send_per_ip_per_10m', freeAt: now + 5_000 }] as const;
    const policy = parsePolicy(only({ send_per_to_per_10m: 1 }));
    expect(decideSend(sentAt(now - tenMinutes + 1), asked, policy, [], joined)).toMatchObject({
      refusal: { limit: 'send_per_ip_per_10m', retryAfter: 5 },
    });
  });

  test('is held up by no cooldown that is off, though another instance’s clock is ahead', () => {
    expect(destinationWaits(sentAt(now + 5), asked, parsePolicy({ rate_limits: noLimits }))).toEqual([]);
    expect(destinationWaits(sentAt(now + 5), asked, parsePolicy({}))).toEqual([
      { limit: 'resend_cooldown_seconds', freeAt: now + 30_005 },
    ]);
  });
});

test('an identical start is admitted after one that died before it was written down', async () => {
  const inner = createMemoryStore();
  let dying = true;
  const world = createGuardWorld(only({ resend_cooldown_seconds: 30, send_per_ip_per_10m: 1 }), {
    ...inner,
    save: async (...write) => (dying ? new Promise(() => undefined) : await inner.save(...write)),
  });
  const asking = { caller: http('192.0.2.1') };
  void world.start(asking);
  await new Promise((resolve) => setImmediate(resolve));
  dying = false;
  expect(await world.start(asking)).toMatchObject({ kind: 'sent' });
  expect(await world.start({ ...asking, to: '+15005550009' })).toMatchObject({ kind: 'throttled' });
});

describe('on a number that somebody has verified', () => {
  const verified = async () => {
    const world = createGuardWorld(only({ send_per_to_per_10m: 3 }));
    const owner = { caller: http('192.0.2.1', 'owner') };
    await world.start(owner);
    await world.check(world.code(), owner);
    world.pass(tenMinutes);
    return { world, owner };
  };
  const stranger = (number: number) => ({ caller: http(`198.51.100.${number}`) });

  test('strangers share the part of its sends that is not kept for the owner', async () => {
    const { world, owner } = await verified();
    expect((await world.start(stranger(1))).kind).toBe('sent');
    expect((await world.start(stranger(2))).kind).toBe('sent');
    expect(await world.start(stranger(3))).toMatchObject({ limit: 'send_per_to_per_10m', retryAfter: 600 });
    expect((await world.start(owner)).kind).toBe('sent');
    expect((await world.start(owner)).kind).toBe('throttled');
  });

  test('the owner’s sends take nothing of the strangers’ part while there is room', async () => {
    const { world, owner } = await verified();
    expect((await world.start(owner)).kind).toBe('sent');
    expect((await world.start(stranger(1))).kind).toBe('sent');
    expect((await world.start(stranger(2))).kind).toBe('sent');
    expect((await world.start({ caller: direct })).kind).toBe('throttled');
  });
});

describe('an idempotency key', () => {
  test('refused for another payload says which field to change', async () => {
    const world = createGuardWorld();
    await world.start({ key: 'k', payload: 'a' });
    const reservation = await world.limits.send({ key: 'k', payload: 'b' });
    const none = Promise.resolve({ unverified: undefined, verified: undefined });
    expect(await reservation.reserve(none)).toMatchObject({
      kind: 'refused',
      error: {
        code: 'invalid_input',
        details: { sentence: expect.stringMatching(/^idempotency_key was used with another input; give/) },
      },
    });
  });

  /** A key whose start died fifteen seconds ago. */
  const abandoned = async (store = createMemoryStore()) => {
    const world = createGuardWorld({ rate_limits: noLimits }, store);
    const { start } = world.provider;
    Object.assign(world.provider, { start: () => new Promise(() => undefined) });
    void world.start({ key: 'k' });
    for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    Object.assign(world.provider, { start });
    world.pass(15_000);
    return world;
  };

  test('that a dead start left behind is free at once after fifteen seconds', async () => {
    const world = await abandoned();
    const before = world.now;
    expect([(await world.start({ key: 'k' })).kind, world.now]).toEqual(['sent', before]);
  });

  test('that a dead start left behind is taken over by one of many', async () => {
    const inner = createMemoryStore();
    let loads = 0;
    // Each later one reads the destination later, when an earlier one may have written it.
    const world = await abandoned({
      ...inner,
      load: async (key, now) => {
        if (key.startsWith('to#')) loads += 1;
        for (let turns = key.startsWith('to#') ? loads : 0; turns > 0; turns -= 1)
          await new Promise((resolve) => setImmediate(resolve));
        return await inner.load(key, now);
      },
    });
    await Promise.all(Array.from({ length: 10 }, () => world.start({ key: 'k' })));
    expect(world.provider.sends).toHaveLength(1);
  });

  test('is still the start’s own when somebody else was faster at its destination', async () => {
    const inner = createMemoryStore();
    let lost = false;
    const world = createGuardWorld(
      { rate_limits: noLimits },
      {
        ...inner,
        save: async (key, ...write) => {
          if (lost || !key.startsWith('to#')) return await inner.save(key, ...write);
          lost = true;
          return null;
        },
      },
    );
    const before = world.now;
    const { kind, sid } = await world.start({ key: 'k' });
    expect([kind, world.now, lost]).toEqual(['sent', before, true]);
    expect(await world.start({ key: 'k' })).toMatchObject({ kind: 'replayed', sid });
  });
});
