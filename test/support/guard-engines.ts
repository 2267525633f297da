import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDbStore } from '../../functions/adapters/dynamodb-store.ts';
import type { GuardStore } from '../../functions/guard/store/store.ts';
import { createTable, startDynamoDb } from '../../local/dynamodb.ts';
import { dynamoDbLocalMissing, startDynamoDbLocal } from './dynamodb-local.ts';
import { createMemoryStore } from './memory-store.ts';

/** Something that keeps the guard's counters, started for a test. */
export interface RunningEngine {
  /** A store over the same table; one that talks to a server has a client of its own, as each Lambda instance has. */
  newStore(): GuardStore;
  /** Where the table is served; empty where it is in memory. */
  readonly url: string;
  close(): Promise<void>;
}

/** A kind of engine that a suite is held against. */
export interface Engine {
  readonly name: string;
  /** Why it can't run here. */
  readonly missing: string | undefined;
  start(): Promise<RunningEngine>;
}

/** The name of the table in every engine. */
export const tableName = 'guard';

/**
 * A client of an engine that serves `url`: patient, for a single thread serves hundreds at once, and with a new
 * connection each time, for a kept one may be closed at the very moment it is used.
 */
export const engineClient = (url: string): DynamoDBClient =>
  new DynamoDBClient({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: 60_000,
      requestTimeout: 60_000,
      httpAgent: { keepAlive: false, maxSockets: 100 },
    },
  });

const overWire = (server: { readonly url: string; close(): Promise<void> }): RunningEngine => {
  const clients: DynamoDBClient[] = [];
  return {
    url: server.url,
    newStore() {
      const client = engineClient(server.url);
      clients.push(client);
      return new DynamoDbStore(client, tableName);
    },
    async close() {
      for (const client of clients) client.destroy();
      await server.close();
    },
  };
};

const memory: Engine = {
  name: 'memory',
  missing: undefined,
  async start() {
    const store = createMemoryStore();
    return { url: '', newStore: () => store, close: async () => undefined };
  },
};

const dynalite: Engine = {
  name: 'dynalite',
  missing: undefined,
  start: async () => overWire(await startDynamoDb({ tableName })),
};

const dynamoDbLocal: Engine = {
  name: 'DynamoDB Local',
  missing: dynamoDbLocalMissing(),
  async start() {
    const server = await startDynamoDbLocal();
    await createTable(server.url, tableName);
    return overWire(server);
  },
};

/** The engines that speak DynamoDB. */
export const dynamoDbEngines: readonly Engine[] = [dynalite, dynamoDbLocal];

/** Every implementation of the port. */
export const engines: readonly Engine[] = [memory, ...dynamoDbEngines];
