import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DynamoDbStore } from '../../functions/adapters/dynamodb-store.ts';
import { startDynamoDb } from '../../local/dynamodb.ts';
import type { Listening } from '../../local/http-server.ts';
import { engineClient, tableName } from '../support/guard-engines.ts';
import { direct, type GuardOutcome, http, wrongCode } from '../support/guard-world.ts';
import { meteredWorld } from '../support/metered-world.ts';
import { type Bill, metered, type TableMeter } from '../support/table-meter.ts';

describe('the table is asked', () => {
  let server: Listening;
  let client: DynamoDBClient;
  let meter: TableMeter;
  beforeAll(async () => {
    server = await startDynamoDb({ tableName });
    client = engineClient(server.url);
    meter = metered(client);
  });
  afterAll(async () => {
    client.destroy();
    await server.close();
  });

  const createWorld = () => meteredWorld(new DynamoDbStore(client, tableName), meter);
  const billed = async (asking: Promise<GuardOutcome>, kind: GuardOutcome['kind']): Promise<Bill> => {
    expect(await asking).toMatchObject({ kind });
    return meter.read();
  };

  const callers = [
    ['an identity', http('192.0.2.1', 'ada')],
    ['an address', http('192.0.2.2')],
    ['another Lambda', direct],
  ] as const;

  test.each(callers)('little by %s, and twice before the provider at most', async (who, caller) => {
    const world = createWorld();
    const to = `+1500555${1_000 + callers.findIndex(([name]) => name === who)}`;
    const asked = { to, caller };
    meter.read();
    const bills = {
      start: await billed(world.start(asked), 'sent'),
      replay: await billed(world.start(asked), 'replayed'),
      wrong: await billed(world.check(wrongCode, asked), 'wrong'),
      approved: await billed(world.check(world.code(asked), asked), 'approved'),
    };
    for (const { before, after } of Object.values(bills)) {
      expect(before).toBeLessThanOrEqual(2);
      expect(after).toBeLessThanOrEqual(1);
    }
    expect(bills.start.writeUnits).toBeLessThanOrEqual(6);
    expect(bills.wrong.writeUnits).toBeLessThanOrEqual(3);
    expect(bills.approved.writeUnits).toBeLessThanOrEqual(5);
  });

  test('hardly more for a destination with a long history', async () => {
    const world = createWorld();
    const asked = { to: '+15005552000', caller: http('192.0.2.9', 'eve') };
    for (let count = 0; count < 10; count += 1) {
      await world.start(asked);
      await world.start({ ...asked, channel: 'call' });
      for (const code of ['111111', '222222', '333333']) await world.check(code, asked);
      await world.check(world.code(asked), asked);
      world.pass(13 * 3_600_000);
    }
    meter.read();
    const start = await billed(world.start(asked), 'sent');
    const wrong = await billed(world.check(wrongCode, asked), 'wrong');
    const approved = await billed(world.check(world.code(asked), asked), 'approved');
    expect(start.writeUnits).toBeLessThanOrEqual(6);
    expect(wrong.writeUnits).toBeLessThanOrEqual(3);
    // Its document is written in two units each time.
    expect(approved.writeUnits).toBeLessThanOrEqual(6);
  });
});
