import { describe, expect, test } from 'vitest';
import { RunError } from '../../../functions/runtime/errors.ts';
import { createGuardWorld, type GuardWorld, http, noLimits, wrongCode } from '../../support/guard-world.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const otherNumber = '+15005550009';
const only = (limits: object) => ({ rate_limits: { ...noLimits, ...limits } });
const ada = http('192.0.2.1', 'ada');

const started = async (policy: unknown = {}, caller = ada): Promise<GuardWorld> => {
  const world = createGuardWorld(policy);
  await world.start({ caller });
  return world;
};

describe('the cooldown after a wrong code', () => {
  test.each([
    [[], [0, 0, 0, 0]],
    [[60], [60, 60, 60, 60]],
    [
      [0, 0, 60, 60, 60],
      [0, 0, 60, 60],
    ],
    [
      [1, 2, 90],
      [1, 2, 90, 90],
    ],
    [
      [10, 0],
      [10, 0, 0, 0],
    ],
  ])('of %j lasts %j seconds after each', async (delays, waits) => {
    const world = await started(only({ cooldown_seconds_after_failed_check: delays }));
    for (const seconds of waits) {
      expect(await world.check(wrongCode, { caller: ada })).toMatchObject({ kind: 'wrong' });
      if (seconds === 0) continue;
      expect(await world.check(world.code(), { caller: ada })).toMatchObject({
        kind: 'throttled',
        limit: 'cooldown_seconds_after_failed_check',
        retryAfter: seconds,
      });
      world.pass(seconds * 1_000 - 1);
      expect(await world.check(world.code(), { caller: ada })).toMatchObject({ retryAfter: 1 });
      world.pass(1);
    }
    expect(await world.check(world.code(), { caller: ada })).toMatchObject({ kind: 'approved' });
  });

  test('begins anew after an approval', async () => {
    const world = await started(only({ cooldown_seconds_after_failed_check: [0, 60] }));
    await world.check(wrongCode, { caller: ada });
    await world.check(world.code(), { caller: ada });
    await world.start({ caller: ada });
    await world.check(wrongCode, { caller: ada });
    expect(await world.check(world.code(), { caller: ada })).toMatchObject({ kind: 'approved' });
  });

  test('begins anew after ten quiet minutes', async () => {
    const world = await started(only({ cooldown_seconds_after_failed_check: [0, 0, 60] }));
    await world.check(wrongCode, { caller: ada });
    await world.check(wrongCode, { caller: ada });
    world.pass(600_001);
    await world.start({ caller: ada });
    await world.check(wrongCode, { caller: ada });
    expect(await world.check(world.code(), { caller: ada })).toMatchObject({ kind: 'approved' });
  });

  test('longer than that is kept to its end', async () => {
    const world = await started(only({ cooldown_seconds_after_failed_check: [3_600] }));
    await world.check(wrongCode, { caller: ada });
    world.pass(3_599_999);
    await world.start({ caller: ada });
    expect(await world.check(world.code(), { caller: ada })).toMatchObject({
      kind: 'throttled',
      retryAfter: 1,
    });
    world.pass(1);
    expect(await world.check(world.code(), { caller: ada })).toMatchObject({ kind: 'approved' });
  });
});

describe('the limit on checks', () => {
  const five = only({ check_per_identity_per_10m: 5 });

  test.each([
    ['an identity', ada],
    ['a destination, where no identity is given', http('192.0.2.1')],
  ])('of %s outlives a resend and slides', async (_who, caller) => {
    const world = await started(only({ check_per_identity_per_10m: 2 }), caller);
    await world.check('111111', { caller });
    await world.check('222222', { caller });
    world.pass(540_000);
    await world.start({ caller });
    const refused = { kind: 'throttled', limit: 'check_per_identity_per_10m' };
    expect(await world.check(world.code(), { caller })).toMatchObject(refused);
    world.pass(59_000);
    expect(await world.check(world.code(), { caller })).toMatchObject({ ...refused, retryAfter: 1 });
    world.pass(1_000);
    await world.start({ caller });
    expect(await world.check(world.code(), { caller })).toMatchObject({ kind: 'approved' });
    expect(world.provider.guesses).toHaveLength(3);
  });

  test('says to the second when the next is judged', async () => {
    const world = await started(only({ check_per_identity_per_10m: 2 }));
    await world.check('111111', { caller: ada });
    world.pass(2_500);
    await world.check('222222', { caller: ada });
    world.pass(500);
    const refused = { kind: 'throttled', limit: 'check_per_identity_per_10m' };
    expect(await world.check(wrongCode, { caller: ada })).toMatchObject({ ...refused, retryAfter: 597 });
    world.pass(596_000);
    expect(await world.check(wrongCode, { caller: ada })).toMatchObject({ ...refused, retryAfter: 1 });
    world.pass(1_000);
    await world.start({ caller: ada });
    expect(await world.check(wrongCode, { caller: ada })).toMatchObject({ kind: 'wrong' });
  });

  test.each([0, null])('is off at %j, and Twilio still counts to five', async (off) => {
    const world = await started(only({ check_per_identity_per_10m: off }));
    for (let count = 0; count < 5; count += 1)
      expect((await world.check(wrongCode, { caller: ada })).kind).toBe('wrong');
    expect(await world.check(wrongCode, { caller: ada })).toMatchObject({ kind: 'max_attempts' });
  });

  test('counts no approved code', async () => {
    const world = createGuardWorld(five);
    for (let count = 0; count < 8; count += 1) {
      await world.start({ caller: ada });
      expect(await world.check(world.code(), { caller: ada })).toMatchObject({ kind: 'approved' });
    }
  });

  test.each(['refused', 'vanished', 'lost'] as const)('counts no code that was %s', async (fault) => {
    const world = await started({ rate_limits: { cooldown_seconds_after_failed_check: [60] } });
    for (let count = 0; count < 8; count += 1)
      expect((await world.check(wrongCode, { caller: ada, fault })).kind).not.toBe('wrong');
    const kind = fault === 'lost' ? 'max_attempts' : 'approved';
    expect(await world.check(world.code(), { caller: ada })).toMatchObject({ kind });
  });

  test('tells how many are left', async () => {
    const world = await started();
    const left = [];
    for (let count = 0; count < 5; count += 1) {
      left.push((await world.check(wrongCode, { caller: http('192.0.2.1', 'ada') })).hints.checksLeft);
      world.pass(60_000);
    }
    expect(left).toEqual([4, 3, 2, 1, 0]);
  });

  test('tells how many are left of a destination’s own, of which identities take none', async () => {
    const anonymous = http('192.0.2.1');
    const world = await started(only({ check_per_identity_per_10m: 3 }), anonymous);
    const sid = (await world.start({ caller: ada })).sid ?? undefined;
    expect((await world.check('111111', { caller: ada, sid })).hints).toEqual({
      checksLeft: 4,
      expiresIn: 600,
    });
    expect((await world.check('222222', { caller: anonymous })).hints.checksLeft).toBe(2);
    await world.check('333333', { caller: anonymous, fault: 'refused' });
    world.pass(540_000);
    expect((await world.check('444444', { caller: anonymous })).hints.checksLeft).toBe(1);
    world.pass(60_000);
    await world.start({ caller: anonymous });
    expect((await world.check('555555', { caller: anonymous })).hints.checksLeft).toBe(1);
  });
});

describe('a verification', () => {
  test('that was never started is not found', async () => {
    const world = createGuardWorld();
    expect(await world.check(wrongCode)).toMatchObject({ kind: 'no_verification' });
  });

  test('started elsewhere is judged all the same', async () => {
    const world = createGuardWorld();
    const { sid } = await world.provider.start(`VA${'0'.repeat(32)}`, otherNumber);
    const asked = { to: otherNumber, sid };
    expect(await world.check(world.code(asked), asked)).toMatchObject({ kind: 'approved', sid });
  });

  test('expires at its very millisecond', async () => {
    const world = await started();
    world.pass(599_999);
    expect(await world.check(wrongCode, { caller: ada })).toMatchObject({
      kind: 'wrong',
      hints: { expiresIn: 1 },
    });
    world.pass(1);
    expect(await world.check(wrongCode, { caller: ada })).toMatchObject({ kind: 'expired' });
    expect(world.provider.guesses).toHaveLength(1);
  });

  test('is not made to last by a resend', async () => {
    const world = await started();
    world.pass(599_000);
    expect(await world.start({ caller: ada })).toMatchObject({ kind: 'sent', hints: { expiresIn: 1 } });
    world.pass(1_000);
    expect(await world.check(wrongCode, { caller: ada })).toMatchObject({ kind: 'expired' });
  });

  test('that Twilio lost is called expired', async () => {
    const world = await started();
    const code = world.code();
    await world.provider.check(`VA${'0'.repeat(32)}`, '+15005550006', code);
    expect(await world.check(wrongCode, { caller: ada })).toMatchObject({ kind: 'expired' });
    expect(await world.check(wrongCode, { caller: ada })).toMatchObject({ kind: 'expired' });
    expect(world.provider.guesses).toHaveLength(2);
  });

  test('with five wrong codes refuses more until it runs out, and says when to the second', async () => {
    const world = await started(only({}));
    world.pass(10_400);
    for (let count = 0; count < 5; count += 1) await world.check(wrongCode, { caller: ada });
    expect(await world.check(world.code(), { caller: ada })).toMatchObject({
      kind: 'max_attempts',
      retryAfter: 590,
    });
    expect(world.provider.guesses).toHaveLength(5);
    expect(await world.start({ caller: ada })).toMatchObject({ kind: 'max_attempts', retryAfter: 590 });
    world.pass(589_000);
    expect(await world.start({ caller: ada })).toMatchObject({ kind: 'max_attempts', retryAfter: 1 });
    world.pass(1_000);
    expect(await world.start({ caller: ada })).toMatchObject({ kind: 'sent' });
    expect(await world.check(world.code(), { caller: ada })).toMatchObject({ kind: 'approved' });
  });

  test('that was approved is already used, and one that ran out expired', async () => {
    const world = await started();
    await world.check(world.code(), { caller: ada });
    expect(await world.check(wrongCode, { caller: ada })).toMatchObject({ kind: 'already_used' });
    const expired = await started();
    expired.pass(600_000);
    expect(await expired.check(wrongCode, { caller: ada })).toMatchObject({ kind: 'expired' });
  });

  test('that is over is not told from none where policy explains nothing', async () => {
    const world = await started({ explain_ended: false });
    await world.check(world.code(), { caller: ada });
    expect(await world.check(wrongCode, { caller: ada })).toMatchObject({ kind: 'no_verification' });
    world.pass(60_000);
    await world.start({ caller: ada });
    world.pass(600_000);
    expect(await world.check(wrongCode, { caller: ada })).toMatchObject({ kind: 'no_verification' });
  });

  test('of one service is none of another', async () => {
    const world = await started();
    const service = `VA${'1'.repeat(32)}`;
    expect(await world.check(world.code(), { caller: ada, service })).toMatchObject({
      kind: 'no_verification',
    });
    expect(await world.check(world.code(), { caller: ada })).toMatchObject({ kind: 'approved' });
  });

  test('that is over does not hide one whose send has not come back', async () => {
    const world = await started();
    await world.check(world.code(), { caller: ada });
    world.pass(60_000);
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const { start } = world.provider;
    Object.assign(world.provider, {
      start: (service: string, to: string) =>
        start(service, to).then(async (sent) => {
          await answered;
          return sent;
        }),
    });
    const starting = world.start({ caller: ada });
    await new Promise((resolve) => setImmediate(resolve));
    const code = world.code();
    expect(await world.check(code, { caller: ada })).toMatchObject({ kind: 'approved' });
    answer();
    expect(await starting).toMatchObject({ kind: 'sent' });
    expect(await world.check(code, { caller: ada })).toMatchObject({ kind: 'approved' });
    expect(await world.check(wrongCode, { caller: ada })).toMatchObject({ kind: 'already_used' });
  });

  test('whose send was lost stays approved when its code came back first', async () => {
    const world = createGuardWorld();
    const { start } = world.provider;
    Object.assign(world.provider, {
      start: async (service: string, to: string) => {
        await start(service, to);
        await world.check(world.code(), { caller: ada });
        return await start(service, otherNumber, 'lost');
      },
    });
    expect(await world.start({ caller: ada })).toMatchObject({ kind: 'upstream_timeout' });
    expect(await world.check(wrongCode, { caller: ada })).toMatchObject({ kind: 'already_used' });
  });
});

describe('two checks at once', () => {
  /** The provider judges only when both have come. */
  const together = async (world: GuardWorld, codes: readonly string[]) => {
    const { check } = world.provider;
    let come = 0;
    let release: () => void = () => undefined;
    const both = new Promise<void>((resolve) => {
      release = resolve;
    });
    Object.assign(world.provider, {
      check: async (...asked: Parameters<typeof check>) => {
        come += 1;
        if (come === codes.length) release();
        await both;
        return await check(...asked);
      },
    });
    return await Promise.all(codes.map((code) => world.check(code, { caller: ada })));
  };

  test('of the right code are both approved, though Twilio knows nothing of the second', async () => {
    const world = await started();
    const code = world.code();
    const outcomes = await together(world, [code, code]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['approved', 'approved']);
    expect(outcomes[1]?.sid).toBe(outcomes[0]?.sid);
    expect(world.provider.guesses.map(({ result }) => result)).toEqual(['approved', 'gone']);
  });

  test('of which the first is right leave it approved, whatever Twilio says of the other', async () => {
    const world = await started();
    const code = world.code();
    const [right] = await together(world, [code, wrongCode]);
    expect(right?.kind).toBe('approved');
    expect(await world.check(code, { caller: ada })).toMatchObject({ kind: 'approved' });
    expect(await world.check(wrongCode, { caller: ada })).toMatchObject({ kind: 'already_used' });
  });
});

describe('a verification that began while a check of the last one was under way', () => {
  const during = async (answer: (sid: string) => Promise<unknown>) => {
    const world = createGuardWorld({ rate_limits: noLimits });
    const { sid } = await world.start({ caller: ada });
    const { check } = world.provider;
    Object.assign(world.provider, {
      check: async () => {
        Object.assign(world.provider, { check });
        world.pass(600_000);
        await world.start({ caller: ada });
        return await answer(sid ?? '');
      },
    });
    return world;
  };

  test('is not ended by what Twilio did not know of the last', async () => {
    const world = await during(async () => {
      throw new RunError('no_verification', { reason: 'twilio_20404', effect: 'none' });
    });
    expect((await world.check(wrongCode, { caller: ada })).kind).toBe('expired');
    expect((await world.check(wrongCode, { caller: ada })).hints.checksLeft).toBe(4);
    expect((await world.check(world.code(), { caller: ada })).kind).toBe('approved');
  });

  test('is not approved by the approval of the last', async () => {
    const world = await during(async (sid) => ({ sid, approved: true }));
    expect((await world.check(wrongCode, { caller: ada })).kind).toBe('approved');
    expect((await world.check(wrongCode, { caller: ada })).kind).toBe('wrong');
    expect((await world.check(world.code(), { caller: ada })).kind).toBe('approved');
  });
});

describe('a sid', () => {
  test('other than that of the verification finds none and spends no guess', async () => {
    const world = await started();
    const sid = `VE${'f'.repeat(32)}`;
    for (let count = 0; count < 9; count += 1)
      expect(await world.check(world.code(), { caller: ada, sid })).toMatchObject({
        kind: 'no_verification',
      });
    expect(world.provider.guesses).toHaveLength(0);
    expect(await world.check(world.code(), { caller: ada })).toMatchObject({ kind: 'approved' });
  });

  test('of the verification is judged', async () => {
    const world = createGuardWorld();
    const { sid } = await world.start({ caller: ada });
    const given = sid ?? undefined;
    expect(await world.check(world.code(), { caller: ada, sid: given })).toMatchObject({
      kind: 'approved',
      sid,
    });
  });

  test('that must be given finds nothing where nothing was started', async () => {
    const world = createGuardWorld({ require_sid_on_check: true });
    const sid = `VE${'f'.repeat(32)}`;
    expect(await world.check(wrongCode, { sid })).toMatchObject({ kind: 'no_verification' });
    expect(world.provider.guesses).toHaveLength(0);
  });
});

describe('the approving code', () => {
  test('is answered again from our own record for 60 seconds', async () => {
    const world = await started();
    const code = world.code();
    const { sid } = await world.check(code, { caller: ada });
    world.pass(59_999);
    expect(await world.check(code, { caller: ada })).toMatchObject({ kind: 'approved', sid });
    world.pass(1);
    expect(await world.check(code, { caller: ada })).toMatchObject({ kind: 'already_used' });
    expect(world.provider.guesses).toHaveLength(1);
  });

  test('is not answered again once somebody tried another, even he himself', async () => {
    const world = await started();
    const code = world.code();
    await world.check(code, { caller: ada });
    expect(await world.check(wrongCode, { caller: ada })).toMatchObject({ kind: 'already_used' });
    expect(await world.check(code, { caller: ada })).toMatchObject({ kind: 'already_used' });
  });

  test('is hit by at most one of many who try all codes at once', async () => {
    const world = await started();
    const right = world.code();
    await world.check(right, { caller: ada });
    const codes = Array.from({ length: 200 }, (_, index) => `${Number(right) - 1 + index}`);
    const kinds = await Promise.all(codes.map((code) => world.check(code, { caller: ada })));
    expect(kinds.filter(({ kind }) => kind === 'approved')).toHaveLength(0);
  });

  test('is not answered to a stranger, who does not end it either', async () => {
    const world = await started();
    const code = world.code();
    await world.check(code, { caller: ada });
    const stranger = { caller: http('198.51.100.1') };
    expect(await world.check(code, stranger)).toMatchObject({ kind: 'already_used' });
    expect(await world.check(wrongCode, stranger)).toMatchObject({ kind: 'already_used' });
    expect(await world.check(code, { caller: ada })).toMatchObject({ kind: 'approved' });
  });

  test('given many times at once is approved each time, and by Twilio once', async () => {
    for (const caller of [ada, http('192.0.2.1')]) {
      const world = await started({}, caller);
      const code = world.code();
      const kinds = await Promise.all(Array.from({ length: 50 }, () => world.check(code, { caller })));
      expect(kinds.map(({ kind }) => kind)).toEqual(Array(50).fill('approved'));
      expect(world.provider.guesses.filter(({ result }) => result === 'approved')).toHaveLength(1);
      expect(world.provider.guesses.length).toBeLessThanOrEqual(5);
    }
  });

  test('spends nobody’s guesses when it is given many times at once', async () => {
    const world = await started();
    const code = world.code();
    await Promise.all(Array.from({ length: 50 }, () => world.check(code, { caller: ada })));
    await world.start({ caller: ada, to: otherNumber });
    for (let count = 0; count < 5; count += 1) {
      expect(await world.check(wrongCode, { caller: ada, to: otherNumber })).toMatchObject({ kind: 'wrong' });
      world.pass(60_000);
    }
  });
});

describe('a store that is down', () => {
  const down = () => {
    const fail = async () => {
      throw new RunError('store_unavailable', { retryAfter: 5 });
    };
    return { ...createMemoryStore(), load: fail, save: fail, take: fail, adopt: fail, giveBack: fail };
  };

  test.each([
    ['deny', 'store_unavailable', 0],
    ['allow', 'sent', 1],
  ])('makes a start %s', async (start, kind, sends) => {
    const world = createGuardWorld({ on_store_failure: { start } }, down());
    expect(await world.start({ caller: ada })).toMatchObject({ kind });
    expect(world.provider.sends).toHaveLength(sends);
    expect(world.storeFailures).toContain(start === 'deny' ? 'start denied' : 'start allowed');
  });

  test.each([
    ['deny', 'store_unavailable', 0],
    ['allow', 'no_verification', 1],
  ])('makes a check %s', async (check, kind, guesses) => {
    const world = createGuardWorld({ on_store_failure: { check } }, down());
    expect(await world.check(wrongCode, { caller: ada })).toMatchObject({ kind });
    expect(world.provider.guesses).toHaveLength(guesses);
    expect(world.storeFailures).toContain(check === 'deny' ? 'check denied' : 'check allowed');
  });

  test('for the destination alone leaves the caller’s budgets as they were', async () => {
    const inner = createMemoryStore();
    const broken = { ...down(), take: inner.take, giveBack: inner.giveBack };
    const limits = { rate_limits: { send_per_ip_per_10m: 1, check_per_identity_per_10m: 1 } };
    const before = createGuardWorld({ ...limits, on_store_failure: { check: 'deny' } }, broken);
    await before.start({ caller: ada });
    await before.check(wrongCode, { caller: ada });
    const after = createGuardWorld(limits, inner);
    expect(await after.start({ caller: ada })).toMatchObject({ kind: 'sent' });
    expect(await after.check(wrongCode, { caller: ada })).toMatchObject({ kind: 'wrong' });
  });

  test('with an ill-formed document admits nothing', async () => {
    const inner = createMemoryStore();
    const world = createGuardWorld(
      {},
      { ...inner, load: async () => ({ version: 3, document: { sends: 'x' } }) },
    );
    expect(await world.start({ caller: ada })).toMatchObject({ kind: 'store_unavailable' });
    expect(world.provider.sends).toHaveLength(0);
  });
});

describe('a wrong code repeated', () => {
  test('is refused at once: it can not prove right any more, so nobody waits for it', async () => {
    const world = createGuardWorld({ rate_limits: { cooldown_seconds_after_failed_check: [60] } });
    await world.start();
    expect(await world.check(wrongCode)).toMatchObject({ kind: 'wrong' });
    const before = world.now;
    for (let again = 0; again < 5; again += 1)
      expect(await world.check(wrongCode)).toMatchObject({ kind: 'throttled', retryAfter: 60 });
    // One look for a guess so new that it did not show yet is allowed for, not the wait for one on its way.
    expect(world.now - before).toBeLessThanOrEqual(500);
  });
});
