import { inspect } from 'node:util';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbStore } from '../../functions/adapters/dynamodb-store.ts';
import { BlockMemory } from '../../functions/guard/rules/block-memory.ts';
import type { GuardStore } from '../../functions/guard/store/store.ts';
import { RunError } from '../../functions/runtime/errors.ts';
import type { Channel } from '../../functions/verify/channel.ts';
import { type Destination, phoneDestination } from '../../functions/verify/destination.ts';
import { startDynamoDb } from '../../local/dynamodb.ts';
import { startEmulator } from '../../local/emulator/server.ts';
import { engineClient, engines, type RunningEngine, tableName } from '../support/guard-engines.ts';
import { hashedRequest } from '../support/hashed-request.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { gateway, secretWith, service } from '../support/twilio-gateway.ts';

const hour = 3_600_000;
const day = 24 * hour;
const start = Date.UTC(2026, 10, 21, 12) + 500;

let now = start;
const memoryOver = (store: GuardStore) => {
  const memory = new BlockMemory(store, () => now);
  return {
    recall: (to: Destination, channel: Channel) => memory.recall(hashedRequest(to), channel),
    remember: (thrown: unknown, to: Destination, channel: Channel) =>
      memory.remember(thrown, hashedRequest(to), channel),
  };
};

const number = (text: string): Destination => {
  const found = phoneDestination(text, null);
  if (found === undefined) throw new Error('The test needs a number');
  return found;
};
const suppressed = new RunError('blocked', { reason: 'twilio_21610', remember: 'recipient' });
const fraud = new RunError('blocked', { reason: 'twilio_60410', remember: 'range' });

/** Counts the requests to a store. */
const counting = (store: GuardStore) => {
  const requests: string[] = [];
  const counted: GuardStore = {
    ...store,
    load: (...ask) => {
      requests.push('load');
      return store.load(...ask);
    },
    save: (...ask) => {
      requests.push('save');
      return store.save(...ask);
    },
  };
  return { counted, requests };
};

// The store's contract suite says why an engine is missing.
const present = engines.filter(({ missing }) => missing === undefined);

describe.each(present)('the memory of blocks on $name', ({ start: startEngine }) => {
  let engine: RunningEngine;
  let subscriber = 0;
  let one: Destination;
  let neighbour: Destination;
  let farther: Destination;
  beforeAll(async () => {
    engine = await startEngine();
  });
  afterAll(() => engine.close());
  beforeEach(() => {
    now = start;
    // Prefixes of its own for each test, since they share a table.
    subscriber += 2;
    const exchange = (plus: number) => 200 + subscriber + plus;
    one = number(`+1415${exchange(0)}2671`);
    neighbour = number(`+1415${exchange(0)}9999`);
    farther = number(`+1415${exchange(1)}2671`);
  });

  const memory = () => memoryOver(engine.newStore());
  const reasons = async (destination: Destination) => {
    const channels: Channel[] = ['sms', 'whatsapp', 'call', 'email'];
    const recalled = await Promise.all(channels.map((channel) => memory().recall(destination, channel)));
    return recalled.map((refusal) => refusal?.reason);
  };
  const nothing = [undefined, undefined, undefined, undefined];

  it('knows nothing at first', async () => {
    expect(await reasons(one)).toEqual(nothing);
  });

  it('holds a prefix back on the sms channel, and no other prefix, for 12 hours to the millisecond', async () => {
    await memory().remember(fraud, one, 'sms');
    const blocked = ['twilio_60410', undefined, undefined, undefined];
    expect(await reasons(one)).toEqual(blocked);
    expect(await reasons(neighbour)).toEqual(blocked);
    expect(await reasons(farther)).toEqual(nothing);
    now = start + 12 * hour - 1;
    expect(await reasons(neighbour)).toEqual(blocked);
    now = start + 12 * hour;
    expect(await reasons(neighbour)).toEqual(nothing);
  });

  it.each(['sms', 'whatsapp'] as const)(
    'holds a recipient who replied STOP back on %s only, for 30 days to the millisecond',
    async (channel) => {
      await memory().remember(suppressed, one, channel);
      const blocked = ['sms', 'whatsapp', 'call', 'email'].map((other) =>
        other === channel ? 'twilio_21610' : undefined,
      );
      expect(await reasons(one)).toEqual(blocked);
      expect(await reasons(neighbour)).toEqual(nothing);
      now = start + 30 * day - 1;
      expect(await reasons(one)).toEqual(blocked);
      now = start + 30 * day;
      expect(await reasons(one)).toEqual(nothing);
    },
  );

  it('keeps the one when it takes note of the other', async () => {
    await memory().remember(suppressed, one, 'sms');
    await memory().remember(fraud, neighbour, 'sms');
    await memory().remember(suppressed, farther, 'sms');
    expect((await memory().recall(one, 'sms'))?.reason).toBe('twilio_21610');
    now = start + 12 * hour;
    expect((await memory().recall(one, 'sms'))?.reason).toBe('twilio_21610');
    expect(await memory().recall(neighbour, 'sms')).toBeUndefined();
  });

  it('can be told again after it forgot', async () => {
    await memory().remember(fraud, one, 'sms');
    now = start + 12 * hour;
    await memory().remember(fraud, one, 'sms');
    now = start + 24 * hour - 1;
    expect((await memory().recall(neighbour, 'sms'))?.reason).toBe('twilio_60410');
  });

  it.each([
    ['another refusal', new RunError('blocked', { reason: 'twilio_60605' }), 'sms'],
    ['a word of the log', new RunError('blocked', { reason: 'twilio_21610' }), 'sms'],
    ['a rule of ours', new RunError('blocked', { reason: 'rule_country' }), 'sms'],
    ['something unforeseen', new TypeError('twilio_60410'), 'sms'],
    ['nothing', undefined, 'sms'],
    ['a STOP on a call', suppressed, 'call'],
    ['a prefix blocked on a call', fraud, 'call'],
    ['a prefix blocked on WhatsApp', fraud, 'whatsapp'],
  ] as const)('takes no note of %s', async (_name, thrown, channel) => {
    const { counted, requests } = counting(engine.newStore());
    await memoryOver(counted).remember(thrown, one, channel);
    expect([await reasons(one), requests]).toEqual([nothing, []]);
  });

  it('loses none of ten recipients of one prefix who are noted at once', async () => {
    const recipients = Array.from({ length: 10 }, (_, at) => number(`${one.slice(0, -1)}${at}`));
    await Promise.all(recipients.map((recipient) => memory().remember(suppressed, recipient, 'sms')));
    const recalled = await Promise.all(recipients.map((recipient) => memory().recall(recipient, 'sms')));
    expect(recalled.map((refusal) => refusal?.reason)).toEqual(recipients.map(() => 'twilio_21610'));
  });
});

describe('the memory of blocks', () => {
  const one = number('+14155552671');

  it('costs a start one read and no write, on channels without a memory nothing', async () => {
    const { counted, requests } = counting(createMemoryStore());
    const memory = memoryOver(counted);
    await memory.recall(one, 'sms');
    expect(requests).toEqual(['load']);
    await memory.recall(one, 'call');
    await memory.recall(one, 'email');
    expect(requests).toEqual(['load']);
  });

  it('keeps the newest hundred recipients of a prefix', async () => {
    const memory = memoryOver(createMemoryStore());
    const recipient = (at: number) => number(`+1415555${2_000 + at}`);
    for (let at = 0; at <= 100; at += 1) {
      now = start + at;
      await memory.remember(suppressed, recipient(at), 'sms');
    }
    const known = await Promise.all([0, 1, 100].map((at) => memory.recall(recipient(at), 'sms')));
    expect(known.map((refusal) => refusal?.reason)).toEqual([undefined, 'twilio_21610', 'twilio_21610']);
  });

  it.each([
    ['twilio_60410', '+15005560410'],
    ['twilio_21610', '+15005551610'],
  ])('takes note of %s as Twilio says it', async (reason, text) => {
    const emulator = await startEmulator({ port: 0 });
    try {
      const secret = secretWith('emulator-secret');
      const secrets = { current: async () => secret, replacementOf: async () => undefined };
      const destination = number(text);
      const sending = gateway(emulator.url, { secrets }).start({ service, destination, channel: 'sms' });
      const refused = await sending.catch((thrown: unknown) => thrown);
      const memory = memoryOver(createMemoryStore());
      await memory.remember(refused, destination, 'sms');
      expect((await memory.recall(destination, 'sms'))?.reason).toBe(reason);
    } finally {
      await emulator.close();
    }
  });

  const down = new RunError('store_unavailable', { reason: 'dynamodb' });
  const failing = (change: Partial<GuardStore>): GuardStore => ({ ...createMemoryStore(), ...change });
  it.each([
    ['cannot be read', { load: () => Promise.reject(down) }],
    ['cannot be written', { save: () => Promise.reject(down) }],
    ['never stays still', { save: async () => null }],
    ['holds another document', { load: async () => ({ version: 1, document: { fraudUntil: 'late' } }) }],
  ] satisfies [string, Partial<GuardStore>][])('stops nobody while the store %s', async (_name, change) => {
    const memory = memoryOver(failing(change));
    await memory.remember(fraud, one, 'sms');
    expect(await memory.recall(one, 'sms')).toBeUndefined();
  });

  it('says when Twilio is asked again, and holds nothing of the destination in errors and table', async () => {
    now = start;
    const database = await startDynamoDb({ tableName });
    const client = engineClient(database.url);
    try {
      const memory = memoryOver(new DynamoDbStore(client, tableName));
      await memory.remember(fraud, one, 'sms');
      await memory.remember(suppressed, one, 'whatsapp');
      const recalled = [await memory.recall(one, 'sms'), await memory.recall(one, 'whatsapp')];
      expect(recalled.map((refusal) => [refusal?.code, refusal?.sentence])).toEqual([
        ['blocked', undefined],
        ['blocked', undefined],
      ]);
      expect(recalled[0]?.fix).toMatch(/asked again from 2026-11-22T00:00:00\.500Z$/);
      const { Items: items = [] } = await client.send(new ScanCommand({ TableName: tableName }));
      expect(items.map((item) => item['pk']?.S?.split('#')[0])).toEqual(['prefix']);
      const everything = inspect([recalled, items], { depth: 9, showHidden: true });
      for (const part of ['4155552671', '1415555', '2671']) expect(everything).not.toContain(part);
    } finally {
      client.destroy();
      await database.close();
    }
  });
});
