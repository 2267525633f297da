import { createKeyedHash, type KeyedHash } from './keyed-hash.ts';

/** The keys that destinations are hashed with. */
export interface HashKeys {
  readonly current: string;
  /** The key before it, once it was rotated. */
  readonly previous: string | undefined;
  /** When `current` comes, or came, into use instead of `previous`; milliseconds since the epoch. */
  readonly since: number;
}

/** What the secret must hold, in a sentence for the operator. */
export const hashKeysShape =
  'The destination key secret must be a JSON object that holds "current", a key of at least 16 characters of A-Z, a-z, 0-9, _, +, /, = and -; once it was rotated also "previous", the key before, and "current_since", epoch seconds; and nothing else';

// Of fewer characters, the numbers behind the hashes could be found by trying keys.
const keyShape = /^[A-Za-z0-9_+/=-]{16,}$/;

const isKey = (key: unknown): key is string => typeof key === 'string' && keyShape.test(key);

const isEpochSeconds = (since: unknown): since is number =>
  Number.isInteger(since) && Number(since) > 0 && Number.isSafeInteger(Number(since) * 1_000);

/**
 * Reads the secret that holds the key destinations are hashed with, as the stack generates it and the rotation writes
 * it: {@link hashKeysShape}. A text of any other shape is no key: an error page would do as one, and forget every limit.
 *
 * @returns undefined where it is of another shape.
 */
export const parseHashKeys = (text: string): HashKeys | undefined => {
  const { current, previous, current_since: since, ...others } = fieldsOf(text);
  if (!isKey(current) || Object.keys(others).length > 0) return undefined;
  if (previous === undefined && since === undefined) return { current, previous, since: 0 };
  return isKey(previous) && isEpochSeconds(since) ? { current, previous, since: since * 1_000 } : undefined;
};

const fieldsOf = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
};

/** The hash under the current key, with the one before it where there is one. */
export const hashUnder = ({ current, previous, since }: HashKeys): KeyedHash =>
  createKeyedHash(
    current,
    previous === undefined ? undefined : { hash: createKeyedHash(previous), until: since },
  );
