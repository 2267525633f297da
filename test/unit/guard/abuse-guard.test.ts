import { describe, expect, test } from 'vitest';
import { type AbuseWorld, createAbuseWorld, outage, refusedBy } from '../../support/abuse-guard-world.ts';

const one = '+14155552671';
const neighbour = '+14155552672';
const third = '+14155552673';
const british = '+447911123456';

/** Every caller of these tests has the same address: so many starts are his. */
const perCaller = (send_per_ip_per_10m: number) => ({ send_per_ip_per_10m });
const kinds = async (starts: readonly Promise<{ kind: string }>[]) =>
  (await Promise.all(starts)).map(({ kind }) => kind);
/** Has a number verified, long enough ago for another message. */
const verify = async (world: AbuseWorld, to: string) => {
  const open = world.under({});
  expect(await open.start(to)).toEqual({ kind: 'sent' });
  // The approval is counted at once only where nothing of its kind was a moment ago.
  world.pass(5_000);
  expect(await open.check(to, open.code(to))).toEqual({ kind: 'approved' });
  world.pass(600_000);
};

describe('a rule', () => {
  test.each([
    ['the kill switch', 'rule_off', { sending: 'off' }],
    ['a country', 'rule_country', { countries: { deny: ['US'] } }],
    ['a prefix', 'rule_prefix', { deny_prefixes: ['+1415'] }],
  ])(
    'that needs no history, as %s, refuses before the table or Twilio is asked',
    async (_, reason, policy) => {
      const world = createAbuseWorld(policy);
      expect(await world.start(one)).toEqual({ kind: 'blocked', reason });
      expect([world.requests, world.asked.starts]).toEqual([[], 0]);
      expect(world.decisions()).toMatchObject([{ outcome: 'refused', reason }]);
    },
  );

  test('that needs history refuses a new number and gives back what was taken', async () => {
    const world = createAbuseWorld({
      countries: { deny: ['US'], deny_verified: [] },
      rate_limits: perCaller(1),
    });
    expect(await world.start(one)).toEqual({ kind: 'blocked', reason: 'rule_country' });
    expect(await world.start(british)).toEqual({ kind: 'sent' });
    expect(world.asked.starts).toBe(1);
  });

  test('that needs history lets a number pass that was verified before', async () => {
    const world = createAbuseWorld();
    await verify(world, one);
    const strict = world.under({ countries: { deny: ['US'], deny_verified: [] } });
    expect(await strict.start(one)).toEqual({ kind: 'sent' });
    expect(strict.decisions()).toMatchObject([{ outcome: 'sent', verified_before: true }]);
  });
});

describe.each(['twilio_21610', 'twilio_60410'])('the block %s', (reason) => {
  test('stops the second start without asking Twilio, and gives back what was taken', async () => {
    const world = createAbuseWorld({ rate_limits: { ...perCaller(1), resend_cooldown_seconds: 0 } });
    expect(await world.start(one, { failure: refusedBy(reason) })).toMatchObject({ kind: 'blocked', reason });
    expect(await world.start(one)).toMatchObject({ kind: 'blocked', reason });
    expect(world.asked.starts).toBe(1);
    expect(await world.start(british)).toEqual({ kind: 'sent' });
    expect(world.decisions().map(({ outcome }) => outcome)).toEqual(['unsent', 'refused', 'sent']);
  });

  test('spares a number that was verified before', async () => {
    const world = createAbuseWorld({ rate_limits: { resend_cooldown_seconds: 0 } });
    await verify(world, one);
    await world.start(one, { failure: refusedBy(reason) });
    expect(await world.start(one)).toEqual({ kind: 'sent' });
  });
});

describe('the pumping breaker', () => {
  const strict = (mode: string, minimum = 1) => ({ mode, prefix_day: { minimum, ratio: 0 } });

  test('told to record lets the send pass and writes down that it would have refused', async () => {
    const world = createAbuseWorld({ pumping: strict('record') });
    expect(await kinds([world.start(one)])).toEqual(['sent']);
    expect(await kinds([world.start(neighbour)])).toEqual(['sent']);
    expect(world.decisions().map(({ would_refuse }) => would_refuse)).toEqual([null, 'pumping_prefix_day']);
  });

  test('told to deny refuses and gives everything back', async () => {
    const world = createAbuseWorld({
      pumping: strict('deny'),
      rate_limits: perCaller(2),
      daily_budget: { messages: { total: 2 } },
    });
    expect(await world.start(one)).toEqual({ kind: 'sent' });
    const refusal = { kind: 'blocked', reason: 'pumping_prefix_day' };
    expect(await world.start(neighbour)).toEqual(refusal);
    expect(await world.start(british)).toEqual({ kind: 'sent' });
    expect(world.decisions()[1]).toMatchObject({ outcome: 'refused', would_refuse: null });
    expect(world.asked.starts).toBe(2);
  });

  test('spares a number that was verified before', async () => {
    const world = createAbuseWorld();
    await verify(world, one);
    const denying = world.under({ pumping: strict('deny') });
    expect(await denying.start(neighbour)).toEqual({ kind: 'sent' });
    expect(await denying.start(third)).toMatchObject({ kind: 'blocked' });
    expect(await denying.start(one)).toEqual({ kind: 'sent' });
  });

  test('counts a send that may have happened, and none that surely did not', async () => {
    const world = createAbuseWorld({ pumping: strict('deny') });
    await world.start(one, { failure: refusedBy('twilio_60205', 'channel_unavailable') });
    expect(await world.start(neighbour, { failure: outage })).toMatchObject({ kind: 'upstream_timeout' });
    expect(await world.start(third)).toMatchObject({ reason: 'pumping_prefix_day' });
  });
});

describe('a daily budget', () => {
  test('that is spent refuses until midnight and gives the places of the limits back', async () => {
    const world = createAbuseWorld({
      rate_limits: perCaller(2),
      daily_budget: { messages: { per_country: { US: 1 } } },
    });
    expect(await world.start(one)).toEqual({ kind: 'sent' });
    const reason = 'daily_budget_country';
    expect(await world.start(neighbour)).toEqual({ kind: 'blocked', reason, retryAfter: 43_200 });
    expect(await world.start(british)).toEqual({ kind: 'sent' });
    expect(world.decisions()[1]).toMatchObject({ outcome: 'refused', reason });
  });

  test('gets a send back that surely did not happen, and not one that may have', async () => {
    const world = createAbuseWorld({ daily_budget: { messages: { total: 1 } } });
    await world.start(one, { failure: refusedBy('twilio_60205', 'channel_unavailable') });
    expect(await world.start(one, { failure: outage })).toMatchObject({ kind: 'upstream_timeout' });
    expect(await world.start(neighbour)).toMatchObject({ reason: 'daily_budget_total' });
    expect(world.decisions().map(({ outcome }) => outcome)).toEqual(['unsent', 'doubtful', 'refused']);
  });
});

test('with Lookup off, as by default, the type of a line is neither asked nor remembered', async () => {
  const world = createAbuseWorld({}, 'landline');
  expect(await world.start(one)).toEqual({ kind: 'sent' });
  expect(world.decisions()).toMatchObject([{ outcome: 'sent' }]);
});

test('a landline is refused by Lookup and spends nothing', async () => {
  const world = createAbuseWorld(
    { lookup: { mode: 'on' }, rate_limits: perCaller(1), daily_budget: { messages: { total: 1 } } },
    'landline',
  );
  expect(await world.start(one)).toEqual({ kind: 'channel_unavailable', reason: 'landline' });
  expect(world.asked.starts).toBe(0);
  expect(await world.start(one, { channel: 'call' })).toEqual({ kind: 'sent' });
});

test('a replay costs no budget and counts for no pumping', async () => {
  const world = createAbuseWorld({
    daily_budget: { messages: { total: 2 } },
    pumping: { mode: 'deny', prefix_day: { minimum: 2, ratio: 0 } },
  });
  expect(await world.start(one)).toEqual({ kind: 'sent' });
  expect(await world.start(one)).toEqual({ kind: 'replayed' });
  expect(await world.start(neighbour)).toEqual({ kind: 'sent' });
  expect(await world.start(third)).toMatchObject({ reason: 'pumping_prefix_day' });
});

describe('while the circuit breaker', () => {
  const breaker = { min_failures: 2, failure_ratio: 0.01 };
  const opened = async (world: AbuseWorld) => {
    for (const to of ['+33612345678', '+33612345679']) await world.start(to, { failure: outage });
  };

  test('is open, a start is refused at once and nothing is read, written or spent', async () => {
    const world = createAbuseWorld({ breaker });
    await opened(world);
    const before = [world.requests.length, world.asked.starts];
    const refusal = { kind: 'upstream_unavailable', reason: 'breaker_open', retryAfter: 15 };
    expect(await world.start(one)).toEqual(refusal);
    expect([world.requests.length, world.asked.starts]).toEqual(before);
    world.pass(14_999);
    expect(await world.start(one)).toEqual({ ...refusal, retryAfter: 1 });
    world.pass(1);
    expect(await world.start(one)).toEqual({ kind: 'sent' });
  });

  test('is open, an approval is answered again from our own record', async () => {
    const world = createAbuseWorld({ breaker });
    await world.start(one);
    const code = world.code(one);
    await world.check(one, code);
    await opened(world);
    expect(await world.check(one, code)).toEqual({ kind: 'approved' });
    expect(world.asked.checks).toBe(1);
    expect(world.decisions().at(-1)).toMatchObject({ outcome: 'replayed', reason: null });
  });

  test('is open, a check is refused and burns no guess', async () => {
    const world = createAbuseWorld({ breaker, rate_limits: { check_per_identity_per_10m: 1 } });
    await world.start(one);
    const code = world.code(one);
    await opened(world);
    expect(await world.check(one, code)).toMatchObject({ kind: 'upstream_unavailable', retryAfter: 15 });
    expect(world.asked.checks).toBe(0);
    world.pass(15_000);
    expect(await world.check(one, code)).toEqual({ kind: 'approved' });
  });

  test('is half open, one start probes and the others are refused with nothing spent', async () => {
    const world = createAbuseWorld({
      breaker,
      daily_budget: { messages: { per_country: { US: 1, GB: 1 } } },
    });
    await opened(world);
    world.pass(15_000);
    const asked = world.asked.starts;
    const { promise: until, resolve: answer } = Promise.withResolvers<void>();
    const racing = [world.start(one, { until }), world.start(british, { until })];
    expect(await Promise.race(racing)).toMatchObject({ kind: 'upstream_unavailable', retryAfter: 1 });
    answer();
    expect((await kinds(racing)).sort()).toEqual(['sent', 'upstream_unavailable']);
    expect(world.asked.starts).toBe(asked + 1);
    const again = await kinds([world.start(one), world.start(british)]);
    expect(again.sort()).toEqual(['replayed', 'sent']);
  });

  test('is half open, a replay claims no probe', async () => {
    const world = createAbuseWorld({ breaker });
    await world.start(one);
    await opened(world);
    world.pass(15_000);
    expect(await world.start(one)).toEqual({ kind: 'replayed' });
    const changes = () => world.metrics.filter(({ name }) => name === 'BreakerChanges');
    expect(changes()).toHaveLength(1);
    expect(await world.start(neighbour)).toEqual({ kind: 'sent' });
    expect(changes().map(({ dimensions }) => dimensions)).toEqual([
      { change: 'open' },
      { change: 'half_open' },
      { change: 'closed' },
    ]);
  });
});
