import { JwtWithoutValidKidError, KidNotFoundInJwksError } from 'aws-jwt-verify/error';
import { SimpleFetcher } from 'aws-jwt-verify/https';
import { findJwkInJwks, type Jwks, type JwkWithKid, SimpleJwksCache } from 'aws-jwt-verify/jwk';
import type { DecomposedJwt } from 'aws-jwt-verify/jwt';
import type { Clock } from '../runtime/clock.ts';

/** How long keys are used before they are read again, in milliseconds: so long a withdrawn key may still be trusted. */
const freshFor = 3_600_000;

/** The least time between two readings from one address, in milliseconds, however many unknown keys tokens name. */
const pauseBetweenReadings = 10_000;

/** An issuer's keys could not be read: nothing is said about the token. */
export class KeysUnavailable extends Error {
  constructor() {
    super('The keys of the issuer cannot be read');
    this.name = 'KeysUnavailable';
  }
}

interface Held {
  readonly jwks: Jwks | undefined;
  readonly readAt: number;
  readonly triedAt: number;
  /** Whether the last try failed. */
  readonly failed: boolean;
}

/** Milliseconds for one reading; it is repeated once, within the authorizer's 5 s. */
const readingTimeout = 1_500;

/**
 * Keeps the keys of issuers in the container. Unlike the library's own cache it reads them again every hour, so that
 * a withdrawn key stops being trusted; pauses after a failed reading too; and tells an unknown key from keys that
 * could not be read. While they cannot, those at hand are used.
 */
export class JwksKeeper extends SimpleJwksCache {
  readonly #held = new Map<string, Held>();
  readonly #clock: Clock;

  /** @param requestOptions - how readings differ from plain HTTPS requests, such as a certificate to trust. */
  constructor(clock: Clock, requestOptions: Readonly<Record<string, unknown>> = {}) {
    const defaultRequestOptions = {
      timeout: readingTimeout,
      responseTimeout: readingTimeout,
      ...requestOptions,
    };
    super({ fetcher: new SimpleFetcher({ defaultRequestOptions }) });
    this.#clock = clock;
  }

  /**
   * The key that signed a token.
   *
   * @throws KeysUnavailable where the issuer's keys could not be read; JwtWithoutValidKidError or KidNotFoundInJwksError
   * where the token names none of them.
   */
  override async getJwk(jwksUri: string, { header: { kid } }: DecomposedJwt): Promise<JwkWithKid> {
    if (typeof kid !== 'string') throw new JwtWithoutValidKidError('The token names no key');
    const found = await this.#find(jwksUri, kid);
    if (found !== undefined) return found;
    if (this.#held.get(jwksUri)?.failed === true) throw new KeysUnavailable();
    throw new KidNotFoundInJwksError('The token names a key that the issuer does not have');
  }

  async #find(jwksUri: string, kid: string): Promise<JwkWithKid | undefined> {
    const held = this.#held.get(jwksUri);
    const now = this.#clock();
    const found = held?.jwks && findJwkInJwks(held.jwks, kid);
    const fresh = held !== undefined && now - held.readAt < freshFor;
    const paused = held !== undefined && now - held.triedAt < pauseBetweenReadings;
    if ((found !== undefined && fresh) || paused) return found;
    const jwks = await this.#read(jwksUri);
    return jwks && findJwkInJwks(jwks, kid);
  }

  /** Reads the keys; requests that ask at the same time share one reading. */
  async #read(jwksUri: string): Promise<Jwks | undefined> {
    const before = this.#held.get(jwksUri);
    try {
      const jwks = await this.getJwks(jwksUri);
      const now = this.#clock();
      this.#held.set(jwksUri, { jwks, readAt: now, triedAt: now, failed: false });
      return jwks;
    } catch {
      const held = { jwks: before?.jwks, readAt: before?.readAt ?? 0, triedAt: this.#clock(), failed: true };
      this.#held.set(jwksUri, held);
      return held.jwks;
    }
  }
}
