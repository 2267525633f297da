import { describe, expect, test } from 'vitest';
import { createAbuseWorld, outage, refusedBy } from '../../support/abuse-guard-world.ts';

const one = '+14155552671';
const everything = {
  daily_budget: { messages: { total: 100 } },
  lookup: { mode: 'on' },
  pumping: { mode: 'deny' },
};
const storeFailure = (kind: string, done: string) => ({ name: 'StoreFailures', dimensions: { kind, done } });

describe('a table that fails while Twilio sends', () => {
  test('takes nothing from a message that is out', async () => {
    const world = createAbuseWorld(everything);
    expect(await world.start(one, { onAsked: world.fail })).toEqual({ kind: 'sent' });
    expect(world.metrics).toContainEqual(storeFailure('start', 'allowed'));
    expect(world.decisions()).toMatchObject([{ outcome: 'sent' }]);
  });

  test.each([
    ['unsent', 'blocked', refusedBy('twilio_60410')],
    ['doubtful', 'upstream_timeout', outage],
  ])('leaves the answer of one that is %s as it is', async (outcome, kind, failure) => {
    const world = createAbuseWorld(everything);
    const { reason } = failure.details;
    expect(await world.start(one, { failure, onAsked: world.fail })).toMatchObject({ kind, reason });
    expect(world.metrics).toContainEqual(storeFailure('start', 'denied'));
    expect(world.decisions()).toMatchObject([{ outcome, reason }]);
  });
});

test('without a table every start is refused, and none reaches Twilio', async () => {
  const world = createAbuseWorld(everything);
  world.fail();
  expect(await world.start(one)).toMatchObject({ kind: 'store_unavailable', retryAfter: 5 });
  expect([world.asked.starts, world.open()]).toEqual([0, 0]);
  expect(world.decisions()).toMatchObject([{ outcome: 'refused', reason: 'dynamodb' }]);
});

test('without a table an approval of Twilio stands', async () => {
  const world = createAbuseWorld(everything);
  await world.start(one);
  const code = world.code(one);
  world.fail();
  world.pass(5_000);
  expect(await world.check(one, code)).toEqual({ kind: 'approved' });
  expect(world.metrics).toContainEqual(storeFailure('check', 'allowed'));
  expect(world.open()).toBe(0);
});
