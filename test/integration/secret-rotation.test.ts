import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PartDurations } from '../../functions/adapters/part-durations.ts';
import { createSecretCache, createSecretsManagerClient } from '../../functions/adapters/secret-cache.ts';
import { Base } from '../../functions/compose/base.ts';
import { Environment } from '../../functions/compose/environment.ts';
import { destinationHash } from '../../functions/compose/secrets.ts';
import type { LogEvent } from '../../functions/observability/log-catalogue.ts';
import { createKeyedHash } from '../../functions/privacy/keyed-hash.ts';
import { RunError } from '../../functions/runtime/errors.ts';
import { expectHttpAnswer } from '../support/contract.ts';
import { restEvent } from '../support/lambda-events.ts';
import { serve, startService, type TestService } from '../support/service.ts';
import { startLoad } from '../support/verification-load.ts';

const minute = 60_000;
const account = `AC${'0'.repeat(32)}`;
const serviceSid = `VA${'0'.repeat(32)}`;
const firstKey = { twilio_api_key_sid: `SK${'0'.repeat(32)}`, twilio_api_key_secret: 'emulator-secret' };
const nextKey = { twilio_api_key_sid: `SK${'1'.repeat(32)}`, twilio_api_key_secret: 'rotated-key-secret' };

let service: TestService;

beforeAll(async () => {
  service = await startService();
  // The first reading is made while the service is composed; wait until it is over.
  await service.start({ canary: true });
});
afterAll(() => service.world.close());

const readings = () => service.world.secrets.requests()['GetSecretValue'] ?? 0;
const twilioSecret = (fields: object) =>
  JSON.stringify({ twilio_account_sid: account, service_sid: serviceSid, ...fields });

describe('the cache of a secret', () => {
  const secretId = 'cached';
  let now = 0;
  let logged: LogEvent[] = [];

  const newCache = () =>
    createSecretCache({
      client: createSecretsManagerClient(),
      secretId,
      parse: (text) => {
        if (text === 'unreadable') throw new RunError('misconfigured', { fix: 'fix it' });
        return { text };
      },
      clock: () => now,
      onStale: () => undefined,
      log: (event) => void logged.push(event),
    });
  /** A client asks three times before it gives up. */
  const breakReadings = () => service.world.secrets.failNext(3, 'cut');

  beforeEach(() => {
    now = 0;
    logged = [];
    service.world.secrets.put(secretId, 'one');
  });

  test('reads once for 200 readers at a time', async () => {
    const cache = newCache();
    const before = readings();
    const values = await Promise.all(Array.from({ length: 200 }, () => cache.current()));
    expect(new Set(values).size).toBe(1);
    expect(readings() - before).toBe(1);
  });

  test('reads again once five minutes are over, and not before', async () => {
    const cache = newCache();
    await cache.current();
    service.world.secrets.put(secretId, 'two');
    now = 5 * minute - 1;
    expect(await cache.current()).toEqual({ text: 'one' });
    now = 5 * minute;
    const before = readings();
    const values = await Promise.all(Array.from({ length: 200 }, () => cache.current()));
    expect(values).toEqual(Array(200).fill({ text: 'two' }));
    expect(readings() - before).toBe(1);
  });

  test('keeps an unchanged value the same object', async () => {
    const cache = newCache();
    const first = await cache.current();
    now = 5 * minute;
    expect(await cache.current()).toBe(first);
  });

  test('serves the old value while Secrets Manager is down, and asks again after half a minute', async () => {
    const cache = newCache();
    await cache.current();
    service.world.secrets.put(secretId, 'two');
    now = 5 * minute;
    breakReadings();
    expect(await cache.current()).toEqual({ text: 'one' });
    expect(logged).toEqual(['secret_stale']);
    now += 29_999;
    expect(await cache.current()).toEqual({ text: 'one' });
    now += 1;
    expect(await cache.current()).toEqual({ text: 'two' });
  });

  test('serves the old value while the new one cannot be read', async () => {
    const cache = newCache();
    await cache.current();
    service.world.secrets.put(secretId, 'unreadable');
    now = 5 * minute;
    expect(await cache.current()).toEqual({ text: 'one' });
    expect(logged).toEqual(['secret_stale']);
  });

  test('fails where it never had a value, and tries anew the next time', async () => {
    const cache = newCache();
    breakReadings();
    await expect(cache.current()).rejects.toMatchObject({
      code: 'store_unavailable',
      details: { retryAfter: 5 },
    });
    expect(await cache.current()).toEqual({ text: 'one' });
  });

  test('says that it may not read the secret', async () => {
    service.world.secrets.failNext(1, 'AccessDeniedException');
    await expect(newCache().current()).rejects.toMatchObject({
      code: 'misconfigured',
      details: { fix: `Secret ${secretId} cannot be read: AccessDeniedException` },
    });
  });

  test('looks once for 200 whose value was refused', async () => {
    const cache = newCache();
    const refused = await cache.current();
    service.world.secrets.put(secretId, 'two');
    const before = readings();
    const values = await Promise.all(Array.from({ length: 200 }, () => cache.replacementOf(refused)));
    expect(values).toEqual(Array(200).fill({ text: 'two' }));
    expect(readings() - before).toBe(1);
    expect(await cache.replacementOf(refused)).toEqual({ text: 'two' });
    expect(readings() - before).toBe(1);
  });

  test('has no replacement for a value that is still the latest, and does not look again within a second', async () => {
    const cache = newCache();
    const refused = await cache.current();
    const before = readings();
    expect(await cache.replacementOf(refused)).toBeUndefined();
    expect(await cache.replacementOf(refused)).toBeUndefined();
    expect(readings() - before).toBe(1);
    now += 1_000;
    service.world.secrets.put(secretId, 'two');
    expect(await cache.replacementOf(refused)).toEqual({ text: 'two' });
  });

  test('does not wait for a Secrets Manager that hangs', async () => {
    const client = createSecretsManagerClient();
    await client.send(new GetSecretValueCommand({ SecretId: secretId }));
    // Without throwOnRequestTimeout the SDK only warns that the time is over, and waits on.
    const handler = client.config.requestHandler as unknown as { httpHandlerConfigs(): object };
    expect(handler.httpHandlerConfigs()).toMatchObject({
      requestTimeout: 1_500,
      throwOnRequestTimeout: true,
    });
  });
});

describe('a rotation under load', () => {
  test('fails no request, though the old credential dies midway', async () => {
    const before = readings();
    const { more, stop } = startLoad(service, 8);
    await more(100);
    await service.control('credentials', {
      api_key_sid: nextKey.twilio_api_key_sid,
      api_key_secret: nextKey.twilio_api_key_secret,
    });
    service.world.secrets.put('verify/twilio', twilioSecret(nextKey));
    await more(100);
    await service.control('credentials', { revoke: [firstKey.twilio_api_key_sid] });
    await more(300);
    const answers = await stop();
    expect(answers.length).toBeGreaterThan(500);
    expect(answers.filter((answer) => expectHttpAnswer(answer) !== 'ok')).toEqual([]);
    expect(answers.filter(({ body }) => JSON.parse(body).valid !== true)).toEqual([]);
    expect(readings() - before).toBeLessThanOrEqual(2);
  });

  test('whose new secret never came fails with a word to the operator, and asks Secrets Manager little', async () => {
    const { world } = service;
    const other = serve(world);
    await other.start({ to_phone: '+14155554000' });
    await service.control('credentials', { revoke: [nextKey.twilio_api_key_sid] });
    const before = readings();
    const starts = Array.from({ length: 50 }, (_, at) =>
      other.start(restEvent({ to_phone: `+1415555${4_000 + at}` })),
    );
    const codes = (await Promise.all(starts)).map(expectHttpAnswer);
    expect(new Set(codes)).toEqual(new Set(['misconfigured']));
    expect(readings() - before).toBeLessThanOrEqual(3);
    expect(other.lines.at(-1)).toMatchObject({
      event: 'operator_needed',
      fields: { reason: 'twilio_20003' },
    });
  });
});

describe('a secret that cannot be used', () => {
  const hidden = 'token-that-is-secret';
  test.each([
    ['is missing', undefined, 'Secret missing cannot be read: ResourceNotFoundException'],
    ['is empty', '', 'The Twilio secret must be a JSON object'],
    ['is no JSON', hidden, 'The Twilio secret must be a JSON object'],
    ['lacks the account', JSON.stringify({ twilio_auth_token: hidden }), 'twilio_account_sid'],
    ['lacks a credential', twilioSecret({}), 'twilio_auth_token'],
    ['lacks half a key', twilioSecret({ twilio_api_key_secret: hidden }), 'twilio_api_key_sid'],
    [
      'has an ill-formed service',
      twilioSecret({ twilio_auth_token: hidden, service_sid: hidden }),
      'service_sid',
    ],
  ])('because it %s is misconfigured: the key is named, no value is', async (_why, text, fix) => {
    const { world } = service;
    const id = text === undefined ? 'missing' : 'unusable';
    if (text !== undefined) world.secrets.put(id, text);
    const other = serve({ ...world, env: { ...world.env, TWILIO_SECRET_ID: id } });
    const answers = [
      await other.start(restEvent({ to_phone: '+14155552671' })),
      await other.check(restEvent({ to_phone: '+14155552671', code: '123456' })),
    ];
    expect(answers.map(expectHttpAnswer)).toEqual(['misconfigured', 'misconfigured']);
    expect(other.lines).toMatchObject([
      { event: 'operator_needed', fields: { fix: expect.stringContaining(fix) } },
      { event: 'operator_needed' },
    ]);
    expect(JSON.stringify([answers, other.lines, other.metrics])).not.toContain(hidden);
  });

  test('does not stop an input from being refused first', async () => {
    const { world } = service;
    const other = serve({ ...world, env: { ...world.env, TWILIO_SECRET_ID: 'missing' } });
    expect(expectHttpAnswer(await other.start(restEvent({})))).toBe('invalid_input');
  });
});

describe('a destination key secret that holds no key', () => {
  const page = '<html>502 Bad Gateway</html>';

  test.each([page, 'a-key-that-stands-alone', JSON.stringify({ current: page })])(
    'but %j is misconfigured: the shape is named, no value is',
    async (text) => {
      const { world } = service;
      world.secrets.put('no-key', text);
      const other = serve({ ...world, env: { ...world.env, DESTINATION_KEY_SECRET_ID: 'no-key' } });
      const answers = [
        await other.start(restEvent({ to_phone: '+14155552671' })),
        await other.check(restEvent({ to_phone: '+14155552671', code: '123456' })),
      ];
      expect(answers.map(expectHttpAnswer)).toEqual(['misconfigured', 'misconfigured']);
      expect(other.lines[0]).toMatchObject({
        event: 'operator_needed',
        fields: {
          reason: 'destination_key',
          fix: expect.stringContaining('JSON object that holds "current"'),
        },
      });
      expect(JSON.stringify([answers, other.lines, other.metrics])).not.toContain(text.slice(0, 12));
    },
  );

  test('leaves a container the key it has, so that no limit is forgotten', async () => {
    const { world } = service;
    let now = 0;
    const said: unknown[] = [];
    const keys = destinationHash(
      new Base({
        environment: new Environment({ DESTINATION_KEY_SECRET_ID: 'kept' }),
        log: (event, fields) => void said.push([event, fields]),
        metrics: (values) => void said.push(values),
        durations: new PartDurations(() => now),
        clock: () => now,
      }),
    );
    world.secrets.put('kept', JSON.stringify({ current: 'generated-by-the-stack' }));
    const kept = await keys.current();
    world.secrets.put('kept', page);
    now = 5 * minute;
    expect(await keys.current()).toBe(kept);
    expect(said).toEqual([
      ['secret_stale', { reason: 'destination_key', fix: expect.stringContaining('"current"') }],
      { StaleSecrets: 1 },
    ]);
    world.secrets.put('kept', JSON.stringify({ current: 'written-back-by-hand' }));
    now += 30_000;
    const renewed = await keys.current();
    expect(renewed('to', 'x')).toBe(createKeyedHash('written-back-by-hand')('to', 'x'));
  });
});

describe('an environment that lacks something', () => {
  test.each(['TWILIO_SECRET_ID', 'DESTINATION_KEY_SECRET_ID', 'VERIFY_TABLE_NAME'])(
    'names %s',
    async (name) => {
      const { world } = service;
      const other = serve({ ...world, env: { ...world.env, [name]: '' } });
      expect(expectHttpAnswer(await other.start(restEvent({ to_phone: '+14155552671' })))).toBe(
        'misconfigured',
      );
      expect(other.lines).toMatchObject([
        { fields: { reason: 'environment', fix: `The environment lacks ${name}` } },
      ]);
    },
  );

  test.each([
    ['is not JSON', '{', 'VERIFY_POLICY: It is not JSON'],
    ['has an unknown key', '{"chanels":[]}', 'chanels'],
    ['is a list', '[]', 'policy'],
  ])('names a policy that %s', async (_why, VERIFY_POLICY, fix) => {
    const { world } = service;
    const other = serve({ ...world, env: { ...world.env, VERIFY_POLICY } });
    expect(expectHttpAnswer(await other.start(restEvent({ to_phone: '+14155552671' })))).toBe(
      'misconfigured',
    );
    expect(other.lines).toMatchObject([{ fields: { fix: expect.stringContaining(fix) } }]);
  });

  test('names a Twilio address that would send credentials in clear', async () => {
    const { world } = service;
    const other = serve({ ...world, env: { ...world.env, TWILIO_API_BASE_URL: 'http://example.com' } });
    expect(expectHttpAnswer(await other.start(restEvent({ to_phone: '+14155552671' })))).toBe(
      'misconfigured',
    );
    expect(other.lines).toMatchObject([{ fields: { fix: expect.stringContaining('TWILIO_API_BASE_URL') } }]);
  });
});
