import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTwilioKeys } from '../../functions/adapters/twilio-keys.ts';
import type { ApiKeys } from '../../functions/rotation/ports.ts';
import { systemClock } from '../../functions/runtime/clock.ts';
import { type Emulator, startEmulator } from '../../local/emulator/server.ts';
import {
  cut,
  json,
  type Reaction,
  reply,
  startScriptedServer,
  twilioError,
} from '../support/scripted-server.ts';

const accountSid = `AC${'0'.repeat(32)}`;
const standardKey = `SK${'0'.repeat(32)}`;

const keysAt = (baseUrl: string, username = accountSid, password = 'emulator-token'): ApiKeys =>
  createTwilioKeys({
    admin: { accountSid, username, password, services: [] },
    baseUrl,
    region: undefined,
    edge: undefined,
    clock: systemClock,
    timing: { pause: async () => undefined },
  });

describe('on the emulator', () => {
  let emulator: Emulator;
  let keys: ApiKeys;
  beforeAll(async () => {
    emulator = await startEmulator();
    keys = keysAt(emulator.url);
  });
  afterAll(() => emulator.close());
  beforeEach(async () => {
    await fetch(`${emulator.url}/_emulator/reset`, { method: 'POST' });
  });

  const opens = async ({ sid, secret }: { sid: string; secret: string }) => {
    const headers = { Authorization: `Basic ${Buffer.from(`${sid}:${secret}`).toString('base64')}` };
    return (await fetch(`${emulator.url}/v2/Services`, { headers })).status;
  };

  test('a minted key works, is listed by its name, and is gone once removed', async () => {
    const minted = await keys.mint('a name');
    expect(await opens(minted)).toBe(200);
    expect(await keys.list()).toContainEqual({ sid: minted.sid, name: 'a name' });
    await keys.remove(minted.sid);
    expect(await opens(minted)).toBe(401);
    expect((await keys.list()).map(({ sid }) => sid)).toEqual([standardKey]);
  });

  test('removing a key that is gone is no failure', async () => {
    const { sid } = await keys.mint('a name');
    await keys.remove(sid);
    await expect(keys.remove(sid)).resolves.toBeUndefined();
  });

  test('the list is whole, however long', async () => {
    const made = new Set([standardKey]);
    for (let number = 0; number < 201; number += 1) made.add((await keys.mint(`${number}`)).sid);
    expect(new Set((await keys.list()).map(({ sid }) => sid))).toEqual(made);
  });

  test.each([
    ['a standard key', standardKey, 'emulator-secret'],
    ['a wrong token', accountSid, 'wrong-token'],
  ])('%s may do none of it, and the operator is told', async (_who, username, password) => {
    const weak = keysAt(emulator.url, username, password);
    for (const act of [() => weak.list(), () => weak.mint('x'), () => weak.remove(standardKey)])
      await expect(act()).rejects.toMatchObject({
        code: 'misconfigured',
        details: { reason: 'twilio_admin_refused', fix: expect.stringContaining('Main key') },
      });
    expect((await keys.list()).map(({ sid }) => sid)).toEqual([standardKey]);
  });
});

describe('an answer of Twilio', () => {
  const hidden = 'the-secret-of-a-key';
  const asking = async (reaction: Reaction, ask: (keys: ApiKeys) => Promise<unknown>) => {
    const server = await startScriptedServer({ reactions: [reaction] });
    try {
      return await ask(keysAt(server.url));
    } finally {
      await server.close();
    }
  };

  test.each([
    ['that is cut', cut, 'twilio_cut'],
    ['without a SID', json(201, { secret: hidden }), 'twilio_unreadable'],
    ['without a secret', json(201, { sid: standardKey }), 'twilio_unreadable'],
    ['that is no JSON', reply(201, hidden), 'twilio_unreadable'],
    ['of another status', twilioError(500, 20500, hidden), 'twilio_20500'],
  ])('%s to a mint fails and repeats nothing of it', async (_what, reaction, reason) => {
    const failure = await asking(reaction, (keys) => keys.mint('x')).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ name: 'RunError', details: { reason } });
    expect(JSON.stringify([failure, String(failure)])).not.toContain(hidden);
  });

  test.each([
    ['nothing', reply(204, '')],
    ['not found', twilioError(404, 20404)],
  ])('to a removal may be %s', async (_what, reaction) => {
    await expect(asking(reaction, (keys) => keys.remove(standardKey))).resolves.toBeUndefined();
  });

  test.each([
    ['cut', cut],
    ['a refusal', twilioError(403, 20403)],
    ['an error', reply(503, '<html>')],
  ])('to a removal that is %s is a failure', async (_what, reaction) => {
    await expect(asking(reaction, (keys) => keys.remove(standardKey))).rejects.toMatchObject({
      name: 'RunError',
    });
  });

  test('that never comes about is a failure to reach Twilio', async () => {
    const gone = await startScriptedServer({ reactions: [] });
    await gone.close();
    await expect(keysAt(gone.url).list()).rejects.toMatchObject({ details: { reason: 'twilio_connect' } });
  });
});
