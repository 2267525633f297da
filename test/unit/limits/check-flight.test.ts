import { describe, expect, test } from 'vitest';
import { RunError } from '../../../functions/runtime/errors.ts';
import { createGuardWorld, type GuardWorld, http, noLimits, wrongCode } from '../../support/guard-world.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const service = `VA${'0'.repeat(32)}`;
const number = '+15005550006';
const ada = { caller: http('192.0.2.1', 'ada') };
const cooldown = { rate_limits: { ...noLimits, cooldown_seconds_after_failed_check: [60] } };
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Lets a check die after it was written down, with Twilio asked or not. */
const dying = async (world: GuardWorld, code: string, asked: boolean): Promise<void> => {
  const { check } = world.provider;
  Object.assign(world.provider, {
    check: async (...request: Parameters<typeof check>) => {
      if (asked) await check(...request);
      return await new Promise(() => undefined);
    },
  });
  void world.check(code, ada);
  for (let turns = 0; turns < 5; turns += 1) await turn();
  Object.assign(world.provider, { check });
};

/** How long an answer took, and what it was. */
const timed = async (world: GuardWorld, code: string) => {
  const begun = world.now;
  const { kind } = await world.check(code, ada);
  return [kind, world.now - begun];
};

describe('a check that a limit refuses', () => {
  const refused = async (policy: object = cooldown) => {
    const world = createGuardWorld(policy);
    await world.start(ada);
    await dying(world, wrongCode, false);
    return world;
  };

  test('waits two seconds for the same code on its way, and no more', async () => {
    expect(await timed(await refused(), wrongCode)).toEqual(['throttled', 2_000]);
  });

  test('waits for no other code', async () => {
    expect(await timed(await refused(), '111111')).toEqual(['throttled', 0]);
  });

  test('waits for none that has been on its way for seven seconds', async () => {
    const world = await refused();
    world.pass(7_000);
    expect(await timed(world, wrongCode)).toEqual(['throttled', 0]);
    const almost = await refused();
    almost.pass(6_950);
    expect(await timed(almost, wrongCode)).toEqual(['throttled', 100]);
  });

  test('waits for none where the verification is over', async () => {
    const world = await refused({ rate_limits: noLimits });
    await world.provider.check(service, number, world.code());
    expect((await world.check('111111', ada)).kind).toBe('expired');
    expect(await timed(world, wrongCode)).toEqual(['expired', 0]);
  });

  test('does not wait for codes that were judged wrong, however many', async () => {
    const world = createGuardWorld({
      rate_limits: { ...noLimits, cooldown_seconds_after_failed_check: [0, 0, 60] },
    });
    await world.start(ada);
    for (const code of ['111111', '222222', '333333']) await world.check(code, ada);
    for (const code of ['111111', '222222', '333333'])
      expect(await timed(world, code)).toEqual(['throttled', 0]);
  });
});

describe('a code that Twilio knows nothing of', () => {
  test('is not waited for where nobody else has given it', async () => {
    const world = createGuardWorld();
    await world.start(ada);
    await world.provider.check(service, number, world.code());
    expect(await timed(world, wrongCode)).toEqual(['expired', 0]);
  });

  test('is waited for two seconds where somebody has, who died before he wrote it down', async () => {
    const world = createGuardWorld({ rate_limits: noLimits });
    await world.start(ada);
    const code = world.code();
    await dying(world, code, true);
    expect(await timed(world, code)).toEqual(['expired', 2_000]);
  });

  test('is not approved by the approval of another that came meanwhile', async () => {
    const world = createGuardWorld({ rate_limits: noLimits });
    await world.start(ada);
    const { check } = world.provider;
    const code = world.code();
    const approving = Promise.withResolvers<void>();
    Object.assign(world.provider, {
      check: async (...request: Parameters<typeof check>) => {
        if (request[2] === wrongCode) await approving.promise;
        return await check(...request);
      },
    });
    const wrong = world.check(wrongCode, ada);
    await turn();
    expect((await world.check(code, ada)).kind).toBe('approved');
    approving.resolve();
    expect(await wrong).toMatchObject({ kind: 'already_used', sid: null });
  });

  test('of a verification that was never started changes nothing', async () => {
    const world = createGuardWorld();
    expect((await world.check(wrongCode, ada)).kind).toBe('no_verification');
    expect(world.storeFailures).toEqual([]);
  });
});

describe('a verification that changed while a check was under way', () => {
  /** Does something while Twilio judges. */
  const meanwhile = (world: GuardWorld, doing: () => Promise<unknown>) => {
    const { check } = world.provider;
    Object.assign(world.provider, {
      check: async (...request: Parameters<typeof check>) => {
        Object.assign(world.provider, { check });
        const judged = await check(...request).catch((thrown: unknown) => thrown);
        await doing();
        if (judged instanceof Error) throw judged;
        return judged;
      },
    });
  };

  test('is approved where its sid became known then', async () => {
    const world = createGuardWorld({ rate_limits: noLimits });
    await world.start({ ...ada, fault: 'lost' });
    meanwhile(world, async () => {
      const { start } = world.provider;
      const sid = `VE${(1).toString(16).padStart(32, '0')}`;
      Object.assign(world.provider, { start: async () => ({ sid, createdAt: world.now }) });
      world.pass(1_000);
      await world.start(ada);
      Object.assign(world.provider, { start });
    });
    expect((await world.check(world.code(), ada)).kind).toBe('approved');
    expect((await world.check(wrongCode, ada)).kind).toBe('already_used');
  });

  test('is not ended by what Twilio said of one before it, though no sid is known of either', async () => {
    const world = createGuardWorld({ rate_limits: noLimits });
    await world.start({ ...ada, fault: 'vanished' });
    meanwhile(world, async () => {
      world.pass(600_000);
      await world.start({ ...ada, fault: 'lost' });
    });
    expect((await world.check(wrongCode, ada)).kind).toBe('expired');
    expect((await world.check(world.code(), ada)).kind).toBe('approved');
  });
});

describe('what is left of a verification', () => {
  const none = { checksLeft: undefined, expiresIn: undefined };

  test('is told of a pending one alone', async () => {
    const world = createGuardWorld({ rate_limits: noLimits });
    await world.start(ada);
    expect((await world.check(wrongCode, ada)).hints).toEqual({ checksLeft: 4, expiresIn: 600 });
    expect((await world.check(world.code(), ada)).hints).toEqual(none);
    await world.provider.start(service, '+15005550009');
    expect((await world.check(wrongCode, { ...ada, to: '+15005550009' })).hints).toEqual(none);
  });

  test('counts what Twilio judged, and not what it could not', async () => {
    const world = createGuardWorld({ rate_limits: noLimits });
    await world.start(ada);
    for (const code of ['111111', '222222']) await world.check(code, ada);
    await world.check('333333', { ...ada, fault: 'refused' });
    expect((await world.check('444444', ada)).hints.checksLeft).toBe(2);
  });
});

test('a guess whose write was confirmed to nobody is written down once', async () => {
  const inner = createMemoryStore();
  let losesNext = false;
  const world = createGuardWorld(
    { rate_limits: noLimits },
    {
      ...inner,
      save: async (...write) => {
        const version = await inner.save(...write);
        if (!losesNext) return version;
        losesNext = false;
        return null;
      },
    },
  );
  await world.start(ada);
  losesNext = true;
  expect(await world.check(wrongCode, ada)).toMatchObject({ kind: 'wrong', hints: { checksLeft: 4 } });
  expect([losesNext, world.provider.guesses.length]).toEqual([false, 1]);
});

describe('a store that fails', () => {
  const failing = (policy: object = {}) => {
    const inner = createMemoryStore();
    const down: Set<string> = new Set();
    const or =
      <A extends unknown[], R>(name: string, call: (...request: A) => Promise<R>) =>
      async (...request: A): Promise<R> => {
        if (down.has(name)) throw new RunError('store_unavailable', { reason: 'dynamodb' });
        return await call(...request);
      };
    const world = createGuardWorld(policy, {
      ...inner,
      load: or('load', inner.load),
      save: or('save', inner.save),
      giveBack: or('giveBack', inner.giveBack),
    });
    const { check } = world.provider;
    /** From the moment that Twilio is asked. */
    const whenAsked = (...names: string[]) =>
      Object.assign(world.provider, {
        check: (...request: Parameters<typeof check>) => {
          for (const name of names) down.add(name);
          return check(...request);
        },
      });
    return { world, down, whenAsked };
  };

  test('while Twilio approves takes nothing from the approval', async () => {
    const { whenAsked, world } = failing();
    const { sid } = await world.start(ada);
    whenAsked('load', 'save', 'giveBack');
    expect(await world.check(world.code(), ada)).toMatchObject({ kind: 'approved', sid, hints: {} });
    expect(world.storeFailures).toEqual(['check allowed']);
  });

  test('while Twilio can not judge leaves the answer what it is', async () => {
    const { whenAsked, world } = failing();
    await world.start(ada);
    whenAsked('load', 'save', 'giveBack');
    expect((await world.check(wrongCode, { ...ada, fault: 'vanished' })).kind).toBe('upstream_timeout');
    expect(world.storeFailures).toEqual(['check allowed']);
  });

  test('when our record is asked what Twilio’s 404 means says what was known before', async () => {
    const { whenAsked, world } = failing();
    await world.start(ada);
    await world.provider.check(service, number, world.code());
    whenAsked('load');
    expect((await world.check(wrongCode, ada)).kind).toBe('expired');
  });

  test('when a refused request gives back is told of, and the refusal stands', async () => {
    const { down, world } = failing({ rate_limits: { resend_cooldown_seconds: 30 } });
    await world.start({ caller: http('192.0.2.9') });
    down.add('giveBack');
    expect((await world.start(ada)).kind).toBe('throttled');
    expect(world.storeFailures).toEqual(['start denied']);
    const sid = `VE${'f'.repeat(32)}`;
    expect((await world.check(wrongCode, { ...ada, sid })).kind).toBe('no_verification');
    expect(world.storeFailures).toEqual(['start denied', 'check denied']);
  });
});
