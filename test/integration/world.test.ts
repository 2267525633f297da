import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { mergePolicies, readPolicy } from '../../local/settings.ts';
import { startWorld, type World, type WorldOptions } from '../../local/world.ts';

const worlds: World[] = [];

/** Starts a world and gives its environment to this process, as the commands do. */
const enter = async (options?: WorldOptions): Promise<World> => {
  const world = await startWorld(options);
  worlds.push(world);
  for (const [name, value] of Object.entries(world.env)) vi.stubEnv(name, value);
  return world;
};

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(worlds.splice(0).map((world) => world.close()));
});

const secretOf = async (world: World, name: 'TWILIO_SECRET_ID' | 'DESTINATION_KEY_SECRET_ID') => {
  const { SecretString = '' } = await new SecretsManagerClient().send(
    new GetSecretValueCommand({ SecretId: world.env[name] }),
  );
  return JSON.parse(SecretString) as Record<string, string>;
};

/** How many ports this process listens on. A closed one still counts until the event loop has turned. */
const listeners = async (): Promise<number> => {
  await turn();
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPServerWrap').length;
};

describe('the embedded world', () => {
  test('is found by SDK clients that know nothing but the environment, whatever profile a developer uses', async () => {
    vi.stubEnv('AWS_PROFILE', 'work');
    vi.stubEnv('AWS_SESSION_TOKEN', 'a session of yesterday');
    vi.stubEnv('AWS_USE_FIPS_ENDPOINT', 'true');
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:1');
    const { env } = await enter();
    const dynamoDb = new DynamoDBClient();
    const TableName = env['VERIFY_TABLE_NAME'];
    await dynamoDb.send(new PutItemCommand({ TableName, Item: { pk: { S: 'a' }, n: { N: '1' } } }));
    const { Item } = await dynamoDb.send(new GetItemCommand({ TableName, Key: { pk: { S: 'a' } } }));
    expect(Item).toEqual({ pk: { S: 'a' }, n: { N: '1' } });
    const again = new PutItemCommand({
      TableName,
      Item: { pk: { S: 'a' } },
      ConditionExpression: 'attribute_not_exists(pk)',
    });
    await expect(dynamoDb.send(again)).rejects.toThrow(ConditionalCheckFailedException);
  });

  test("holds the emulator's credentials and a new destination key at each start", async () => {
    const world = await enter();
    expect(await secretOf(world, 'TWILIO_SECRET_ID')).toEqual({
      twilio_account_sid: `AC${'0'.repeat(32)}`,
      twilio_api_key_sid: `SK${'0'.repeat(32)}`,
      twilio_api_key_secret: 'emulator-secret',
      service_sid: `VA${'0'.repeat(32)}`,
    });
    const { current = '' } = await secretOf(world, 'DESTINATION_KEY_SECRET_ID');
    expect(Buffer.from(current, 'base64')).toHaveLength(32);
    const other = await secretOf(await enter(), 'DESTINATION_KEY_SECRET_ID');
    expect(other['current']).not.toBe(current);
  });

  test('starts no emulator where another origin, or Twilio itself, is meant', async () => {
    const baseUrl = 'http://127.0.0.1:9';
    const told = await enter({ twilio: { baseUrl } });
    vi.stubEnv('TWILIO_API_BASE_URL', baseUrl);
    const byEnvironment = await startWorld();
    worlds.push(byEnvironment);
    for (const world of [told, byEnvironment]) {
      expect(world.env['TWILIO_API_BASE_URL']).toBe(baseUrl);
      expect(world.emulatorUrl).toBeNull();
    }
    const live = await enter({ twilio: { live: { twilio_account_sid: 'mine' } } });
    expect(live.env['TWILIO_API_BASE_URL']).toBe('');
    expect(await secretOf(live, 'TWILIO_SECRET_ID')).toEqual({ twilio_account_sid: 'mine' });
  });

  test('says which port is taken, and leaves nothing open', async () => {
    const { emulatorUrl } = await enter();
    const before = await listeners();
    const taken = Number(new URL(emulatorUrl ?? '').port);
    await expect(startWorld({ twilio: 'emulator', emulatorPort: taken })).rejects.toThrow(
      `Port ${taken} on 127.0.0.1 is taken`,
    );
    expect(await listeners()).toBe(before);
  });

  test('closes its ports although connections are kept alive', async () => {
    const before = await listeners();
    const world = await startWorld({ twilio: 'emulator' });
    const urls = [world.emulatorUrl ?? '', world.secrets.url];
    for (const url of urls) await (await fetch(url)).text();
    await world.close();
    expect(await listeners()).toBe(before);
    for (const url of urls) await expect(fetch(url)).rejects.toThrow('fetch failed');
  });

  test('lives on when a client leaves in the middle of a request', async () => {
    const { env } = await enter();
    for (const name of ['AWS_ENDPOINT_URL_DYNAMODB', 'AWS_ENDPOINT_URL_SECRETS_MANAGER']) {
      const { port } = new URL(env[name] ?? '');
      const socket = connect(Number(port), '127.0.0.1');
      await once(socket, 'connect');
      await new Promise((done) => {
        socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"half', done);
      });
      socket.resetAndDestroy();
      await once(socket, 'close');
    }
    const Key = { pk: { S: 'a' } };
    const read = new GetItemCommand({ TableName: env['VERIFY_TABLE_NAME'], Key });
    expect((await new DynamoDBClient().send(read)).Item).toBeUndefined();
  });
});

describe('the policy of this machine', () => {
  test('takes VERIFY_POLICY key by key at every depth, and lists as a whole', () => {
    const below = { channels: ['sms', 'call'], rate_limits: { a: 1, b: 2 }, default_country: 'US' };
    const above = { channels: ['email'], rate_limits: { b: 3 }, default_country: null };
    expect(mergePolicies(below, above)).toEqual({
      channels: ['email'],
      rate_limits: { a: 1, b: 3 },
      default_country: null,
    });
  });

  test('reaches the functions as the world was told', async () => {
    vi.stubEnv('VERIFY_POLICY', '{"rate_limits":{"resend_cooldown_seconds":0}}');
    const { env } = await enter();
    expect(JSON.parse(env['VERIFY_POLICY'] ?? '')).toMatchObject({
      rate_limits: { resend_cooldown_seconds: 0 },
    });
    const told = await enter({ policy: { channels: ['email'] } });
    expect(told.env['VERIFY_POLICY']).toBe('{"channels":["email"]}');
  });

  test.each([
    ['{"channels":', 'VERIFY_POLICY is not valid JSON'],
    ['[]', 'VERIFY_POLICY must be a JSON object'],
    ['{"rate_limits":{"per_day":1}}', 'rate_limits.per_day'],
  ])('%s is refused in a sentence', async (VERIFY_POLICY, sentence) => {
    await expect(readPolicy({ VERIFY_POLICY })).rejects.toThrow(sentence);
  });
});
