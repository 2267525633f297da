import { BatchGetItemCommand, type DynamoDBClient, type KeysAndAttributes } from '@aws-sdk/client-dynamodb';
import type { Item } from './dynamodb-places.ts';

/** The most keys that one request takes (BatchGetItem). */
const maxKeys = 100;
/** How often keys that the table left out are asked for again. */
const maxTries = 3;

type Waiting = PromiseWithResolvers<Item | undefined>;
type Asked = readonly (readonly [key: string, waiting: Waiting])[];

/**
 * Strongly consistent reads. What is asked for in one turn of the event loop goes out as one request: a start reads
 * several items at once, and a cold container would open a connection for each.
 */
export class DynamoDbReads {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;
  #asked = new Map<string, Waiting>();

  constructor(client: DynamoDBClient, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  /**
   * The item under a key as the last write before this call left it; undefined where there is none.
   *
   * @throws what the SDK throws; Error where the table left the key out three times, as it does when it throttles.
   */
  get(key: string): Promise<Item | undefined> {
    const asked = this.#asked.get(key);
    if (asked !== undefined) return asked.promise;
    if (this.#asked.size === 0) setImmediate(() => this.#send());
    const waiting: Waiting = Promise.withResolvers();
    this.#asked.set(key, waiting);
    return waiting.promise;
  }

  #send(): void {
    const all = [...this.#asked];
    this.#asked = new Map();
    for (let from = 0; from < all.length; from += maxKeys) void this.#answer(all.slice(from, from + maxKeys));
  }

  async #answer(asked: Asked): Promise<void> {
    try {
      const items = await this.#read(asked);
      for (const [key, { resolve }] of asked) resolve(items.get(key));
    } catch (thrown) {
      for (const [, { reject }] of asked) reject(thrown);
    }
  }

  async #read(asked: Asked): Promise<ReadonlyMap<string | undefined, Item>> {
    const items = new Map<string | undefined, Item>();
    let left: NonNullable<KeysAndAttributes['Keys']> = [];
    for (const [key] of asked) left.push({ pk: { S: key } });
    for (let tries = 0; left.length > 0; tries += 1) {
      if (tries === maxTries) throw new Error('The table left out keys');
      const request = { Keys: left, ConsistentRead: true };
      const { Responses, UnprocessedKeys } = await this.#client.send(
        new BatchGetItemCommand({ RequestItems: { [this.#tableName]: request } }),
      );
      for (const item of (Responses?.[this.#tableName] ?? []) as Item[]) items.set(item['pk']?.S, item);
      left = UnprocessedKeys?.[this.#tableName]?.Keys ?? [];
    }
    return items;
  }
}
