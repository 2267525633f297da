import * as v from 'valibot';
import { day } from '../../runtime/clock.ts';
import type { Refusal } from '../../runtime/errors.ts';
import { type DocumentKey, loadDocument } from '../store/documents.ts';
import type { GuardStore } from '../store/store.ts';
import { flightTime } from './send-rules.ts';

const claimDocument = v.object({
  /** What was asked for, hashed. */
  payload: v.string(),
  /** The answer; null while the start is on its way. */
  sid: v.nullable(v.string()),
  /** When it was claimed, in milliseconds since the epoch. */
  at: v.number(),
});

/** How long a key answers with the start that used it first, in milliseconds. */
export const keyLife = day;

/** Whose a key is: this request's, or an earlier start's that was answered or is on its way. */
export type KeyOwner =
  | { readonly kind: 'mine' }
  | { readonly kind: 'answered'; readonly sid: string }
  | { readonly kind: 'flying' }
  /** Another input was sent under it. */
  | { readonly kind: 'refuse'; readonly refusal: Refusal };

const usedOtherwise: Refusal = {
  code: 'invalid_input',
  sentence: 'idempotency_key was used with another input; give each new start a key of its own',
};

/** An idempotency key that one start claims. Holds the version of its claim, without which it can't be settled. */
export class IdempotencyKey {
  readonly #store: GuardStore;
  readonly #key: DocumentKey;
  readonly #payload: string;
  #claimed: number | null = null;

  /** @param payload - what is asked for, hashed. */
  constructor(store: GuardStore, key: DocumentKey, payload: string) {
    this.#store = store;
    this.#key = key;
    this.#payload = payload;
  }

  /** Claims the key, or says whose it is. */
  async claim(now: number): Promise<KeyOwner> {
    if (this.#claimed !== null) return { kind: 'mine' };
    // Unless it may stand where it stood before, a new key is claimed without reading.
    if (this.#key.before === undefined && (await this.#write(0, null, now, keyLife))) return { kind: 'mine' };
    const { version, document } = await loadDocument(this.#store, this.#key, now);
    const held = v.safeParse(claimDocument, document);
    if (held.success) {
      const { at, payload, sid } = held.output;
      if (payload !== this.#payload) return { kind: 'refuse', refusal: usedOtherwise };
      if (sid !== null) return { kind: 'answered', sid };
      if (now < at + flightTime) return { kind: 'flying' };
    }
    // Left behind by a start that never came back.
    return (await this.#write(version, null, now, keyLife)) ? { kind: 'mine' } : { kind: 'flying' };
  }

  /** Writes down what the start was answered with. */
  async settle(sid: string, now: number): Promise<void> {
    if (this.#claimed !== null) await this.#write(this.#claimed, sid, now, keyLife);
  }

  /** Frees the key of a start that surely did not happen. */
  async release(now: number): Promise<void> {
    if (this.#claimed !== null) await this.#write(this.#claimed, null, now, 0);
  }

  async #write(version: number, sid: string | null, now: number, life: number): Promise<boolean> {
    const document = { payload: this.#payload, sid, at: now };
    this.#claimed = await this.#store.save(this.#key.now.key, version, document, now, now + life);
    return this.#claimed !== null;
  }
}
