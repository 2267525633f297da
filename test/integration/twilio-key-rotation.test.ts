import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { composeTwilioKeyRotation } from '../../functions/compose/rotation.ts';
import { rotationSteps } from '../../functions/rotation/rotate.ts';
import { expectHttpAnswer } from '../support/contract.ts';
import { restEvent } from '../support/lambda-events.ts';
import { leaksIn } from '../support/leaks.ts';
import type { Death } from '../support/mortal-wire.ts';
import { type RotationWorld, startRotation } from '../support/rotation-world.ts';
import { serve, startService, type TestService } from '../support/service.ts';
import { startLoad } from '../support/verification-load.ts';

const run = promisify(execFile);
const account = `AC${'0'.repeat(32)}`;
const operatorsKey = `SK${'0'.repeat(32)}`;
const adminSecret = { twilio_account_sid: account, twilio_auth_token: 'emulator-token' };

let service: TestService;
let rotation: RotationWorld;
/** Every secret that was ever in use. */
const privates = new Set(['emulator-token', 'emulator-secret']);

const startTwilioRotation = (environment: Readonly<Record<string, string>> = {}) =>
  startRotation(service.world, {
    secretId: 'verify/twilio',
    compose: composeTwilioKeyRotation,
    environment: { TWILIO_ADMIN_SECRET_ID: 'verify/twilio-admin', ...environment },
  });

beforeAll(async () => {
  service = await startService();
  service.world.secrets.put('verify/twilio-admin', JSON.stringify(adminSecret));
  // The first reading is made while the service is composed; wait until it is over.
  await service.start({ canary: true });
  rotation = await startTwilioRotation();
});
afterAll(async () => {
  await rotation.close();
  await service.world.close();
});

const asked = (path: string, user: string, password: string) =>
  fetch(service.world.emulatorUrl + path, {
    headers: { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
  });

/** The keys that the account has, by SID, with their names. */
const keysAtTwilio = async (): Promise<ReadonlyMap<string, string>> => {
  const response = await asked(`/iam/v1/Keys?AccountSid=${account}&PageSize=1000`, account, 'emulator-token');
  const { keys } = (await response.json()) as { keys: { sid: string; friendly_name: string }[] };
  return new Map(keys.map(({ sid, friendly_name }) => [sid, friendly_name]));
};

const keyOf = async (version = ''): Promise<{ sid: string; secret: string }> => {
  const { twilio_api_key_sid: sid, twilio_api_key_secret: secret } = JSON.parse(
    await rotation.value(version),
  );
  privates.add(secret);
  return { sid, secret };
};

const works = async ({ sid, secret }: { sid: string; secret: string }): Promise<boolean> =>
  (await asked(`/v2/Services/VA${'0'.repeat(32)}`, sid, secret)).ok;

const mintedAtTwilio = async (): Promise<string[]> =>
  [...(await keysAtTwilio())].flatMap(([sid, name]) => (name.startsWith('verify-') ? [sid] : [])).sort();

/** The keys that a labelled version names. */
const namedByVersions = async (): Promise<string[]> => {
  const versions = new Set(Object.values(await rotation.labels()));
  const keys = await Promise.all([...versions].map(keyOf));
  return keys.map(({ sid }) => sid).sort();
};

/** What must hold once a rotation has come to its end, however it got there. */
const expectRotated = async (token: string, before: string | undefined) => {
  const { AWSCURRENT, AWSPREVIOUS } = await rotation.labels();
  expect({ AWSCURRENT, AWSPREVIOUS }).toEqual({ AWSCURRENT: token, AWSPREVIOUS: before });
  const [fresh, old] = [await keyOf(AWSCURRENT), await keyOf(AWSPREVIOUS)];
  expect(fresh.sid).not.toBe(old.sid);
  expect(await mintedAtTwilio()).toEqual([fresh.sid, old.sid].filter((sid) => sid !== operatorsKey).sort());
  expect([await works(fresh), await works(old)]).toEqual([true, true]);
};

/** How many requests a whole rotation makes. */
const countRequests = async (): Promise<number> => {
  rotation.wire.revive();
  await rotation.rotate(rotation.begin());
  return rotation.wire.requests();
};

describe('a rotation', () => {
  test('ends with one new key; the old one works until the next has ended', async () => {
    const first = (await rotation.labels())['AWSCURRENT'];
    const tokens = [];
    for (let before = first; tokens.length < 3; before = tokens.at(-1)) {
      const token = rotation.begin();
      await rotation.rotate(token);
      await expectRotated(token, before);
      tokens.push(token);
    }
    expect(await works({ sid: operatorsKey, secret: 'emulator-secret' })).toBe(true);
    expect((await keysAtTwilio()).get((await keyOf(tokens[2])).sid)).toContain(tokens[2]);
  });

  test('tells of the key that it did not make once it went out of use, and of no other', () => {
    const told = rotation.said.filter((line) => JSON.stringify(line).includes('rotation_foreign_key'));
    expect(told).toEqual([
      {
        event: 'rotation_foreign_key',
        fix: `When no function uses it any more, delete API key ${operatorsKey} in Twilio's Console`,
      },
    ]);
  });

  test('leaves no label behind that would stop the next when somebody else writes a value', async () => {
    expect(Object.keys(await rotation.labels()).sort()).toEqual(['AWSCURRENT', 'AWSPREVIOUS']);
    const { AWSCURRENT = '' } = await rotation.labels();
    service.world.secrets.put('verify/twilio', `${await rotation.value(AWSCURRENT)} `);
    await rotation.rotate(rotation.begin());
  });

  test('keeps everything else that the secret holds', async () => {
    const { AWSCURRENT = '', AWSPREVIOUS = '' } = await rotation.labels();
    const [now, before] = [await rotation.value(AWSCURRENT), await rotation.value(AWSPREVIOUS)];
    const other = { twilio_api_key_sid: '', twilio_api_key_secret: '' };
    expect({ ...JSON.parse(now), ...other }).toEqual({ ...JSON.parse(before), ...other });
  });

  test('is tried out by Secrets Manager without effect, also before the secret is filled in', async () => {
    const keys = await keysAtTwilio();
    const filled = await rotation.value((await rotation.labels())['AWSCURRENT'] ?? '');
    await rotation.tryOut();
    service.world.secrets.put('verify/twilio', '{"twilio_account_sid":""}');
    await rotation.tryOut();
    service.world.secrets.put('verify/twilio', filled);
    expect(await keysAtTwilio()).toEqual(keys);
  });

  test('is told of, step by step', async () => {
    const said = rotation.said.length;
    await rotation.rotate(rotation.begin());
    expect(rotation.said.slice(said)).toEqual([
      ...rotationSteps.map((step) => ({
        event: 'rotation_step_done',
        function: 'rotation',
        step,
        duration: expect.any(Number),
      })),
      { metrics: { RotationSuccess: 1 }, dimensions: { function: 'rotation' } },
    ]);
  });
});

describe('a rotation that is killed', () => {
  /** Kills one at a request, then lets another run to its end. */
  const killAndResume = async (number: number, death: Death, resume: (token: string) => Promise<string>) => {
    const { AWSCURRENT: before } = await rotation.labels();
    const token = rotation.begin();
    rotation.wire.killAt(number, death);
    await expect(rotation.rotate(token)).rejects.toThrow(/^(create|test|finish)Secret failed: /);
    rotation.wire.revive();
    const next = await resume(token);
    const { AWSCURRENT } = await rotation.labels();
    await rotation.step('createSecret', next);
    // Unless it was all but over, nothing is left after the first step but the keys that a version names.
    if (AWSCURRENT !== next) expect(await mintedAtTwilio()).toEqual(await namedByVersions());
    await rotation.rotate(next);
    // Killed in its last step, it was the earlier rotation that ended.
    await expectRotated(next, next === token ? before : (await rotation.labels())['AWSPREVIOUS']);
  };

  const again = async (token: string) => token;
  const anew = async (token: string) => {
    const { AWSPENDING, AWSCURRENT } = await rotation.labels();
    if (AWSPENDING === token && AWSCURRENT !== token) rotation.callOff();
    return rotation.begin();
  };

  test.each(['before', 'after'] as const)(
    '%s any of its requests takes effect ends with one new key when it is run again, and no verification fails',
    async (death) => {
      const requests = await countRequests();
      expect(requests).toBeGreaterThan(15);
      const load = startLoad(service, 2);
      for (let number = 1; number <= requests; number += 1) {
        await killAndResume(number, death, again);
        await load.more(2);
      }
      const answers = await load.stop();
      expect(answers.length).toBeGreaterThan(4 * requests);
      expect(answers.filter((answer) => expectHttpAnswer(answer) !== 'ok')).toEqual([]);
    },
  );

  test.each(['before', 'after'] as const)(
    '%s any of its requests takes effect and called off leaves no key behind when the next is over',
    async (death) => {
      const requests = await countRequests();
      for (let number = 1; number <= requests; number += 1) await killAndResume(number, death, anew);
    },
  );

  test('after any step, with any step repeated, ends with one new key', async () => {
    const kill = fc.option(
      fc.record({ number: fc.integer({ min: 1, max: 6 }), death: fc.constantFrom<Death>('before', 'after') }),
    );
    const attempt = fc.record({ steps: fc.integer({ min: 1, max: 4 }), twice: fc.boolean(), kill });
    await fc.assert(
      fc.asyncProperty(fc.array(attempt, { maxLength: 5 }), async (attempts) => {
        const { AWSCURRENT: before } = await rotation.labels();
        const token = rotation.begin();
        for (const { steps, twice, kill: killed } of attempts) {
          if (killed !== null) rotation.wire.killAt(killed.number, killed.death);
          const names = rotationSteps.slice(0, steps).flatMap((name) => (twice ? [name, name] : [name]));
          for (const name of names) await rotation.step(name, token).catch(() => undefined);
          rotation.wire.revive();
        }
        await rotation.rotate(token);
        await expectRotated(token, before);
      }),
      { numRuns: 20 },
    );
  });

  test('leaves a service that starts at any moment with a key that works', async () => {
    const requests = await countRequests();
    for (let number = 1; number <= requests; number += 3) {
      const token = rotation.begin();
      rotation.wire.killAt(number, 'after');
      await expect(rotation.rotate(token)).rejects.toThrow('failed');
      const started = await serve(service.world).start(restEvent({ to_phone: `+1415555${1_000 + number}` }));
      expect(expectHttpAnswer(started)).toBe('ok');
      rotation.wire.revive();
      await rotation.rotate(token);
    }
  });
});

describe('a rotation that cannot go on', () => {
  const failure = async (act: () => Promise<void>) => {
    const before = rotation.said.length;
    await expect(act()).rejects.toThrow('failed');
    const [line, metric] = rotation.said.slice(before);
    expect(line).toMatchObject({ event: 'rotation_failed' });
    expect(metric).toEqual({ metrics: { RotationSuccess: 0 }, dimensions: { function: 'rotation' } });
    return line;
  };
  const failsFor = async (reason: string, environment: Readonly<Record<string, string>>) => {
    const other = await startTwilioRotation(environment);
    const before = await mintedAtTwilio();
    const token = other.begin();
    await expect(other.rotate(token)).rejects.toThrow(`createSecret failed: ${reason}`);
    other.callOff();
    await other.close();
    expect(await mintedAtTwilio()).toEqual(before);
    expect(other.said).toContainEqual(expect.objectContaining({ event: 'rotation_failed', reason }));
    return other.said;
  };

  test.each([
    ['is not named', { TWILIO_ADMIN_SECRET_ID: '' }, 'environment', undefined],
    ['is not there', { TWILIO_ADMIN_SECRET_ID: 'none' }, 'twilio_admin_secret', undefined],
    [
      'is empty as the stack made it',
      {},
      'twilio_admin_secret',
      { twilio_account_sid: '', twilio_auth_token: '' },
    ],
    [
      'is of another account',
      {},
      'twilio_admin_account',
      { ...adminSecret, twilio_account_sid: `AC${'1'.repeat(32)}` },
    ],
    ['is wrong', {}, 'twilio_admin_refused', { ...adminSecret, twilio_auth_token: 'hidden-wrong-token' }],
  ])('because its admin secret %s makes no key and says so', async (_why, environment, reason, secret) => {
    service.world.secrets.put('verify/twilio-admin', JSON.stringify(secret ?? adminSecret));
    const said = await failsFor(reason, environment);
    expect(JSON.stringify(said)).not.toContain('hidden-wrong-token');
    service.world.secrets.put('verify/twilio-admin', JSON.stringify(adminSecret));
  });

  test('because the key in use is no Main key makes none and says so', async () => {
    const { sid, secret } = await keyOf((await rotation.labels())['AWSCURRENT']);
    const weak = { twilio_account_sid: account, twilio_api_key_sid: sid, twilio_api_key_secret: secret };
    service.world.secrets.put('verify/twilio-admin', JSON.stringify(weak));
    await failsFor('twilio_admin_refused', {});
    service.world.secrets.put('verify/twilio-admin', JSON.stringify(adminSecret));
  });

  test('because no rotation was begun, or it was called off, does nothing', async () => {
    const before = await keysAtTwilio();
    const never = 'f'.repeat(32);
    expect(await failure(() => rotation.rotate(never))).toMatchObject({ reason: 'rotation_not_pending' });
    const token = rotation.begin();
    await rotation.step('createSecret', token);
    rotation.callOff();
    expect(await failure(() => rotation.step('finishSecret', token))).toMatchObject({ step: 'finishSecret' });
    await rotation.rotate(rotation.begin());
    expect((await keysAtTwilio()).size).toBe(before.size);
  });

  test('because a step was left out does nothing', async () => {
    const token = rotation.begin();
    await rotation.step('testSecret', token);
    expect(await failure(() => rotation.step('finishSecret', token))).toMatchObject({
      reason: 'rotation_order',
    });
    await rotation.rotate(token);
  });

  test('because nobody but Secrets Manager called it names nothing of the event', async () => {
    const said = await failure(() => rotation.step('hidden-step', 'short'));
    expect(said).toMatchObject({ reason: 'rotation_event', step: undefined });
    expect(JSON.stringify(rotation.said)).not.toContain('hidden-step');
  });
});

describe('nothing that a rotation says holds a secret', () => {
  test('in its lines, its metrics and what it throws', async () => {
    await rotation.rotate(rotation.begin());
    await namedByVersions();
    expect(privates.size).toBeGreaterThanOrEqual(3);
    expect(rotation.said.length).toBeGreaterThan(0);
    expect(leaksIn(JSON.stringify(rotation.said), privates)).toEqual([]);
  });

  test('with every log of its process at its noisiest', async () => {
    const [done, failed] = [rotation.begin(), 'f'.repeat(32)];
    const source = `
      const { handler } = await import(${JSON.stringify(resolve('functions/lambda/rotate_twilio_key.ts'))});
      for (const ClientRequestToken of ${JSON.stringify([done, failed])})
        for (const Step of ${JSON.stringify(rotationSteps)})
          await handler({ Step, SecretId: 'verify/twilio', ClientRequestToken }).catch((thrown) => console.error(thrown));`;
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '--eval', source], {
      env: {
        ...service.world.env,
        TWILIO_ADMIN_SECRET_ID: 'verify/twilio-admin',
        AWS_LAMBDA_LOG_LEVEL: 'TRACE',
        POWERTOOLS_LOG_LEVEL: 'TRACE',
        TWILIO_LOG_LEVEL: 'debug',
        NODE_DEBUG: 'http,https,net,tls,undici,fetch',
      },
      maxBuffer: 64 * 1024 * 1024,
    });
    expect((await rotation.labels())['AWSCURRENT']).toBe(done);
    await namedByVersions();
    expect(stdout.match(/"rotation_step_done"/g)).toHaveLength(5);
    expect(stdout.match(/"RotationSuccess":1/g)).toHaveLength(1);
    expect(stdout.match(/"RotationSuccess":0/g)).toHaveLength(3);
    expect(stderr).toMatch(/Error: createSecret failed: rotation_not_pending/);
    expect(stderr).toMatch(/^(HTTP|NET|UNDICI|FETCH) \d+: /m);
    expect(leaksIn(stdout + stderr, privates)).toEqual([]);
  });
});
