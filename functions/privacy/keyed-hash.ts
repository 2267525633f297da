import { createHmac } from 'node:crypto';

declare const hashedBrand: unique symbol;
/** A number, address, code or caller, hashed with the deployment's own key: what tables and logs may hold of it. */
export type Hashed = string & { readonly [hashedBrand]: true };

/**
 * Hashes a text for one purpose. The same text in two scopes gives two hashes that can't be brought together
 * without the key.
 */
export interface KeyedHash {
  (scope: string, text: string): Hashed;
  /** The hash under the key before this one: what was written with it counts on. Absent where there was none. */
  readonly before?: { readonly hash: KeyedHash /** Milliseconds since the epoch. */; readonly until: number };
}

/** Characters kept of a hash: 24 of base64url are 144 bits, far beyond a collision among all phone numbers. */
const length = 24;

/** HMAC-SHA-256 (RFC 2104) under a key of at least 16 characters. */
export const createKeyedHash = (key: string, before?: KeyedHash['before']): KeyedHash =>
  Object.assign(
    (scope: string, text: string): Hashed =>
      createHmac('sha256', key).update(`${scope}\0${text}`).digest('base64url').slice(0, length) as Hashed,
    before && { before },
  );

/**
 * The hash at a moment: every container changes to a new key in the same one, whenever it read the secret, so that no
 * two count under different keys.
 *
 * @param now - milliseconds since the epoch.
 */
export const hashAt = (hash: KeyedHash, now: number): KeyedHash =>
  hash.before !== undefined && now < hash.before.until ? hash.before.hash : hash;

/**
 * The hash before this one, while what was written with it may still count.
 *
 * @param lives - how long that is after the change, in milliseconds.
 */
export const hashBefore = ({ before }: KeyedHash, now: number, lives: number): KeyedHash | undefined =>
  before !== undefined && now < before.until + lives ? before.hash : undefined;
