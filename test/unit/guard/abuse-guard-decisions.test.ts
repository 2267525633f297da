import { describe, expect, test } from 'vitest';
import { type AbuseWorld, createAbuseWorld, outage, refusedBy } from '../../support/abuse-guard-world.ts';
import { http, wrongCode } from '../../support/guard-world.ts';
import { leaksIn } from '../../support/leaks.ts';

const one = '+14155552671';
const neighbour = '+14155552672';
const address = 'someone@example.com';
const identity = 'user-4711-of-this-test';
const ip = '203.0.113.77';
const caller = http(ip, identity);

/** What brings each outcome about; the last request is the one that has it. */
const outcomes: readonly (readonly [string, string | null, (world: AbuseWorld) => Promise<unknown>])[] = [
  ['sent', null, (world) => world.start(one, { caller })],
  ['sent', null, (world) => world.start(address, { caller, channel: 'email' })],
  [
    'replayed',
    null,
    async (world) => {
      await world.start(one, { caller });
      await world.start(one, { caller });
    },
  ],
  [
    'refused',
    'resend_cooldown_seconds',
    async (world) => {
      await world.start(one, { caller });
      await world.start(one);
    },
  ],
  [
    'unsent',
    'twilio_60205',
    (world) => world.start(one, { caller, failure: refusedBy('twilio_60205', 'channel_unavailable') }),
  ],
  ['doubtful', 'twilio_timeout', (world) => world.start(one, { caller, failure: outage })],
  [
    'approved',
    null,
    async (world) => {
      await world.start(one, { caller });
      await world.check(one, world.code(one));
    },
  ],
  [
    'wrong',
    null,
    async (world) => {
      await world.start(one, { caller });
      await world.check(one, wrongCode);
    },
  ],
  [
    'replayed',
    null,
    async (world) => {
      await world.start(one, { caller });
      const code = world.code(one);
      await world.check(one, code);
      await world.check(one, code);
    },
  ],
  ['refused', 'max_attempts', (world) => exhaust(world)],
  [
    'unjudged',
    'twilio_timeout',
    async (world) => {
      await world.start(one, { caller });
      await world.check(one, wrongCode, outage);
    },
  ],
];

const exhaust = async (world: AbuseWorld) => {
  await world.start(one, { caller });
  for (let guess = 0; guess < 6; guess += 1) await world.check(one, `00000${guess}`);
};

const unhurried = {
  rate_limits: { check_per_identity_per_10m: 0, cooldown_seconds_after_failed_check: [] },
};

describe('a decision', () => {
  test.each(outcomes)('"%s" (%s) is one line that reads back and holds nothing private', async (...row) => {
    const [outcome, reason, bringAbout] = row;
    const world = createAbuseWorld(unhurried);
    await bringAbout(world);
    const code = world.code(one);
    const written = world.lines.filter((line) => line.includes('guard_decision'));
    const last = world.decisions().at(-1);
    expect(world.decisions()).toHaveLength(written.length);
    expect(last).toMatchObject({ outcome, reason });
    expect(JSON.parse(written.at(-1) ?? '{}').decision).toEqual(last);
    const privates = [one, address, identity, ip, wrongCode, ...(code === '' ? [] : [code])];
    expect(leaksIn(JSON.stringify([world.lines, world.metrics]), privates)).toEqual([]);
    const { function: name } = last ?? {};
    expect(world.metrics).toContainEqual({ name: 'GuardDecisions', dimensions: { function: name, outcome } });
  });
});

describe('nothing is on its way any more when the guard has answered', () => {
  const left = async (world: AbuseWorld, doing: Promise<{ kind: string }>) => {
    const { kind } = await doing;
    return [kind, world.open()];
  };

  test('a start: sent, replayed, refused by a limit, by a block or unsent', async () => {
    const world = createAbuseWorld({ rate_limits: { send_per_ip_per_10m: 1 }, pumping: { mode: 'deny' } });
    expect(await left(world, world.start(one, { caller: http(ip) }))).toEqual(['sent', 0]);
    // What was read for it is known no more.
    world.pass(6_000);
    expect(await left(world, world.start(one, { caller: http(ip) }))).toEqual(['replayed', 0]);
    world.pass(6_000);
    expect(await left(world, world.start(neighbour, { caller: http(ip) }))).toEqual(['throttled', 0]);
    world.pass(6_000);
    const failure = refusedBy('twilio_60410');
    expect(await left(world, world.start(neighbour, { failure }))).toEqual(['blocked', 0]);
    world.pass(6_000);
    expect(await left(world, world.start(neighbour))).toEqual(['blocked', 0]);
  });

  test('a check: wrong, unjudged, approved and replayed', async () => {
    const world = createAbuseWorld(unhurried);
    await world.start(one);
    const code = world.code(one);
    for (const [guess, failure, kind] of [
      [wrongCode, undefined, 'wrong'],
      [code, outage, 'upstream_timeout'],
      [code, undefined, 'approved'],
      [code, undefined, 'approved'],
    ] as const) {
      world.pass(6_000);
      expect(await left(world, world.check(one, guess, failure))).toEqual([kind, 0]);
    }
  });
});
