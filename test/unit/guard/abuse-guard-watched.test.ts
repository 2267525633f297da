import { describe, expect, test } from 'vitest';
import { type AbuseWorld, createAbuseWorld, outage } from '../../support/abuse-guard-world.ts';
import { createGuardWorld, http, noLimits } from '../../support/guard-world.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const one = '+14155552671';
const neighbour = '+14155552672';
const stranger = { caller: http('198.51.100.2') };

const trips = ({ metrics }: AbuseWorld) =>
  metrics.filter(({ name }) => name === 'PumpingTrips').map(({ dimensions }) => dimensions);
const lastOf = (world: AbuseWorld) => world.decisions().at(-1);

describe('a trip of the pumping breaker', () => {
  const strict = (mode: string) => ({ pumping: { mode, prefix_day: { minimum: 1, ratio: 0 } } });

  test('is counted by what it led to, and nothing else is', async () => {
    for (const mode of ['deny', 'record']) {
      const world = createAbuseWorld(strict(mode));
      await world.start(one);
      expect(trips(world)).toEqual([]);
      await world.start(neighbour);
      expect(trips(world)).toEqual([{ mode }]);
    }
    const ruled = createAbuseWorld({ ...strict('deny'), countries: { deny: ['US'] } });
    expect(await ruled.start(one)).toMatchObject({ kind: 'blocked', reason: 'rule_country' });
    expect(trips(ruled)).toEqual([]);
  });

  test('is not recorded of a start that a limit refused anyway', async () => {
    const world = createAbuseWorld(strict('record'));
    await world.start(one);
    expect(await world.start(one, stranger)).toMatchObject({ kind: 'throttled' });
    expect(lastOf(world)).toMatchObject({ outcome: 'refused', would_refuse: null });
    expect(trips(world)).toEqual([]);
  });
});

test('a budget of cost takes the price of an e-mail for an e-mail, and of its country for a number', async () => {
  const cost = { total: 0.1, per_message: { email: 0.05, US: 0.1, default: 0.1 } };
  const mail = createAbuseWorld({ daily_budget: { cost } });
  for (const name of ['ada', 'bob'])
    expect(await mail.start(`${name}@example.com`, { channel: 'email' })).toEqual({ kind: 'sent' });
  expect(await mail.start('eve@example.com', { channel: 'email' })).toMatchObject({ kind: 'blocked' });
  const phone = createAbuseWorld({ daily_budget: { cost } });
  expect(await phone.start(one)).toEqual({ kind: 'sent' });
  expect(await phone.start(neighbour)).toMatchObject({ kind: 'blocked', reason: 'daily_budget_total' });
});

describe('a decision on a check', () => {
  test('that our own record answers is a replay, and Twilio is not asked again', async () => {
    const world = createAbuseWorld();
    await world.start(one);
    const code = world.code(one);
    expect(await world.check(one, code)).toEqual({ kind: 'approved' });
    expect(await world.check(one, code)).toEqual({ kind: 'approved' });
    expect([lastOf(world)?.outcome, world.asked.checks]).toEqual(['replayed', 1]);
  });

  test('tells one that the breaker refused from one that Twilio did not judge', async () => {
    const world = createAbuseWorld({ rate_limits: noLimits, breaker: { min_failures: 2 } });
    await world.start(one);
    const code = world.code(one);
    await world.check(one, code, outage);
    expect(lastOf(world)?.outcome).toBe('unjudged');
    await world.check(one, code, outage);
    expect(await world.check(one, code)).toMatchObject({ kind: 'upstream_unavailable' });
    expect(lastOf(world)).toMatchObject({ outcome: 'refused', reason: 'breaker_open' });
    expect(world.asked.checks).toBe(2);
  });
});

test('a check whose place was written twice, since the first answer was lost, gives it back when it is right', async () => {
  const inner = createMemoryStore();
  const world = createGuardWorld(
    { rate_limits: { ...noLimits, check_per_identity_per_10m: 1 } },
    {
      ...inner,
      take: async (request) => {
        if (request.key.startsWith('ck#')) await inner.take(request);
        return await inner.take(request);
      },
    },
  );
  const ada = { caller: http('192.0.2.1', 'ada') };
  for (let round = 0; round < 2; round += 1) {
    await world.start(ada);
    expect(await world.check(world.code(), ada)).toMatchObject({ kind: 'approved' });
    world.pass(60_000);
  }
});
