import { describe, expect, test } from 'vitest';
import { createGuardWorld, type GuardWorld, http, noLimits, wrongCode } from '../../support/guard-world.ts';

const only = (limits: object) => ({ rate_limits: { ...noLimits, ...limits } });
const ada = http('192.0.2.1', 'ada');
const anonymous = http('192.0.2.1');
const stranger = (number: number) => http(`198.51.100.${number}`);
const wrong = (world: GuardWorld) => world.provider.guesses.filter(({ result }) => result === 'wrong').length;

/** A destination that somebody verified ten minutes ago. */
const verified = async (limits: object): Promise<GuardWorld> => {
  const world = createGuardWorld(only(limits));
  await world.start({ caller: ada });
  await world.check(world.code(), { caller: ada });
  world.pass(600_000);
  return world;
};

describe('of the guesses at a destination', () => {
  test.each([
    [5, 3],
    [4, 3],
    [2, 1],
    [1, 1],
    [50, 3],
  ])(
    'under a limit of %i, whoever starts a verification of another’s number has %i',
    async (limit, places) => {
      const world = await verified({ check_per_identity_per_10m: limit });
      const caller = http('198.51.100.1', 'eve');
      await world.start({ caller });
      for (let count = 0; count < 9; count += 1)
        await world.check(wrongCode, { caller: http('198.51.100.1', `eve ${count}`) });
      const byStrangers = wrong(world);
      for (let count = 0; count < 9; count += 1) await world.check(wrongCode, { caller });
      expect(wrong(world)).toBe(places);
      expect(byStrangers).toBe(Math.min(places, 2, Math.max(1, Math.floor(Math.min(limit, 5) * 0.4))));
    },
  );

  test('none is won by a sid that was made up, while nobody knows the right one', async () => {
    const world = createGuardWorld(only({ check_per_identity_per_10m: 5 }));
    await world.start({ caller: ada, fault: 'lost' });
    for (let count = 0; count < 9; count += 1)
      await world.check(wrongCode, { caller: stranger(count), sid: `VE${'f'.repeat(32)}` });
    expect(wrong(world)).toBe(2);
    expect(await world.check(world.code(), { caller: ada })).toMatchObject({ kind: 'approved' });
  });

  test.each([
    ['an identity takes none of those of nobody', [0, 0, 1, 1]],
    ['nobody takes none of those of an identity', [1, 1, 0, 0]],
  ])('%s', async (_name, order) => {
    const world = createGuardWorld(only({ check_per_identity_per_10m: 2 }));
    await world.start({ caller: anonymous });
    const { sid } = await world.start({ caller: anonymous });
    const asked = { caller: ada, sid: sid ?? undefined };
    for (const who of order)
      expect((await world.check(wrongCode, who === 0 ? asked : { caller: anonymous })).kind).toBe('wrong');
    const refused = { limit: 'check_per_identity_per_10m' };
    expect(await world.check(wrongCode, asked)).toMatchObject(refused);
    expect(await world.check(wrongCode, { caller: anonymous })).toMatchObject(refused);
  });

  test('more are counted exactly than one verification takes', async () => {
    const world = createGuardWorld(only({ check_per_identity_per_10m: 30 }));
    for (let service = 0; service < 7; service += 1) {
      const asked = { caller: anonymous, service: `VA${`${service}`.repeat(32)}` };
      await world.start(asked);
      for (let count = 0; count < 5; count += 1) await world.check(wrongCode, asked);
    }
    expect(wrong(world)).toBe(30);
  });
});

describe('the cooldown after a wrong code', () => {
  const strict = { cooldown_seconds_after_failed_check: [60] };
  const refused = { kind: 'throttled', limit: 'cooldown_seconds_after_failed_check', retryAfter: 60 };

  test('of one stranger holds for all strangers, and not for the owner', async () => {
    const world = await verified(strict);
    await world.start({ caller: ada });
    expect((await world.check(wrongCode, { caller: stranger(1) })).kind).toBe('wrong');
    expect(await world.check(wrongCode, { caller: stranger(2) })).toMatchObject(refused);
    expect((await world.check(wrongCode, { caller: ada })).kind).toBe('wrong');
  });

  test('of the owner holds for no stranger', async () => {
    const world = await verified(strict);
    await world.start({ caller: ada });
    expect((await world.check(wrongCode, { caller: ada })).kind).toBe('wrong');
    expect(await world.check(wrongCode, { caller: ada })).toMatchObject(refused);
    expect((await world.check(wrongCode, { caller: stranger(1) })).kind).toBe('wrong');
  });
});

test('a verification that Twilio judges no more is remembered, and Twilio is not asked again', async () => {
  const world = createGuardWorld(only({}));
  await world.start({ caller: ada });
  // Somebody guesses without us.
  for (let count = 0; count < 5; count += 1)
    await world.provider.check(`VA${'0'.repeat(32)}`, '+15005550006', wrongCode);
  world.pass(500);
  expect(await world.check(wrongCode, { caller: ada })).toMatchObject({
    kind: 'max_attempts',
    retryAfter: 600,
  });
  expect(await world.check(world.code(), { caller: ada })).toMatchObject({
    kind: 'max_attempts',
    retryAfter: 600,
  });
  expect(world.provider.guesses.map(({ result }) => result)).toEqual([...Array(5).fill('wrong'), 'max']);
  world.pass(599_500);
  await world.start({ caller: ada });
  expect(await world.check(world.code(), { caller: ada })).toMatchObject({ kind: 'approved' });
});
