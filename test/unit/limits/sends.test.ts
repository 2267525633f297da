import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createGuardWorld, direct, http, noLimits, someNumber } from '../../support/guard-world.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const minute = 60_000;
const tenMinutes = 10 * minute;
const day = 24 * 60 * minute;
const otherNumber = '+15005550009';
const only = (limits: object) => ({ rate_limits: { ...noLimits, ...limits } });

describe('the resend cooldown', () => {
  test('ends at 30,000 ms and not one earlier', async () => {
    const world = createGuardWorld();
    await world.start({ caller: http('192.0.2.1') });
    world.pass(29_999);
    expect(await world.start({ caller: http('192.0.2.2') })).toMatchObject({
      kind: 'throttled',
      limit: 'resend_cooldown_seconds',
      retryAfter: 1,
    });
    world.pass(1);
    expect(await world.start({ caller: http('192.0.2.2') })).toMatchObject({ kind: 'sent' });
    expect(world.provider.sends).toHaveLength(2);
  });

  test('answers the caller of the first start again, until it ends', async () => {
    const world = createGuardWorld();
    const { sid } = await world.start({ caller: http('192.0.2.1') });
    world.pass(29_999);
    expect(await world.start({ caller: http('192.0.2.1') })).toMatchObject({
      kind: 'replayed',
      sid,
      hints: { replayed: true, nextSend: 1, expiresIn: 571 },
    });
    world.pass(1);
    expect(await world.start({ caller: http('192.0.2.1') })).toMatchObject({ kind: 'sent', sid });
    expect(world.provider.sends).toHaveLength(2);
  });

  test('holds for each channel on its own', async () => {
    const world = createGuardWorld();
    await world.start({ channel: 'sms' });
    expect(await world.start({ channel: 'call' })).toMatchObject({ kind: 'sent' });
    expect(await world.start({ channel: 'call' })).toMatchObject({ kind: 'replayed' });
  });

  test('holds for all services together, and another service is no replay', async () => {
    const world = createGuardWorld();
    await world.start();
    expect(await world.start({ service: `VA${'1'.repeat(32)}` })).toMatchObject({
      kind: 'throttled',
      retryAfter: 30,
    });
  });

  test('tells the next caller by identity before address', async () => {
    const world = createGuardWorld();
    await world.start({ caller: http('192.0.2.1', 'ada') });
    expect(await world.start({ caller: http('192.0.2.9', 'ada') })).toMatchObject({ kind: 'replayed' });
    expect(await world.start({ caller: http('192.0.2.1', 'eve') })).toMatchObject({ kind: 'throttled' });
    expect(await world.start({ caller: http('192.0.2.1') })).toMatchObject({ kind: 'throttled' });
  });

  test.each([0, null])('is off at %j', async (off) => {
    const world = createGuardWorld(only({ resend_cooldown_seconds: off }));
    for (let count = 0; count < 4; count += 1) expect((await world.start()).kind).toBe('sent');
    expect(world.provider.sends).toHaveLength(4);
  });

  test('is not lengthened by starts that it refuses', async () => {
    const world = createGuardWorld();
    await world.start({ caller: http('192.0.2.1') });
    for (let count = 0; count < 29; count += 1) {
      world.pass(1_000);
      expect((await world.start({ caller: http('192.0.2.2') })).retryAfter).toBe(29 - count);
    }
    world.pass(1_000);
    expect((await world.start({ caller: http('192.0.2.2') })).kind).toBe('sent');
  });
});

describe('a limit on sends', () => {
  const windows = [
    ['send_per_to_per_10m', tenMinutes],
    ['send_per_to_per_24h', day],
    ['send_per_ip_per_10m', tenMinutes],
    ['send_per_identity_per_10m', tenMinutes],
  ] as const;
  /** Each asks for the same thing by which the limit counts, and differs in all else. */
  const asks = (limit: string) => {
    let count = 0;
    return () => {
      count += 1;
      const byTo = limit.startsWith('send_per_to');
      return {
        to: byTo ? someNumber : `+1500555${1_000 + count}`,
        caller: http(
          limit === 'send_per_ip_per_10m' ? '192.0.2.1' : `198.51.100.${count}`,
          limit === 'send_per_identity_per_10m' ? 'ada' : `user ${count}`,
        ),
      };
    };
  };

  test.each(windows)('%s slides and ends to the millisecond', async (limit, window) => {
    for (const places of [1, 2, 3, 5]) {
      const world = createGuardWorld(only({ [limit]: places }));
      const ask = asks(limit);
      for (let count = 0; count < places; count += 1) {
        expect(await world.start(ask())).toMatchObject({ kind: 'sent' });
        world.pass(1_000);
      }
      world.pass(window - places * 1_000 - 1);
      expect(await world.start(ask())).toMatchObject({ kind: 'throttled', limit, retryAfter: 1 });
      world.pass(1);
      expect(await world.start(ask())).toMatchObject({ kind: 'sent' });
      const wait = places === 1 ? window / 1_000 : 1;
      expect(await world.start(ask())).toMatchObject({ kind: 'throttled', limit, retryAfter: wait });
    }
  });

  test.each(windows)('%s is off at 0 and null', async (limit) => {
    for (const off of [0, null]) {
      const world = createGuardWorld(only({ [limit]: off }));
      const ask = asks(limit);
      for (let count = 0; count < 4; count += 1) expect((await world.start(ask())).kind).toBe('sent');
    }
    expect.hasAssertions();
  });

  test('by address counts a whole IPv6 /64 and an IPv4-mapped address as one', async () => {
    const world = createGuardWorld(only({ send_per_ip_per_10m: 1 }));
    const from = (ip: string | undefined, to: string) =>
      world.start({ to, caller: { kind: 'http', ip } }).then(({ kind }) => kind);
    expect(await from('2001:db8::1', '+15005550001')).toBe('sent');
    expect(await from('2001:DB8:0:0:ffff::2%eth0', '+15005550002')).toBe('throttled');
    expect(await from('2001:db8:0:1::1', '+15005550003')).toBe('sent');
    expect(await from('::ffff:192.0.2.1', '+15005550004')).toBe('sent');
    expect(await from('192.0.2.1', '+15005550005')).toBe('throttled');
  });

  test('by address gives all who hide theirs one budget', async () => {
    const world = createGuardWorld(only({ send_per_ip_per_10m: 1 }));
    const kinds = [];
    for (const ip of [undefined, '', 'unknown', '192.0.2.1:443'])
      kinds.push(
        (await world.start({ to: `+1500555000${kinds.length}`, caller: { kind: 'http', ip } })).kind,
      );
    expect(kinds).toEqual(['sent', 'throttled', 'throttled', 'throttled']);
  });

  test('by address asks nothing of another Lambda that passes none on', async () => {
    const world = createGuardWorld(only({ send_per_ip_per_10m: 1 }));
    expect((await world.start({ to: '+15005550001', caller: direct })).kind).toBe('sent');
    expect((await world.start({ to: '+15005550002', caller: direct })).kind).toBe('sent');
    const passedOn = { kind: 'direct', ip: '192.0.2.1' } as const;
    expect((await world.start({ to: '+15005550003', caller: passedOn })).kind).toBe('sent');
    expect((await world.start({ to: '+15005550004', caller: passedOn })).kind).toBe('throttled');
  });

  test('lowered while in use counts what was sent before', async () => {
    const store = createMemoryStore();
    const before = createGuardWorld(only({ send_per_to_per_10m: 5 }), store);
    for (let count = 0; count < 4; count += 1) await before.start();
    const after = createGuardWorld(only({ send_per_to_per_10m: 2 }), store);
    after.pass(1_000);
    expect(await after.start()).toMatchObject({ kind: 'throttled', retryAfter: 599 });
  });

  test('larger than any list in memory is exact too', async () => {
    const world = createGuardWorld(only({ send_per_to_per_24h: 40 }));
    for (let count = 0; count < 40; count += 1) {
      expect((await world.start()).kind).toBe('sent');
      world.pass(15 * minute);
    }
    expect(await world.start()).toMatchObject({
      kind: 'throttled',
      retryAfter: (day - 40 * 15 * minute) / 1_000,
    });
  });
});

describe('a refused start', () => {
  test('spends nobody else’s budget', async () => {
    const world = createGuardWorld({ rate_limits: { resend_cooldown_seconds: 0, send_per_to_per_10m: 1 } });
    const caller = http('192.0.2.1', 'ada');
    await world.start({ caller: http('192.0.2.2', 'bob') });
    for (let count = 0; count < 20; count += 1)
      expect(await world.start({ caller })).toMatchObject({ limit: 'send_per_to_per_10m' });
    for (let count = 0; count < 5; count += 1)
      expect((await world.start({ caller, to: `+1500555010${count}` })).kind).toBe('sent');
    expect(await world.start({ caller, to: otherNumber })).toMatchObject({ kind: 'throttled' });
    expect((await world.start({ caller: http('192.0.2.3'), to: otherNumber })).kind).toBe('sent');
  });

  test('names the limit that lasts longest, which a retry then finds open', async () => {
    const world = createGuardWorld({
      rate_limits: { ...noLimits, resend_cooldown_seconds: 30, send_per_ip_per_10m: 1 },
    });
    const caller = http('192.0.2.1', 'ada');
    await world.start({ caller, to: otherNumber });
    world.pass(1_000);
    await world.start({ caller: http('192.0.2.2') });
    expect(await world.start({ caller })).toMatchObject({ limit: 'send_per_ip_per_10m', retryAfter: 599 });
  });
});

describe('a replay', () => {
  test('spends no budget of its caller', async () => {
    const world = createGuardWorld({ rate_limits: { send_per_ip_per_10m: 2, send_per_identity_per_10m: 2 } });
    const caller = http('192.0.2.1', 'ada');
    await world.start({ caller });
    for (let count = 0; count < 20; count += 1) expect((await world.start({ caller })).kind).toBe('replayed');
    expect((await world.start({ caller, to: otherNumber })).kind).toBe('sent');
  });

  test('spends no budget where it comes as the shared place has just aged', async () => {
    const inner = createMemoryStore();
    // The first start takes its place, and reserves the destination five seconds later.
    const world = createGuardWorld(
      { rate_limits: { ...noLimits, resend_cooldown_seconds: 30, send_per_ip_per_10m: 2 } },
      {
        ...inner,
        save: async (key, version, document, now, expiresAt) => {
          if (!blocked) return inner.save(key, version, document, now, expiresAt);
          blocked = false;
          world.pass(5_000);
          return null;
        },
      },
    );
    let blocked = true;
    const caller = http('192.0.2.1');
    expect((await world.start({ caller })).kind).toBe('sent');
    world.pass(26_000);
    expect((await world.start({ caller })).kind).toBe('replayed');
    expect((await world.start({ caller, to: otherNumber })).kind).toBe('sent');
  });
});

describe('a send', () => {
  const spent = http('192.0.2.1', 'ada');
  const one = only({
    send_per_to_per_10m: 1,
    send_per_to_per_24h: 1,
    send_per_ip_per_10m: 1,
    send_per_identity_per_10m: 1,
    resend_cooldown_seconds: 30,
  });

  test('that surely did not happen gives every budget back', async () => {
    const world = createGuardWorld(one);
    for (let count = 0; count < 10; count += 1)
      expect((await world.start({ caller: spent, fault: 'refused' })).kind).toBe('channel_unavailable');
    expect((await world.start({ caller: spent })).kind).toBe('sent');
    expect(world.provider.sends).toHaveLength(1);
  });

  test.each(['lost', 'vanished'] as const)('of which the answer %s keeps its budget', async (fault) => {
    const world = createGuardWorld(one);
    expect((await world.start({ caller: spent, fault })).kind).toBe('upstream_timeout');
    expect(await world.start({ caller: spent })).toMatchObject({ kind: 'throttled', retryAfter: 86_400 });
    expect(await world.start({ caller: spent, to: otherNumber })).toMatchObject({ retryAfter: 600 });
  });

  test('whose answer was lost can still be checked', async () => {
    const world = createGuardWorld();
    await world.start({ caller: spent, fault: 'lost' });
    expect(await world.check(world.code(), { caller: spent })).toMatchObject({ kind: 'approved' });
  });

  test('refused by Twilio until the verification runs out says when, to the second', async () => {
    const world = createGuardWorld({ rate_limits: noLimits });
    await world.start();
    for (let count = 0; count < 4; count += 1) {
      world.pass(60_000);
      await world.start();
    }
    expect(await world.start()).toMatchObject({ kind: 'max_attempts', retryAfter: 360 });
    world.pass(359_999);
    expect(await world.start()).toMatchObject({ kind: 'max_attempts', retryAfter: 1 });
    world.pass(1);
    expect(await world.start()).toMatchObject({ kind: 'sent' });
  });

  test('tells what may come next', async () => {
    const world = createGuardWorld();
    expect((await world.start()).hints).toEqual({ nextSend: 30, checksLeft: 5, expiresIn: 600 });
    world.pass(30_000);
    await world.start();
    world.pass(30_000);
    expect((await world.start()).hints).toEqual({ nextSend: 540, checksLeft: 5, expiresIn: 540 });
  });
});

describe('a start that died under way', () => {
  const dead = async (asked: { key?: string } = {}, policy: unknown = {}) => {
    const world = createGuardWorld(policy);
    Object.assign(world.provider, { start: () => new Promise(() => undefined) });
    void world.start({ caller: direct, ...asked });
    await new Promise((resolve) => setImmediate(resolve));
    const { provider } = createGuardWorld();
    Object.assign(world.provider, { start: provider.start });
    return world;
  };

  test('is waited for for seven seconds by an identical one', async () => {
    const world = await dead();
    const begun = world.now;
    expect(await world.start()).toMatchObject({ kind: 'upstream_timeout' });
    expect(world.now - begun).toBe(7_000);
  });

  test('is waited for no more after fifteen, and keeps its budget and cooldown', async () => {
    const world = await dead();
    world.pass(15_000);
    expect(await world.start()).toMatchObject({ kind: 'throttled', retryAfter: 15 });
    world.pass(15_000);
    expect(await world.start()).toMatchObject({ kind: 'sent', hints: { nextSend: 30 } });
  });

  test('leaves its idempotency key to the next after fifteen', async () => {
    const world = await dead({ key: 'k' }, { rate_limits: { resend_cooldown_seconds: 0 } });
    world.pass(7_999);
    expect(await world.start({ key: 'k' })).toMatchObject({ kind: 'upstream_timeout' });
    world.pass(1);
    expect(await world.start({ key: 'k' })).toMatchObject({ kind: 'sent' });
  });
});

describe('of two identical starts at once', () => {
  const one = only({ resend_cooldown_seconds: 30, send_per_ip_per_10m: 1 });
  const caller = http('192.0.2.1');

  test('the second holds a place of its own once Twilio has refused the first', async () => {
    const inner = createMemoryStore();
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let loads = 0;
    const world = createGuardWorld(one, {
      ...inner,
      async load(key, now) {
        loads += 1;
        if (loads === 1) await released;
        return await inner.load(key, now);
      },
    });
    // It has its place, and reads the destination only when the first is over.
    const second = world.start({ caller });
    expect((await world.start({ caller, fault: 'refused' })).kind).toBe('channel_unavailable');
    release();
    expect((await second).kind).toBe('sent');
    expect((await world.start({ caller, to: otherNumber })).kind).toBe('throttled');
  });

  test('the second sends when Twilio has refused the first, and both spend one place', async () => {
    const world = createGuardWorld(one);
    const kinds = await Promise.all([
      world.start({ caller, fault: 'refused' }),
      world.start({ caller }),
      world.start({ caller }),
    ]);
    expect(kinds.map(({ kind }) => kind).toSorted()).toEqual(['channel_unavailable', 'replayed', 'sent']);
    expect((await world.start({ caller, to: otherNumber })).kind).toBe('throttled');
    world.pass(600_000);
    expect((await world.start({ caller, to: otherNumber })).kind).toBe('sent');
  });
});

describe('an idempotency key', () => {
  test('answers with its first start for a day, whatever the cooldown', async () => {
    const world = createGuardWorld();
    const { sid } = await world.start({ key: 'k' });
    world.pass(31_000);
    expect(await world.start({ key: 'k' })).toMatchObject({ kind: 'replayed', sid });
    world.pass(day - 31_000 - 1_000);
    expect(await world.start({ key: 'k' })).toMatchObject({ kind: 'replayed', sid });
    world.pass(1_000);
    expect(await world.start({ key: 'k' })).toMatchObject({ kind: 'sent' });
    expect(world.provider.sends).toHaveLength(2);
  });

  test('with another payload is refused and spends nothing', async () => {
    const world = createGuardWorld({ rate_limits: { send_per_ip_per_10m: 2 } });
    const caller = http('192.0.2.1');
    await world.start({ caller, key: 'k', payload: 'a' });
    for (let count = 0; count < 9; count += 1)
      expect((await world.start({ caller, key: 'k', payload: 'b' })).kind).toBe('invalid_input');
    expect((await world.start({ caller, to: otherNumber, key: 'l' })).kind).toBe('sent');
  });

  test('of one caller means nothing for another', async () => {
    const world = createGuardWorld();
    await world.start({ caller: http('192.0.2.1'), key: 'k' });
    const other = { caller: http('192.0.2.2'), to: otherNumber, key: 'k', payload: 'other' };
    expect((await world.start(other)).kind).toBe('sent');
  });

  test('of a refused start is free again', async () => {
    const world = createGuardWorld();
    expect((await world.start({ key: 'k', fault: 'refused' })).kind).toBe('channel_unavailable');
    expect((await world.start({ key: 'k' })).kind).toBe('sent');
    expect((await world.start({ to: otherNumber, key: 'l', fault: 'refused' })).kind).toBe(
      'channel_unavailable',
    );
    expect((await world.start({ to: otherNumber, key: 'l', payload: 'fixed' })).kind).toBe('sent');
  });

  test('used by many at once sends once', async () => {
    const world = createGuardWorld({ rate_limits: noLimits });
    const kinds = await Promise.all(Array.from({ length: 50 }, () => world.start({ key: 'k' })));
    expect(kinds.filter(({ kind }) => kind === 'sent')).toHaveLength(1);
    expect(kinds.filter(({ kind }) => kind === 'replayed')).toHaveLength(49);
  });
});

test('Retry-After is tight on both sides under every mix of limits', async () => {
  const places = fc.integer({ min: 0, max: 4 });
  const mixes = fc.record({
    send_per_to_per_10m: places,
    send_per_to_per_24h: fc.integer({ min: 0, max: 6 }),
    send_per_ip_per_10m: places,
    send_per_identity_per_10m: places,
    resend_cooldown_seconds: fc.constantFrom(0, 1, 30, 600, 3_600),
  });
  const steps = fc.array(
    fc.record({
      pass: fc.oneof(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 0, max: 20 * minute })),
      who: fc.integer({ min: 0, max: 2 }),
      to: fc.integer({ min: 0, max: 1 }),
      channel: fc.constantFrom('sms', 'call'),
      fault: fc.constantFrom(undefined, undefined, undefined, 'refused', 'lost'),
    }),
    { minLength: 1, maxLength: 25 },
  );
  await fc.assert(
    fc.asyncProperty(mixes, steps, async (limits, schedule) => {
      const world = createGuardWorld({ rate_limits: limits });
      for (const { pass, who, to, channel, fault } of schedule) {
        world.pass(pass);
        const asked = {
          to: `+1500555000${to}`,
          caller: http(`192.0.2.${who === 2 ? 1 : who}`, who === 1 ? 'ada' : undefined),
          channel,
        } as const;
        const { kind, retryAfter = 0 } = await world.start({ ...asked, fault });
        if (kind !== 'throttled') continue;
        expect(retryAfter).toBeGreaterThan(0);
        world.pass((retryAfter - 1) * 1_000);
        expect((await world.start(asked)).kind).toBe('throttled');
        world.pass(1_000);
        expect((await world.start(asked)).kind).not.toBe('throttled');
      }
    }),
    { numRuns: 1_500 },
  );
});

describe('a write whose reply was lost', () => {
  test('is found again and taken for its own: one message goes out, at once', async () => {
    const store = createMemoryStore();
    let lost = false;
    const forgetful = {
      ...store,
      save: async (...write: Parameters<typeof store.save>) => {
        const version = await store.save(...write);
        if (lost || !write[0].startsWith('to#')) return version;
        lost = true;
        return null;
      },
    };
    const world = createGuardWorld({}, forgetful);
    const before = world.now;
    expect(await world.start({ caller: http('192.0.2.1') })).toMatchObject({ kind: 'sent' });
    expect(lost).toBe(true);
    expect(world.now).toBe(before);
    expect(world.provider.sends).toHaveLength(1);
  });
});
