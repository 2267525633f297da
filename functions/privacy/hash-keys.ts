import { createKeyedHash, type KeyedHash } from './keyed-hash.ts';

/** The fewest characters of a key: below that, the numbers behind the hashes could be found by trying keys. */
const minLength = 16;

/** The keys that destinations are hashed with. */
export interface HashKeys {
  readonly current: string;
  /** The key before it, once it was rotated. */
  readonly previous: string | undefined;
  /** When `current` comes, or came, into use instead of `previous`; milliseconds since the epoch. */
  readonly since: number;
}

const isKey = (key: unknown): key is string => typeof key === 'string' && key.length >= minLength;

/**
 * Reads the secret that holds the key destinations are hashed with: a JSON object with the key under `current`, as
 * the stack generates it, or the key alone. A rotated one has the key before it under `previous`, and under
 * `current_since` the moment of the change in epoch seconds.
 *
 * @returns undefined where there is no key of at least 16 characters, or half of a rotation.
 */
export const parseHashKeys = (text: string): HashKeys | undefined => {
  const { current, previous, current_since: since } = fieldsOf(text);
  if (!isKey(current)) return undefined;
  if (previous === undefined) return { current, previous, since: 0 };
  return isKey(previous) && Number.isSafeInteger(since)
    ? { current, previous, since: Number(since) * 1_000 }
    : undefined;
};

const fieldsOf = (text: string): Record<string, unknown> => {
  if (!text.trimStart().startsWith('{')) return { current: text.trim() };
  try {
    return JSON.parse(text) as Record<string, unknown>;
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
