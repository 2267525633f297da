import { BatchWriteItemCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DynamoDbStore } from '../../functions/adapters/dynamodb-store.ts';
import { createTable } from '../../local/dynamodb.ts';
import type { Listening } from '../../local/http-server.ts';
import { dynamoDbLocalMissing, startDynamoDbLocal } from '../support/dynamodb-local.ts';
import { engineClient, tableName } from '../support/guard-engines.ts';
import { http, wrongCode } from '../support/guard-world.ts';
import { meteredWorld } from '../support/metered-world.ts';
import { type Bill, metered, type TableMeter } from '../support/table-meter.ts';

/** How many destinations fill the table: CI takes a million. */
const destinations = Number(process.env['GUARD_DESTINATIONS'] ?? 10_000);
/** What BatchWriteItem takes, and how many of them are on their way at once. */
const batch = 25;
const writers = 16;

const missing = dynamoDbLocalMissing();
if (missing !== undefined) process.stderr.write(`guard-million: skipped, since ${missing}\n`);

describe.skipIf(missing !== undefined)(`a table of ${destinations} destinations`, () => {
  let server: Listening;
  let client: DynamoDBClient;
  let meter: TableMeter;
  beforeAll(async () => {
    server = await startDynamoDbLocal();
    await createTable(server.url, tableName);
    client = engineClient(server.url);
    meter = metered(client);
  });
  afterAll(async () => {
    client.destroy();
    await server.close();
  });

  const bills = async (to: string): Promise<Bill[]> => {
    const world = meteredWorld(new DynamoDbStore(client, tableName), meter);
    const asked = { to, caller: http('192.0.2.1', to) };
    meter.read();
    await world.start(asked);
    const started = meter.read();
    await world.check(wrongCode, asked);
    const wrong = meter.read();
    expect(await world.check(world.code(asked), asked)).toMatchObject({ kind: 'approved' });
    return [started, wrong, meter.read()];
  };

  /** Destinations as a verification leaves them. */
  const fill = async (): Promise<void> => {
    const filler = new DynamoDBClient({
      endpoint: server.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    const document = JSON.stringify({ sends: [], guesses: [], known: ['x'.repeat(24)], verifiedAt: 1 });
    let next = 0;
    const writer = async (): Promise<void> => {
      while (next < destinations) {
        const from = next;
        next += batch;
        const items = Array.from({ length: Math.min(batch, destinations - from) }, (_, at) => ({
          PutRequest: {
            Item: {
              pk: { S: `to#${(from + at).toString().padStart(24, 'x')}` },
              version: { N: '1' },
              document: { S: document },
              expires_at: { N: '4102444800' },
            },
          },
        }));
        await filler.send(new BatchWriteItemCommand({ RequestItems: { [tableName]: items } }));
      }
    };
    await Promise.all(Array.from({ length: writers }, writer));
    filler.destroy();
  };

  test('costs a request what an empty one does', async () => {
    const empty = await bills('+15005551000');
    await fill();
    const { Table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
    expect(Table?.ItemCount).toBeGreaterThanOrEqual(destinations);
    expect(await bills('+15005552000')).toEqual(empty);
  }, 900_000);
});
