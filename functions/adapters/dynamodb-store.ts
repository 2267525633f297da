import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  PutItemCommand,
  type PutItemCommandInput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { freeAt, placeOf, sharedPlace, withHolder, withoutHolder } from '../guard/store/places.ts';
import type { Counters, GuardStore, Stored, Taken, TakeRequest } from '../guard/store/store.ts';
import { epochSeconds } from '../runtime/clock.ts';
import { RunError } from '../runtime/errors.ts';
import { adding, countersOf } from './dynamodb-counters.ts';
import {
  expiryOf,
  givingBack,
  type Item,
  maxCompared,
  placesOf,
  replacing,
  taking,
  unchanged,
  versionOf,
} from './dynamodb-places.ts';
import { DynamoDbProtocol } from './dynamodb-protocol.ts';
import { DynamoDbReads } from './dynamodb-reads.ts';

// The expiry decides here, and in what is read: TTL sweeps days late.
const absent = 'attribute_not_exists(pk) OR expires_at <= :seconds';

/** A document as it was written; null where what was written is none. */
const parsed = (text = 'null'): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

const unavailable = (thrown: unknown): RunError => {
  const name = thrown instanceof Error ? thrown.name : 'unknown';
  const fix = `The table failed: ${name}`;
  return new RunError('store_unavailable', { reason: 'dynamodb', fix, retryAfter: 5 });
};

// Each write lost to another request is a place that it took, and places are few.
const maxTries = 100;

/** The guard's counters in a DynamoDB table with the string key `pk` and the TTL attribute `expires_at`. */
export class DynamoDbStore implements GuardStore {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;
  readonly #reads: DynamoDbReads;

  constructor(client: DynamoDBClient, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
    this.#reads = new DynamoDbReads(client, tableName);
  }

  async probe(): Promise<void> {
    await this.#read('probe');
  }

  async load(key: string, now: number): Promise<Stored> {
    const item = await this.#read(key);
    const isLive = Number(item?.['expires_at']?.N ?? 0) > epochSeconds(now);
    if (item === undefined || !isLive) return { version: 0, document: undefined };
    return { version: versionOf(item), document: parsed(item['document']?.S) };
  }

  async save(
    key: string,
    version: number,
    document: unknown,
    now: number,
    expiresAt: number,
  ): Promise<number | null> {
    const isNew = version === 0;
    // One that is written anew begins at its time, so that it is never taken for the one that expired.
    const next = (isNew ? now : version) + 1;
    const written = await this.#put({
      Item: {
        pk: { S: key },
        version: { N: next.toString() },
        document: { S: JSON.stringify(document) },
        expires_at: { N: epochSeconds(expiresAt).toString() },
      },
      ConditionExpression: isNew ? absent : unchanged,
      ExpressionAttributeValues: isNew
        ? { ':seconds': { N: epochSeconds(now).toString() } }
        : { ':version': { N: version.toString() } },
    });
    return written ? next : null;
  }

  take(request: TakeRequest): Promise<Taken> {
    const blind = request.limit <= maxCompared;
    return this.#retried(async () => {
      if (blind && (await this.#updated(request.key, taking(request)))) return { kind: 'taken' };
      const item = await this.#read(request.key);
      const places = placesOf(item);
      const free = freeAt(places, request.limit, request.window);
      if (sharedPlace(places, request.purpose, request.now, request.sameFor) !== undefined)
        return { kind: 'joined', freeAt: free };
      if (free > request.now) return { kind: 'full', freeAt: free };
      return !blind && (await this.#takeRead(request, item)) ? { kind: 'taken' } : undefined;
    });
  }

  adopt(request: TakeRequest): Promise<Taken> {
    return this.#retried(async () => {
      const item = await this.#read(request.key);
      const places = placesOf(item);
      const shared = sharedPlace(places, request.purpose, request.now, request.sameFor);
      if (shared === undefined) {
        const taken = await this.take(request);
        return taken.kind === 'joined' ? undefined : taken;
      }
      const held = withHolder(places, shared, request.holder, request.now);
      const expiresAt = expiryOf(request.now, request.window);
      return (await this.#put(replacing(request.key, item, held, expiresAt))) ? { kind: 'taken' } : undefined;
    });
  }

  async giveBack({ key, limit, holder }: Pick<TakeRequest, 'key' | 'limit' | 'holder'>): Promise<void> {
    // Most often no other place was taken since.
    if (limit <= maxCompared && (await this.#updated(key, givingBack(limit, holder)))) return;
    await this.#retried(async () => {
      const item = await this.#read(key);
      const places = placesOf(item);
      const rest = withoutHolder(places, holder);
      if (rest === places) return true;
      return (await this.#put(replacing(key, item, rest))) || undefined;
    });
  }

  async add(key: string, amounts: Counters, most: Counters, expiresAt: number): Promise<Counters | null> {
    const command = new UpdateItemCommand({
      TableName: this.#tableName,
      Key: { pk: { S: key } },
      ...adding(amounts, most, expiresAt),
    });
    const added = await this.#wrote(this.#client.send(command));
    return added && countersOf(added.Attributes as Item | undefined);
  }

  async counters(keys: readonly string[]): Promise<readonly Counters[]> {
    return await Promise.all(keys.map(async (key) => countersOf(await this.#read(key))));
  }

  async #updated(key: string, update: Partial<UpdateItemCommandInput>): Promise<boolean> {
    const command = new UpdateItemCommand({ ...update, TableName: this.#tableName, Key: { pk: { S: key } } });
    return (await this.#wrote(this.#client.send(command))) !== null;
  }

  /** Takes a place of a window that no expression can hold, writing back what was read and still counts. */
  #takeRead({ key, now, window, purpose, holder }: TakeRequest, item: Item | undefined): Promise<boolean> {
    const counted = placesOf(item).filter((place) => freeAt([place], 1, window) > now);
    const places = [placeOf(now, purpose, holder), ...counted];
    return this.#put(replacing(key, item, places, expiryOf(now, window)));
  }

  async #put(input: Omit<PutItemCommandInput, 'TableName'>): Promise<boolean> {
    const command = new PutItemCommand({ ...input, TableName: this.#tableName });
    return (await this.#wrote(this.#client.send(command))) !== null;
  }

  async #read(key: string): Promise<Item | undefined> {
    try {
      return await this.#reads.get(key);
    } catch (thrown) {
      throw unavailable(thrown);
    }
  }

  /** The output of a conditional write; null where its condition failed. */
  async #wrote<T>(writing: Promise<T>): Promise<T | null> {
    try {
      return await writing;
    } catch (thrown) {
      if (thrown instanceof ConditionalCheckFailedException) return null;
      throw unavailable(thrown);
    }
  }

  async #retried<T>(attempt: () => Promise<T | undefined>): Promise<T> {
    for (let tries = 0; tries < maxTries; tries += 1) {
      const result = await attempt();
      if (result !== undefined) return result;
    }
    throw new RunError('store_unavailable', { reason: 'contention', retryAfter: 1 });
  }
}

/** The client for {@link DynamoDbStore}: short waits, since a request stands behind each. */
export const createDynamoDbClient = (): DynamoDBClient =>
  new DynamoDBClient({
    protocol: DynamoDbProtocol,
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 1_500, throwOnRequestTimeout: true },
  });
