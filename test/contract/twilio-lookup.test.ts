import { inspect } from 'node:util';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTwilioLookup, type TwilioLookupOptions } from '../../functions/adapters/twilio-lookup.ts';
import { LineRule, type LineRuleParts } from '../../functions/guard/rules/line-type.ts';
import { RunError } from '../../functions/runtime/errors.ts';
import type { Channel } from '../../functions/verify/channel.ts';
import { type Destination, phoneDestination } from '../../functions/verify/destination.ts';
import { type Emulator, startEmulator } from '../../local/emulator/server.ts';
import { type EmulatorControl, emulatorControl } from '../support/emulator-control.ts';
import { hashedRequest } from '../support/hashed-request.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { json, type Reaction, startScriptedServer } from '../support/scripted-server.ts';
import { secretWith } from '../support/twilio-gateway.ts';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator({ port: 0 });
  return () => emulator.close();
});

const handles = () => emulatorControl({ emulatorUrl: emulator.url });
const control: EmulatorControl['control'] = (route, body) => handles().control(route, body);
beforeEach(() => control('reset', {}));

const number = (text: string): Destination => {
  const found = phoneDestination(text, null);
  if (found === undefined) throw new Error('The test needs a number');
  return found;
};
const mobile = number('+14155552671');
const landline = number('+15005553006');

const lookup = (options: Partial<TwilioLookupOptions> = {}) =>
  createTwilioLookup({
    secrets: { current: async () => secretWith('emulator-secret'), replacementOf: async () => undefined },
    baseUrl: emulator.url,
    region: undefined,
    edge: undefined,
    clock: Date.now,
    ...options,
    timing: { pause: async () => {}, ...options.timing },
  });

/** What a call failed with: always a RunError, and one that gives nobody away. */
const refusalOf = async (call: Promise<unknown>): Promise<RunError> => {
  const thrown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(thrown).toBeInstanceOf(RunError);
  const printed = inspect(thrown, { showHidden: true, depth: 9 });
  for (const part of ['4155552671', 'emulator-secret', 'Basic']) expect(printed).not.toContain(part);
  return thrown as RunError;
};

describe('the Lookup gateway on the emulator', () => {
  it('tells a mobile from a landline', async () => {
    expect(await lookup().typeOf(mobile)).toBe('mobile');
    expect(await lookup().typeOf(landline)).toBe('landline');
  });

  it.each([
    ['a refused credential', { path: '/PhoneNumbers/', code: 20003 }, 'twilio_20003'],
    ['a country without leave', { path: '/PhoneNumbers/', code: 60601, status: 403 }, 'twilio_60601'],
    ['a page that is no JSON', { path: '/PhoneNumbers/', status: 500 }, 'twilio_unknown_500'],
    ['a cut connection', { path: '/PhoneNumbers/', drop: true }, 'twilio_cut'],
  ])('fails with %s', async (_name, fault, reason) => {
    await control('faults', fault);
    expect((await refusalOf(lookup().typeOf(mobile))).details.reason).toBe(reason);
  });

  it('gives up on an answer that does not come', async () => {
    await control('faults', { path: '/PhoneNumbers/', delay_ms: 600_000 });
    const error = await refusalOf(lookup({ timing: { wholeMs: 50 } }).typeOf(mobile));
    expect(error.details.reason).toBe('twilio_timeout');
  });

  it('fails where the secret cannot be read', async () => {
    const secrets = {
      current: () => Promise.reject(new RunError('misconfigured', { reason: 'secret_unreadable' })),
      replacementOf: async () => undefined,
    };
    expect((await refusalOf(lookup({ secrets }).typeOf(mobile))).details.reason).toBe('secret_unreadable');
  });
});

describe('the Lookup gateway on answers that the emulator does not give', () => {
  const asked = async (reaction: Reaction) => {
    const server = await startScriptedServer({ reactions: [reaction] });
    try {
      return await lookup({ baseUrl: server.url }).typeOf(mobile);
    } finally {
      await server.close();
    }
  };
  const found = (line: unknown) => json(200, { phone_number: mobile, line_type_intelligence: line });

  it.each([
    [{ type: 'nonFixedVoip', error_code: null }, 'nonFixedVoip'],
    [{ type: null, error_code: null }, 'unknown'],
    [{}, 'unknown'],
  ])('%j is %s', async (line, type) => {
    expect(await asked(found(line))).toBe(type);
  });

  it.each([
    [{ type: null, error_code: 60606 }, 'lookup_60606'],
    [null, 'twilio_unreadable'],
    ['landline', 'twilio_unreadable'],
  ])('%j fails', async (line, reason) => {
    expect((await refusalOf(asked(found(line)))).details.reason).toBe(reason);
  });
});

describe('the rule on lines', () => {
  let now = 0;
  let asked: Destination[];
  let failures: string[];
  beforeEach(() => {
    now = Date.UTC(2026, 10, 21);
    asked = [];
    failures = [];
  });

  type LinePolicy = Partial<LineRuleParts['policy']['lookup']>;
  const ruleWith = (policy: LinePolicy = {}, parts: Partial<LineRuleParts> = {}) =>
    new LineRule({
      lookup: {
        typeOf: (destination) => {
          asked.push(destination);
          return lookup().typeOf(destination);
        },
      },
      store: createMemoryStore(),
      policy: {
        channels: ['sms', 'call'],
        lookup: { mode: 'on', deny_types: [], cache_seconds: 3_600, ...policy },
      },
      clock: () => now,
      onFailure: (reason) => failures.push(reason),
      ...parts,
    });

  it('sends a landline to a call, and lets a mobile pass', async () => {
    const rule = ruleWith();
    const error = await rule.refuse(hashedRequest(landline), 'sms');
    expect(error).toEqual({
      code: 'channel_unavailable',
      reason: 'landline',
      sentence: 'This number takes no text messages; use the channel call',
    });
    expect(await rule.refuse(hashedRequest(mobile), 'sms')).toBeUndefined();
    expect(failures).toEqual([]);
  });

  it('names no channel that the policy does not enable', async () => {
    const lookupPolicy = { mode: 'on' as const, deny_types: [], cache_seconds: 60 };
    const rule = ruleWith({}, { policy: { channels: ['sms'], lookup: lookupPolicy } });
    expect((await rule.refuse(hashedRequest(landline), 'sms'))?.sentence).toBe(
      'This number takes no text messages; use a mobile number',
    );
  });

  it('blocks the types that the policy denies', async () => {
    const typeOf = async () => 'nonFixedVoip';
    const refused = await ruleWith({ deny_types: ['nonFixedVoip'] }, { lookup: { typeOf } }).refuse(
      hashedRequest(mobile),
      'sms',
    );
    expect(refused).toEqual({ code: 'blocked', reason: 'rule_line_type' });
    expect(
      await ruleWith({ deny_types: ['pager'] }, { lookup: { typeOf } }).refuse(hashedRequest(mobile), 'sms'),
    ).toBeUndefined();
  });

  it('asks about one number once until the memory of it ends, to the second', async () => {
    const rule = ruleWith();
    for (const moment of [now, now, now + 3_599_000]) {
      now = moment;
      expect((await rule.refuse(hashedRequest(landline), 'sms'))?.code).toBe('channel_unavailable');
    }
    expect(asked).toEqual([landline]);
    now += 1_000;
    await rule.refuse(hashedRequest(landline), 'sms');
    expect(asked).toEqual([landline, landline]);
  });

  it('asks no service where no SMS is sent', async () => {
    for (const channel of ['call', 'whatsapp', 'email', 'auto'] satisfies Channel[])
      expect(await ruleWith().refuse(hashedRequest(landline), channel)).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('lets everybody pass while Lookup fails, says so, and asks again the next time', async () => {
    const rule = ruleWith();
    await control('faults', { path: '/PhoneNumbers/', code: 20003 });
    expect(await rule.refuse(hashedRequest(landline), 'sms')).toBeUndefined();
    expect(failures).toEqual(['twilio_20003']);
    expect((await rule.refuse(hashedRequest(landline), 'sms'))?.code).toBe('channel_unavailable');
  });

  it('lets everybody pass while the store fails, at no fee', async () => {
    const down = new RunError('store_unavailable', { reason: 'dynamodb' });
    const store = { ...createMemoryStore(), load: () => Promise.reject(down) };
    expect(await ruleWith({}, { store }).refuse(hashedRequest(landline), 'sms')).toBeUndefined();
    expect([asked, failures]).toEqual([[], ['dynamodb']]);
  });

  it('keeps no number in the store', async () => {
    const keys: string[] = [];
    const memory = createMemoryStore();
    const save: typeof memory.save = (...ask) => {
      keys.push(JSON.stringify(ask));
      return memory.save(...ask);
    };
    await ruleWith({}, { store: { ...memory, save } }).refuse(hashedRequest(landline), 'sms');
    expect(keys.map((text) => [text.includes('line#'), text.includes('5005553006')])).toEqual([
      [true, false],
    ]);
  });
});
