import { describe, expect, test } from 'vitest';
import { createAbuseWorld } from '../../support/abuse-guard-world.ts';
import { wrongCode } from '../../support/guard-world.ts';

const one = '+14155552671';
const neighbour = '+14155552672';

describe('a decision tells whether the destination was verified before', () => {
  test('of a start and of a check', async () => {
    const world = createAbuseWorld();
    await world.start(one);
    await world.check(one, wrongCode);
    await world.check(one, world.code(one));
    world.pass(600_000);
    await world.start(one);
    await world.check(one, wrongCode);
    expect(world.decisions().map(({ outcome, verified_before }) => [outcome, verified_before])).toEqual([
      ['sent', false],
      ['wrong', false],
      ['approved', false],
      ['sent', true],
      ['wrong', true],
    ]);
  });

  test('as not, where nothing could be read', async () => {
    const world = createAbuseWorld({ sending: 'off' });
    await world.start(one);
    expect(world.decisions()).toMatchObject([{ outcome: 'refused', verified_before: false }]);
    const broken = world.under({});
    broken.fail();
    await broken.start(one);
    await broken.check(one, wrongCode);
    expect(broken.decisions().map(({ verified_before }) => verified_before)).toEqual([false, false]);
  });
});

test('a rule that is kinder to verified numbers refuses all, where the table can not tell them', async () => {
  const world = createAbuseWorld({
    countries: { deny: ['US'], deny_verified: [] },
    on_store_failure: { start: 'allow' },
  });
  world.fail();
  expect(await world.start(one)).toEqual({ kind: 'blocked', reason: 'rule_country' });
  expect(await world.start('+447911123456')).toEqual({ kind: 'sent' });
  expect(world.asked.starts).toBe(1);
});

test('a wrong code makes no room in a pumping budget, and the right one does', async () => {
  const world = createAbuseWorld({ pumping: { mode: 'deny', prefix_day: { minimum: 1, ratio: 0 } } });
  const refusal = { kind: 'blocked', reason: 'pumping_prefix_day' };
  await world.start(one);
  world.pass(5_000);
  await world.check(one, wrongCode);
  world.pass(5_000);
  expect(await world.start(neighbour)).toEqual(refusal);
  await world.check(one, world.code(one));
  world.pass(5_000);
  expect(await world.start(neighbour)).toEqual({ kind: 'sent' });
});

test('what was counted and kept back is written with the next request, whatever it is', async () => {
  const world = createAbuseWorld();
  await world.start(one);
  await world.start(neighbour);
  const writes = () => world.requests.filter((name) => name === 'add').length;
  const before = writes();
  world.pass(5_000);
  expect(await world.start(neighbour)).toEqual({ kind: 'replayed' });
  expect(writes()).toBe(before + 2);
});

describe('a test number', () => {
  const world = createAbuseWorld({
    test_numbers: [{ number: one, code: '424242', expires: '2026-11-21' }],
  });
  const used = () => world.metrics.filter(({ name }) => name.startsWith('TestNumber')).length;
  const asked = (to: string) => world.guard.testNumber(to as Parameters<typeof world.guard.testNumber>[0]);

  test('has its code and always the same sid, to the end of its last day', () => {
    expect(asked(one)).toEqual({ sid: expect.stringMatching(/^VE[0-9a-f]{32}$/), code: '424242' });
    expect(asked(one)).toEqual(asked(one));
    expect(used()).toBe(3);
    expect([asked(neighbour), used()]).toEqual([undefined, 3]);
    world.pass(12 * 3_600_000 - 1);
    expect(asked(one)?.code).toBe('424242');
    world.pass(1);
    expect([asked(one), used()]).toEqual([undefined, 4]);
  });
});
