import { expect, test } from 'vitest';
import { BlockMemory } from '../../../functions/guard/rules/block-memory.ts';
import type { GuardStore } from '../../../functions/guard/store/store.ts';
import { createKeyedHash } from '../../../functions/privacy/keyed-hash.ts';
import { RunError } from '../../../functions/runtime/errors.ts';
import { createAbuseWorld } from '../../support/abuse-guard-world.ts';
import { createGuardWorld, direct, http, someNumber, wrongCode } from '../../support/guard-world.ts';
import { hashedRequest } from '../../support/hashed-request.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

// What is in the table and the log was written by an earlier deployment: under other keys every limit would begin
// anew, every owner would be a stranger, and a dry run would take one caller for two.
const hash = createKeyedHash('a key for tests only');
const number = someNumber;

/** A store in memory with the keys of what was written, and the documents. */
const watched = () => {
  const inner = createMemoryStore();
  const keys = new Set<string>();
  const documents = new Map<string, unknown>();
  const store: GuardStore = {
    ...inner,
    save: (key, version, document, now, expiresAt) => {
      keys.add(key);
      documents.set(key, document);
      return inner.save(key, version, document, now, expiresAt);
    },
    take: (request) => {
      keys.add(request.key);
      return inner.take(request);
    },
  };
  return { store, keys, documents };
};

test('what a start and a check write stays under the keys of earlier deployments', async () => {
  const { store, keys, documents } = watched();
  const world = createGuardWorld({}, store);
  const caller = http('2001:db8::1', 'ada');
  await world.start({ caller, key: 'k', payload: 'p' });
  await world.check(wrongCode, { caller });
  const to = hash('to', number);
  const claim = `key#${hash('key', `${hash('identity', 'ada')} k`)}`;
  expect([...keys].toSorted()).toEqual(
    [
      `to#${to}`,
      `id#${hash('identity', 'ada')}`,
      `ip#${hash('network', '2001:db8:0:0::/64')}`,
      `ck#${hash('identity', 'ada')}`,
      claim,
    ].toSorted(),
  );
  expect(documents.get(claim)).toMatchObject({ payload: hash('payload', 'p') });
  expect(documents.get(`to#${to}`)).toMatchObject({
    guesses: [{ code: hash('code', `${to} ${wrongCode}`) }],
  });
});

test('a direct caller of whom nothing is known stays the same caller', async () => {
  const { store, documents } = watched();
  await createGuardWorld({}, store).start({ caller: direct });
  expect(documents.get(`to#${hash('to', number)}`)).toMatchObject({
    last: { sms: { by: hash('direct', '') } },
  });
});

test('the blocks that are remembered stay under the keys of earlier deployments', async () => {
  const { store, documents } = watched();
  const now = Date.UTC(2026, 0, 1);
  const memory = new BlockMemory(store, () => now);
  await memory.remember(
    new RunError('blocked', { remember: 'recipient' }),
    hashedRequest(number, hash),
    'sms',
  );
  expect([...documents]).toEqual([
    [
      `prefix#${hash('prefix', '+1500555')}`,
      { fraudUntil: 0, suppressed: { [hash('suppressed', `sms ${number}`)]: now + 30 * 86_400_000 } },
    ],
  ]);
});

test('a decision names callers, destinations and services as earlier ones did', async () => {
  const world = createAbuseWorld();
  const caller = http('192.0.2.1', 'ada');
  await world.start('+447400123456', { caller });
  await world.start('ada@example.com', { caller, channel: 'email' });
  const [byPhone, byEmail] = world.decisions();
  expect(byPhone).toMatchObject({
    at: Date.UTC(2026, 10, 21, 12),
    country: 'GB',
    number_type: 'mobile',
    is_email: false,
    to: hash('to', '+447400123456'),
    service: hash('service', `VA${'0'.repeat(32)}`),
    prefixes: [hash('prefix', '+44740012'), hash('prefix', 'GB +447400')],
    by: hash('identity', 'ada'),
    identity: hash('identity', 'ada'),
    network: hash('network', '192.0.2.1'),
    trusted: false,
  });
  expect(byEmail).toMatchObject({ country: null, number_type: null, is_email: true, prefixes: [] });
});

test('a prefix forgets who replied STOP once that is over', async () => {
  const { store, documents } = watched();
  const stop = new RunError('blocked', { remember: 'recipient' });
  let now = Date.UTC(2026, 0, 1);
  const memory = new BlockMemory(store, () => now);
  const suppressed = () => Object.values([...documents.values()].at(-1) as { suppressed: object })[1];
  await memory.remember(stop, hashedRequest(number, hash), 'sms');
  now += 30 * 86_400_000;
  await memory.remember(stop, hashedRequest('+15005550007', hash), 'sms');
  expect(Object.keys(suppressed() as object)).toEqual([hash('suppressed', 'sms +15005550007')]);
});

test('a prefix that Fraud Guard blocked is remembered when the hash is changed', async () => {
  const { store } = watched();
  const now = Date.UTC(2026, 0, 1);
  const fraud = new RunError('blocked', { remember: 'range' });
  await new BlockMemory(store, () => now).remember(fraud, hashedRequest(number, hash), 'sms');
  const next = createKeyedHash('another key for tests', { hash, until: now });
  const recalled = await new BlockMemory(store, () => now + 1).recall(
    hashedRequest(number, next, now + 1),
    'sms',
  );
  expect(recalled?.reason).toBe('twilio_60410');
});
