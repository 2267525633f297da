import { describe, expect, test } from 'vitest';
import {
  createGuardWorld,
  direct,
  type GuardWorld,
  http,
  someNumber,
  wrongCode,
} from '../../support/guard-world.ts';

// What is protected: once somebody has verified a number, his identity and network keep a part of its budgets that
// strangers can't reach, for 90 days: one send of three, three of ten a day, and two guesses of five. On a number
// that nobody verified yet, those who started the verification, or hold its sid, are protected from those who only guess.
//
// What is not: a number that nobody verified yet, against somebody who starts verifications of it; an owner
// who comes back from a network and with an identity that were never seen with his number; a limit of 1, which
// can't be split; an owner whom the cooldown makes wait, at most 30 seconds, for a stranger's send just before.

const owner = http('192.0.2.1', 'owner');
const minute = 60_000;
let strangers = 0;
const stranger = () => {
  strangers += 1;
  return http(
    `2001:db8:${strangers.toString(16)}::1`,
    strangers % 2 === 0 ? `stranger ${strangers}` : undefined,
  );
};

const verifiedBefore = async (caller = owner): Promise<GuardWorld> => {
  const world = createGuardWorld();
  await world.start({ caller });
  expect((await world.check(world.code(), { caller })).kind).toBe('approved');
  world.pass(24 * 60 * minute);
  return world;
};

/** A stranger starts and guesses once a second from a new address each time. */
const hammer = async (world: GuardWorld, seconds: number): Promise<void> => {
  for (let second = 0; second < seconds; second += 1) {
    const { sid } = await world.start({ caller: stranger() });
    await world.check(wrongCode, { caller: stranger(), sid: sid ?? undefined });
    await world.check(wrongCode, { caller: stranger() });
    world.pass(1_000);
  }
};

/** Starts as soon as it may, and at most so many seconds later. */
const startsWithin = async (world: GuardWorld, seconds: number, caller = owner): Promise<void> => {
  let outcome = await world.start({ caller });
  if (outcome.kind === 'throttled') {
    expect(outcome.retryAfter).toBeLessThanOrEqual(seconds);
    world.pass((outcome.retryAfter ?? 0) * 1_000);
    outcome = await world.start({ caller });
  }
  expect(outcome.kind).toBe('sent');
};

describe('a stranger who starts and guesses from many addresses does not keep from a code', () => {
  test.each([1, 10, 60, 601, 3_600])('its owner, after %i seconds', async (seconds) => {
    const world = await verifiedBefore();
    await hammer(world, seconds);
    await startsWithin(world, 30);
    expect(await world.check(wrongCode, { caller: owner })).toMatchObject({ kind: 'wrong' });
    expect(await world.check(world.code(), { caller: owner })).toMatchObject({ kind: 'approved' });
  });

  test('its owner, while he goes on', async () => {
    const world = await verifiedBefore();
    await hammer(world, 120);
    await startsWithin(world, 30);
    await hammer(world, 120);
    expect(await world.check(world.code(), { caller: owner })).toMatchObject({ kind: 'approved' });
  });

  test('its owner who is known by address alone', async () => {
    const anonymous = http('192.0.2.1');
    const world = await verifiedBefore(anonymous);
    await hammer(world, 60);
    await startsWithin(world, 30, anonymous);
    expect(await world.check(world.code(), { caller: anonymous })).toMatchObject({ kind: 'approved' });
  });

  test('its owner on another network', async () => {
    const world = await verifiedBefore();
    await hammer(world, 60);
    const abroad = http('203.0.113.9', 'owner');
    await startsWithin(world, 30, abroad);
    expect(await world.check(world.code(), { caller: abroad })).toMatchObject({ kind: 'approved' });
  });

  test('another Lambda that asks for its owner', async () => {
    const world = await verifiedBefore();
    await hammer(world, 60);
    await startsWithin(world, 30, direct);
    expect(await world.check(world.code(), { caller: direct })).toMatchObject({ kind: 'approved' });
  });

  test('its owner of the last day’s places', async () => {
    const world = await verifiedBefore();
    for (let hour = 0; hour < 23; hour += 1) {
      await hammer(world, 61);
      world.pass(59 * minute);
    }
    expect(world.provider.sends.filter(({ to }) => to === someNumber)).toHaveLength(1 + 7);
    await startsWithin(world, 0);
  });
});

test('a stranger’s guesses are those of a verification, however many the policy allows', async () => {
  const world = createGuardWorld({
    rate_limits: { check_per_identity_per_10m: 50, cooldown_seconds_after_failed_check: [] },
  });
  await world.start({ caller: owner });
  await world.check(world.code(), { caller: owner });
  world.pass(60 * minute);
  await hammer(world, 60);
  await startsWithin(world, 30);
  expect(world.provider.guesses.filter(({ result }) => result === 'wrong')).toHaveLength(3);
  expect(await world.check(wrongCode, { caller: owner })).toMatchObject({ kind: 'wrong' });
  expect(await world.check(world.code(), { caller: owner })).toMatchObject({ kind: 'approved' });
});

describe('a stranger who only guesses does not keep from checking', () => {
  const guess = async (world: GuardWorld): Promise<void> => {
    for (let count = 0; count < 200; count += 1) await world.check(wrongCode, { caller: stranger() });
  };

  test('the one who started', async () => {
    const world = createGuardWorld();
    await world.start({ caller: owner });
    await guess(world);
    expect(world.provider.guesses).toHaveLength(2);
    expect(await world.check(wrongCode, { caller: owner })).toMatchObject({ kind: 'wrong' });
    expect(await world.check(world.code(), { caller: owner })).toMatchObject({ kind: 'approved' });
  });

  test('the one who holds its sid, wherever he is', async () => {
    const world = createGuardWorld();
    const { sid } = await world.start({ caller: http('192.0.2.1') });
    await guess(world);
    const moved = { caller: http('198.51.100.7'), sid: sid ?? undefined };
    expect(await world.check(wrongCode, moved)).toMatchObject({ kind: 'wrong' });
    expect(await world.check(world.code(), moved)).toMatchObject({ kind: 'approved' });
  });

  test('nor delay him by the cooldown of his failures', async () => {
    const world = createGuardWorld({ rate_limits: { cooldown_seconds_after_failed_check: [60] } });
    await world.start({ caller: owner });
    await guess(world);
    expect(await world.check(world.code(), { caller: owner })).toMatchObject({ kind: 'approved' });
  });
});

describe('a guess at a code that was approved', () => {
  test('is not answered from our own record until it hits', async () => {
    const world = createGuardWorld();
    await world.start({ caller: owner });
    const code = world.code();
    await world.check(code, { caller: owner });
    const codes = Array.from({ length: 300 }, (_, index) => `${Number(code) - 150 + index}`);
    const kinds = await Promise.all(codes.map((guess) => world.check(guess, { caller: stranger() })));
    expect(kinds.filter(({ kind }) => kind === 'approved')).toHaveLength(0);
    for (const guess of codes)
      expect((await world.check(guess, { caller: stranger() })).kind).toBe('already_used');
  });
});
