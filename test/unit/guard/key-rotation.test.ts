import { describe, expect, test } from 'vitest';
import { parsePolicy } from '../../../functions/guard/policy/policy.ts';
import { BlockMemory } from '../../../functions/guard/rules/block-memory.ts';
import { PumpingBreaker, pumpingFacts } from '../../../functions/guard/spend/pumping.ts';
import { hashUnder, parseHashKeys } from '../../../functions/privacy/hash-keys.ts';
import { createKeyedHash, hashAt } from '../../../functions/privacy/keyed-hash.ts';
import { RunError } from '../../../functions/runtime/errors.ts';
import type { Destination } from '../../../functions/verify/destination.ts';
import { createGuardWorld, http, noLimits, wrongCode } from '../../support/guard-world.ts';
import { hashedRequest } from '../../support/hashed-request.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const owner = http('192.0.2.1');
const stranger = http('198.51.100.7');
const number = (last: number) => `+1500555${last.toString().padStart(4, '0')}`;
const only = (limits: object) => ({ rate_limits: { ...noLimits, ...limits } });
const day = 24 * 3_600_000;
const someNumber = '+15005550006' as Destination;
const old = createKeyedHash('a key for tests only');

describe('what was counted before the hash was changed counts on', () => {
  test('for a destination, to the second', async () => {
    const world = createGuardWorld(only({ send_per_to_per_10m: 3 }));
    for (let sent = 0; sent < 3; sent += 1) await world.start({ caller: owner });
    world.rotate();
    world.pass(1_500);
    const refused = { kind: 'throttled', limit: 'send_per_to_per_10m', retryAfter: 599 };
    expect(await world.start({ caller: stranger })).toMatchObject(refused);
    world.pass(598_499);
    expect((await world.start({ caller: stranger })).kind).toBe('throttled');
    world.pass(1);
    expect((await world.start({ caller: stranger })).kind).toBe('sent');
  });

  test.each([
    ['address', http('192.0.2.1'), 'send_per_ip_per_10m'],
    ['identity', http('192.0.2.1', 'ada'), 'send_per_identity_per_10m'],
  ])('for an %s that starts', async (_of, caller, limit) => {
    const world = createGuardWorld(only({ [limit]: 5 }));
    for (let sent = 0; sent < 4; sent += 1) await world.start({ to: number(sent), caller });
    world.rotate();
    expect((await world.start({ to: number(4), caller })).kind).toBe('sent');
    world.pass(60_000);
    expect(await world.start({ to: number(5), caller })).toMatchObject({
      kind: 'throttled',
      limit,
      retryAfter: 540,
    });
    world.pass(540_000);
    for (let sent = 0; sent < 4; sent += 1)
      expect((await world.start({ to: number(sent), caller })).kind).toBe('sent');
  });

  test('for an identity that checks, and what is given back is given back under both', async () => {
    const world = createGuardWorld(only({ check_per_identity_per_10m: 3 }));
    const caller = http('192.0.2.1', 'ada');
    for (let start = 0; start < 3; start += 1) await world.start({ to: number(start), caller });
    for (let check = 0; check < 2; check += 1) await world.check(wrongCode, { to: number(check), caller });
    world.rotate();
    const last = { to: number(2), caller };
    expect(await world.check(world.code(last), last)).toMatchObject({ kind: 'approved' });
    expect(await world.check(wrongCode, { to: number(1), caller })).toMatchObject({ kind: 'wrong' });
    expect(await world.check(wrongCode, { to: number(1), caller })).toMatchObject({
      kind: 'throttled',
      limit: 'check_per_identity_per_10m',
    });
  });
});

describe('what was under way when the hash was changed goes on', () => {
  test('an identical start is the same one', async () => {
    const world = createGuardWorld();
    const { sid } = await world.start({ caller: owner });
    world.rotate();
    expect(await world.start({ caller: owner })).toMatchObject({ kind: 'replayed', sid });
    expect((await world.start({ caller: stranger })).kind).toBe('throttled');
  });

  test('a key answers with its start, and fits no other input', async () => {
    const world = createGuardWorld();
    const asked = { caller: owner, key: 'key-1', payload: 'one' };
    const { sid } = await world.start(asked);
    world.rotate();
    world.pass(60_000);
    expect(await world.start(asked)).toMatchObject({ kind: 'replayed', sid });
    expect((await world.start({ ...asked, payload: 'two' })).kind).toBe('invalid_input');
  });

  test('a code is judged, and its repeat is answered from the record', async () => {
    const world = createGuardWorld();
    const { sid } = await world.start({ caller: owner });
    const code = world.code();
    await world.check(wrongCode, { caller: owner });
    world.rotate();
    expect(await world.check(code, { caller: owner })).toMatchObject({ kind: 'approved', sid });
    expect(await world.check(code, { caller: owner })).toMatchObject({ kind: 'approved', sid });
    expect(world.provider.guesses.map(({ result }) => result)).toEqual(['wrong', 'approved']);
  });

  test('an approval just before it is repeated just after it', async () => {
    const world = createGuardWorld();
    const { sid } = await world.start({ caller: owner });
    const code = world.code();
    await world.check(code, { caller: owner });
    world.rotate();
    expect(await world.check(code, { caller: owner })).toMatchObject({ kind: 'approved', sid });
    expect(world.provider.guesses).toHaveLength(1);
  });
});

test('an owner is known as one for as long as before', async () => {
  const world = createGuardWorld(only({ send_per_to_per_10m: 3 }));
  await world.start({ caller: owner });
  await world.check(world.code(), { caller: owner });
  world.rotate();
  world.pass(80 * day);
  for (let sent = 0; sent < 2; sent += 1) await world.start({ caller: stranger });
  expect((await world.start({ caller: stranger })).kind).toBe('throttled');
  expect((await world.start({ caller: owner })).kind).toBe('sent');
});

test('a recipient that Twilio refuses is remembered', async () => {
  const store = createMemoryStore();
  const at = Date.UTC(2026, 0, 1);
  const memory = (now: number) => new BlockMemory(store, () => now);
  const stopped = new RunError('blocked', { remember: 'recipient', effect: 'none' });
  await memory(at).remember(stopped, hashedRequest(someNumber, old, at), 'sms');
  const next = createKeyedHash('another key for tests', { hash: old, until: at });
  const recalled = (days: number) => {
    const now = at + days * day;
    return memory(now).recall(hashedRequest(someNumber, next, now), 'sms');
  };
  expect(await recalled(29)).toMatchObject({ code: 'blocked', reason: 'twilio_21610' });
  expect(await recalled(31)).toBeUndefined();
});

test('the pumping breaker goes on counting', async () => {
  const store = createMemoryStore();
  const { pumping } = parsePolicy({ pumping: { mode: 'deny' } });
  const onFailure = () => expect.unreachable();
  const at = Date.UTC(2026, 0, 1, 12);
  const before = new PumpingBreaker({ store, policy: pumping, random: Math.random, onFailure });
  const factsUnder = (key: typeof old, now: number) => pumpingFacts(hashedRequest('+447911123456', key, now));
  for (let sent = 0; sent < 20; sent += 1) before.sent(factsUnder(old, at), at);
  await before.flush(at);
  const next = createKeyedHash('another key for tests', { hash: old, until: at });
  const trip = async (key: typeof old, now: number) => {
    const breaker = new PumpingBreaker({ store, policy: pumping, random: Math.random, onFailure });
    return await breaker.trip(factsUnder(key, now), now);
  };
  const held = await trip(old, at);
  expect(held).toMatchObject({ budget: 'prefix_day', unapproved: 20 });
  expect(await trip(next, at)).toEqual(held);
  expect(await trip(createKeyedHash('another key for tests'), at)).toBeUndefined();
});

describe('the secret', () => {
  const now = 1_800_000_000_000;
  const since = now / 1_000;
  const keys = { current: 'the-new-key-long-enough', previous: 'the/old+key=long_enough' };
  const hashed = (text: string, at: number) => {
    const parsed = parseHashKeys(text);
    return parsed && hashAt(hashUnder(parsed), at)('to', someNumber);
  };
  const rotated = JSON.stringify({ ...keys, current_since: since });

  test('brings its new key into use at its moment, in every container', () => {
    expect(hashed(rotated, now - 1)).toBe(createKeyedHash(keys.previous)('to', someNumber));
    expect(hashed(rotated, now)).toBe(createKeyedHash(keys.current)('to', someNumber));
  });

  test('is read as the stack generates it', () => {
    expect(hashed('{"current":"sixteen_letters+"}', now)).toBe(
      createKeyedHash('sixteen_letters+')('to', someNumber),
    );
  });

  test.each([
    ['no key', '{}'],
    ['a short one', '{"current":"short"}'],
    ['half of a rotation', JSON.stringify(keys)],
    ['a short one before it', JSON.stringify({ ...keys, previous: 'short', current_since: since })],
    ['no JSON', '{"current"'],
    ['no object', 'null'],
    ['a list', '["the-new-key-long-enough"]'],
    ['a key that stands alone', 'the-new-key-long-enough'],
    ['an error page', '<html>502 Bad Gateway</html>'],
    ['an error page for a key', JSON.stringify({ current: '<html>502 Bad Gateway</html>' })],
    ['a key with a space', JSON.stringify({ current: 'the new key long enough' })],
    ['a key with braces', JSON.stringify({ current: '{"current":"long-enough"}' })],
    ['a key with a line end', JSON.stringify({ current: 'the-new-key-long-enough\n' })],
    ['what no rotation writes', JSON.stringify({ ...keys, current_since: since, next: keys.current })],
    ['only the time of a rotation', JSON.stringify({ current: keys.current, current_since: since })],
    ['a time that is none', JSON.stringify({ ...keys, current_since: 1.5 })],
    ['no time', JSON.stringify({ ...keys, current_since: 0 })],
  ])('with %s is refused', (_what, text) => {
    expect(parseHashKeys(text)).toBeUndefined();
  });
});
