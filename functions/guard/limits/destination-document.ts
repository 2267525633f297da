import { RunError } from '../../runtime/errors.ts';
import { contention, type DocumentKey, loadDocument } from '../store/documents.ts';
import type { GuardStore } from '../store/store.ts';
import { type DestinationState, emptyState, expiryOf, readState, storedState } from './destination-state.ts';

// Each write lost is another request's win, and few can win before the limits say no.
const maxTries = 200;

/**
 * The one document of a destination, as one request last read or wrote it. Holds its version, so that a write fails
 * where another request wrote in between.
 */
export class DestinationDocument {
  readonly #store: GuardStore;
  readonly #key: DocumentKey;
  #version = 0;
  #state: DestinationState = emptyState;

  constructor(store: GuardStore, key: DocumentKey) {
    this.#store = store;
    this.#key = key;
  }

  /** The state that was read or written last. */
  get state(): DestinationState {
    return this.#state;
  }

  /**
   * Reads the state.
   *
   * @throws RunError `store_unavailable`, also where the document is ill-formed: nothing is admitted on it.
   */
  async load(now: number): Promise<DestinationState> {
    const { version, document } = await loadDocument(this.#store, this.#key, now);
    try {
      this.#state = readState(document);
    } catch {
      throw new RunError('store_unavailable', {
        reason: 'corrupt_state',
        fix: 'A destination document is ill-formed',
      });
    }
    this.#version = version;
    return this.#state;
  }

  /** Writes a state; false where another request has written since the last reading. */
  async save(state: DestinationState, now: number): Promise<boolean> {
    const { key } = this.#key.now;
    const expiresAt = expiryOf(state, now);
    const written = await this.#store.save(key, this.#version, storedState(state), now, expiresAt);
    if (written === null) return false;
    this.#version = written;
    this.#state = state;
    return true;
  }

  /**
   * Changes the state, again on what others wrote meanwhile. Reads nothing where the last reading still stands.
   *
   * @throws RunError `store_unavailable`.
   */
  async amend(now: number, change: (state: DestinationState) => DestinationState): Promise<DestinationState> {
    for (let tries = 0; tries < maxTries; tries += 1) {
      const changed = change(this.#state);
      if (changed === this.#state || (await this.save(changed, now))) return changed;
      await this.load(now);
    }
    throw contention();
  }
}
