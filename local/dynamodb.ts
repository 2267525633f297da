import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { type Listening, listen } from './http-server.ts';

/** Makes the service's table at a local endpoint as the stack makes it: a string key, on demand. */
export const createTable = async (endpoint: string, tableName: string): Promise<void> => {
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    // A developer's own environment may ask for these, which no local endpoint has.
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
  });
  try {
    await client.send(
      new CreateTableCommand({
        TableName: tableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      }),
    );
    await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 1 }, { TableName: tableName });
  } finally {
    client.destroy();
  }
};

/**
 * Starts DynamoDB in memory (dynalite), with the service's table. It knows no transactions and no TTL, and returns no
 * item on a failed condition.
 *
 * @throws Error whose message is a sentence for a person, where the port cannot be had.
 */
export const startDynamoDb = async ({
  port = 0,
  tableName,
}: {
  readonly port?: number;
  readonly tableName: string;
}): Promise<Listening> => {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  // dynalite throws, and so ends the process, when a client goes away while it still sends.
  server.on('request', (request) => {
    request.removeAllListeners('error').on('error', () => undefined);
  });
  const listening = await listen(server, port);
  try {
    await createTable(listening.url, tableName);
  } catch (thrown) {
    await listening.close();
    throw thrown;
  }
  return listening;
};
