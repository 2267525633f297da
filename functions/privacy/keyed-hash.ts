import { createHmac } from 'node:crypto';

declare const hashedBrand: unique symbol;
/** A number, address, code or caller, hashed with the deployment's own key: what tables and logs may hold of it. */
export type Hashed = string & { readonly [hashedBrand]: true };

/**
 * Hashes a text for one purpose. The same text in two scopes gives two hashes that nobody can bring together
 * without the key.
 */
export type KeyedHash = (scope: string, text: string) => Hashed;

/** Characters kept of a hash: 24 of base64url are 144 bits, far beyond a collision among all phone numbers. */
const length = 24;

/** HMAC-SHA-256 (RFC 2104) under a key of at least 16 characters. */
export const createKeyedHash =
  (key: string): KeyedHash =>
  (scope, text) =>
    createHmac('sha256', key).update(`${scope}\0${text}`).digest('base64url').slice(0, length) as Hashed;
