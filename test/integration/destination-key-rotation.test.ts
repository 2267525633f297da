import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { composeDestinationKeyRotation } from '../../functions/compose/rotation.ts';
import { stateLives } from '../../functions/guard/limits/destination-state.ts';
import { parseHashKeys } from '../../functions/privacy/hash-keys.ts';
import { expectHttpAnswer } from '../support/contract.ts';
import { leaksIn } from '../support/leaks.ts';
import { type RotationWorld, startRotation } from '../support/rotation-world.ts';
import { startService, type TestService } from '../support/service.ts';
import { startLoad } from '../support/verification-load.ts';

const hour = 3_600_000;
const day = 24 * hour;
const began = Date.parse('2026-01-01T00:00:00.500Z');

let service: TestService;
let rotation: RotationWorld;
let now = began;
const secretId = 'rotated/destination-key';
const privates = new Set<string>();

beforeAll(async () => {
  service = await startService();
  service.world.secrets.put(secretId, '');
  rotation = await startRotation(service.world, {
    secretId,
    compose: composeDestinationKeyRotation,
    clock: () => now,
  });
});
afterAll(async () => {
  await rotation.close();
  await service.world.close();
});
beforeEach(() => {
  now = began;
  service.world.secrets.put(secretId, JSON.stringify({ current: 'generated-by-the-stack' }));
});

const current = async () => {
  const value = JSON.parse(await rotation.value((await rotation.labels())['AWSCURRENT'] ?? ''));
  privates.add(value.current);
  return value;
};

/** A rotation that fails and is called off. */
const refusedFor = async (reason: string, act: (token: string) => Promise<void>) => {
  const [before, said] = [await current(), rotation.said.length];
  const token = rotation.begin();
  await expect(act(token)).rejects.toThrow(reason);
  expect(await current()).toEqual(before);
  rotation.callOff();
  return rotation.said.slice(said);
};

describe('a rotation of the destination key', () => {
  test('makes a long key, keeps the one before, and says from when on the new one counts', async () => {
    await rotation.rotate(rotation.begin());
    expect(await current()).toEqual({
      current: expect.stringMatching(/^[\w-]{64}$/),
      previous: 'generated-by-the-stack',
      current_since: Date.parse('2026-01-02T00:00:00Z') / 1_000,
    });
    // The same, as the functions read it.
    expect(parseHashKeys(JSON.stringify(await current()))).toMatchObject({
      previous: 'generated-by-the-stack',
      since: Date.parse('2026-01-02T00:00:00Z'),
    });
  });

  test('is tried out by Secrets Manager without effect', async () => {
    const before = await current();
    await rotation.tryOut();
    expect(await current()).toEqual(before);
  });

  test('may be told to end again when the new key is long in use', async () => {
    const token = rotation.begin();
    await rotation.rotate(token);
    const rotated = await current();
    now += 2 * day;
    await rotation.rotate(token);
    expect(await current()).toEqual(rotated);
  });

  test('waits until all that the key before counted has run out, and says until when', async () => {
    await rotation.rotate(rotation.begin());
    const first = await current();
    now = first.current_since * 1_000 + stateLives - 1;
    const said = await refusedFor('createSecret failed: destination_key_early', rotation.rotate);
    expect(said).toContainEqual(
      expect.objectContaining({
        event: 'rotation_failed',
        fix: 'What the key before counted is still in use: rotate after 2026-04-02T00:00:00.000Z',
      }),
    );
    now += 1;
    await rotation.rotate(rotation.begin());
    expect(await current()).toMatchObject({ previous: first.current });
  });

  test('ends only while every function can still learn of it in time', async () => {
    const late = async (token: string) => {
      await rotation.step('createSecret', token);
      await rotation.step('testSecret', token);
      now += 23 * hour + 1_000;
      await rotation.step('finishSecret', token);
    };
    await refusedFor('finishSecret failed: destination_key_late', late);
    now = began;
    await refusedFor('testSecret failed: destination_key_late', async (token) => {
      await rotation.step('createSecret', token);
      now += day;
      await rotation.step('testSecret', token);
    });
    // Called off and begun anew it ends.
    await rotation.rotate(rotation.begin());
    expect(await current()).toMatchObject({ current_since: Math.floor((now + day) / 1_000) });
  });

  test.each(['', '{}', 'a-key-that-stands-alone', '{"current":"short"}', '<html>502 Bad Gateway</html>'])(
    'refuses a secret that holds %j',
    async (text) => {
      service.world.secrets.put(secretId, text);
      const token = rotation.begin();
      await expect(rotation.rotate(token)).rejects.toThrow('createSecret failed: ');
      rotation.callOff();
      expect(await rotation.value((await rotation.labels())['AWSCURRENT'] ?? '')).toBe(text);
    },
  );

  test.each(['before', 'after'] as const)(
    'killed %s any of its requests takes effect and run again changes the key once',
    async (death) => {
      rotation.wire.revive();
      await rotation.rotate(rotation.begin());
      const requests = rotation.wire.requests();
      for (let number = 1; number <= requests; number += 1) {
        now += stateLives + day;
        const { AWSCURRENT: before } = await rotation.labels();
        const { current: previous } = await current();
        const token = rotation.begin();
        rotation.wire.killAt(number, death);
        await expect(rotation.rotate(token)).rejects.toThrow('failed');
        rotation.wire.revive();
        await rotation.rotate(token);
        await rotation.rotate(token);
        expect(await rotation.labels()).toMatchObject({ AWSCURRENT: token, AWSPREVIOUS: before });
        expect(await current()).toMatchObject({ previous });
      }
      expect(requests).toBeGreaterThanOrEqual(8);
    },
  );

  test('says nothing that holds a key', () => {
    expect(privates.size).toBeGreaterThan(10);
    expect(leaksIn(JSON.stringify(rotation.said), privates)).toEqual([]);
  });
});

test('a service goes on while its destination key is rotated', async () => {
  const own = await startService();
  const rotating = await startRotation(own.world, {
    secretId: 'verify/destination-key',
    compose: composeDestinationKeyRotation,
  });
  const load = startLoad(own, 2);
  await load.more(20);
  await rotating.rotate(rotating.begin());
  await load.more(20);
  const answers = await load.stop();
  expect(answers.filter((answer) => expectHttpAnswer(answer) !== 'ok')).toEqual([]);
  await rotating.close();
  await own.world.close();
});
