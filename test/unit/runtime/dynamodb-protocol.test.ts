import { DynamoDBClient, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { taking } from '../../../functions/adapters/dynamodb-places.ts';
import { DynamoDbProtocol } from '../../../functions/adapters/dynamodb-protocol.ts';
import { createDynamoDbClient } from '../../../functions/adapters/dynamodb-store.ts';

interface Sent {
  readonly body: string | Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

const common = {
  region: 'eu-west-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  maxAttempts: 1,
};

const takes = (limit: number, purpose: string) =>
  taking({ key: 'k', now: 1_700_000_000_000, limit, window: 600_000, purpose, sameFor: 1_000, holder: 'h' });

const takenBy = (protocol: object) => {
  const sent: Sent[] = [];
  const handle = (request: Sent) => {
    sent.push(request);
    return Promise.reject(new Error('Nothing answers'));
  };
  return { sent, client: new DynamoDBClient({ ...common, ...protocol, requestHandler: { handle } }) };
};

/** What a client with this protocol would send for the writes of a text. */
const writesBy = async (protocol: object, text: string, limit: number) => {
  const { sent, client } = takenBy(protocol);
  const TableName = 'table';
  const update = { TableName, Key: { pk: { S: text } }, ...takes(limit, text) };
  await expect(client.send(new UpdateItemCommand(update))).rejects.toThrow('Nothing answers');
  const put = { TableName, Item: { pk: { S: text }, version: { N: '1' } }, ConditionExpression: undefined };
  await expect(client.send(new PutItemCommand(put))).rejects.toThrow('Nothing answers');
  return sent.map(({ body, headers }) => ({
    body: JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body)),
    type: headers['content-type'],
    target: headers['x-amz-target'],
  }));
};

it('sends what the SDK would send', async () => {
  const texts = fc.string({
    unit: fc.constantFrom('a', '"', '\\', '\n', '\u007f', 'é', '語', '😀', '\ud800'),
  });
  await fc.assert(
    fc.asyncProperty(texts, fc.integer({ min: 1, max: 50 }), async (text, limit) => {
      const ours = await writesBy({ protocol: DynamoDbProtocol }, text, limit);
      expect(ours).toHaveLength(2);
      expect(ours).toEqual(await writesBy({}, text, limit));
    }),
    { numRuns: 50 },
  );
});

it('is what the store speaks', () => {
  expect(createDynamoDbClient().config.protocol).toBeInstanceOf(DynamoDbProtocol);
});
