import * as v from 'valibot';
import { RunError } from '../../runtime/errors.ts';
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
export const keyLife = 24 * 3_600_000;

/** Whose a key is: this request's, or an earlier start's that was answered or is on its way. */
type KeyOwner =
  | { readonly kind: 'mine' }
  | { readonly kind: 'answered'; readonly sid: string }
  | { readonly kind: 'flying' };

/** An idempotency key, claimed for one start. */
export interface KeyClaim {
  /**
   * Claims the key, or says whose it is.
   *
   * @throws RunError `invalid_input` where it was used with another payload.
   */
  claim(now: number): Promise<KeyOwner>;
  /** Writes down what the start was answered with. */
  settle(sid: string, now: number): Promise<void>;
  /** Frees the key of a start that surely did not happen. */
  release(now: number): Promise<void>;
}

/** The claim of one request on a key; `payload` is a hash. */
export const createKeyClaim = (store: GuardStore, key: DocumentKey, payload: string): KeyClaim => {
  let mine: number | null = null;
  const write = async (version: number, sid: string | null, now: number, life: number): Promise<boolean> => {
    mine = await store.save(key.key, version, { payload, sid, at: now }, now, now + life);
    return mine !== null;
  };

  /** Says whose a key is that somebody claimed before. */
  const ownerOf = async (document: unknown, version: number, now: number): Promise<KeyOwner> => {
    const held = v.safeParse(claimDocument, document);
    if (held.success && held.output.payload !== payload)
      throw new RunError('invalid_input', {
        sentence: 'idempotency_key was used with another input; give each new start a key of its own',
      });
    if (held.success && held.output.sid !== null) return { kind: 'answered', sid: held.output.sid };
    if (held.success && now < held.output.at + flightTime) return { kind: 'flying' };
    // Left behind by a start that never came back.
    return (await write(version, null, now, keyLife)) ? { kind: 'mine' } : { kind: 'flying' };
  };

  return {
    async claim(now) {
      if (mine !== null) return { kind: 'mine' };
      // Unless it may stand where it stood before, a new key is claimed without reading.
      if (key.before === undefined && (await write(0, null, now, keyLife))) return { kind: 'mine' };
      const { version, document } = await loadDocument(store, key, now);
      return await ownerOf(document, version, now);
    },
    async settle(sid, now) {
      if (mine !== null) await write(mine, sid, now, keyLife);
    },
    async release(now) {
      if (mine !== null) await write(mine, null, now, 0);
    },
  };
};
