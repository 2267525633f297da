import { randomBytes } from 'node:crypto';
import { type Hashed, hashBefore, type KeyedHash } from '../../privacy/keyed-hash.ts';
import type { Caller } from '../../runtime/define-function.ts';
import type { Destination } from '../../verify/destination.ts';
import type { ServiceSid } from '../../verify/provider.ts';
import type { DecisionFacts } from '../decision-log.ts';
import { type CallerKeys, callerKeys } from './caller-keys.ts';
import { type DestinationFacts, destinationFacts, numberPrefix } from './destination-facts.ts';

/** A request on its way to Twilio: of which run function, for which service, where to, and who asks. */
export interface AskedRequest {
  /** The run function's name, for the log and the metrics. */
  readonly function: string;
  readonly service: ServiceSid;
  readonly destination: Destination;
  readonly caller: Caller;
}

/** The hashes of a request under one key: all that a table or a log may hold of it. */
export interface RequestHashes {
  readonly hash: KeyedHash;
  readonly to: Hashed;
  readonly caller: CallerKeys;
  /** The number without its last four and without its last six digits; none for an e-mail address. */
  readonly prefixes: readonly Hashed[];
}

/** A new id, never given before: 72 random bits in 12 characters. */
export const newId = (): string => randomBytes(9).toString('base64url');

const prefixesOf = (
  { country, destination, domain }: DestinationFacts,
  hash: KeyedHash,
): readonly Hashed[] =>
  domain === null
    ? [
        hash('prefix', numberPrefix(destination, 4)),
        // Where numbers are short the wider one leaves little more than a calling code, which countries share.
        hash('prefix', `${country} ${numberPrefix(destination, 6)}`),
      ]
    : [];

/** A request as every part of the guard sees it: read and hashed once. */
export class HashedRequest {
  readonly asked: AskedRequest;
  /** Never given before, so that what it wrote can be told from what others wrote. */
  readonly id: string;
  readonly facts: DestinationFacts;
  /** When it came, in milliseconds since the epoch. */
  readonly at: number;
  readonly service: Hashed;
  readonly hashes: RequestHashes;
  /** Kept, because several parts ask for it while a key is new. */
  #before: RequestHashes | undefined;

  /** @param hash - the hash under the deployment's destination key. */
  constructor(asked: AskedRequest, hash: KeyedHash, at: number, id: string = newId()) {
    this.asked = asked;
    this.id = id;
    this.facts = destinationFacts(asked.destination);
    this.at = at;
    this.service = hash('service', asked.service);
    this.hashes = this.#under(hash);
  }

  /**
   * The hashes under the key before this one, while what was written with it still counts.
   *
   * @param lives - how long that is after the change, in milliseconds.
   */
  before(lives: number): RequestHashes | undefined {
    const hash = hashBefore(this.hashes.hash, this.at, lives);
    if (hash === undefined) return undefined;
    this.#before ??= this.#under(hash);
    return this.#before;
  }

  /** What may be written down of it. */
  get decisionFacts(): DecisionFacts {
    const { caller, prefixes, to } = this.hashes;
    const { country, domain, numberType } = this.facts;
    return {
      function: this.asked.function,
      at: this.at,
      country,
      number_type: numberType,
      is_email: domain !== null,
      to,
      service: this.service,
      prefixes: [...prefixes],
      by: caller.by,
      identity: caller.identity ?? null,
      network: caller.network ?? null,
      trusted: caller.trusted,
    };
  }

  #under(hash: KeyedHash): RequestHashes {
    return {
      hash,
      to: hash('to', this.asked.destination),
      caller: callerKeys(this.asked.caller, hash),
      prefixes: prefixesOf(this.facts, hash),
    };
  }
}
