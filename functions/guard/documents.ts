import { RunError } from '../runtime/errors.ts';
import { type DestinationState, expiryOf, readState } from './destination-state.ts';
import type { GuardStore } from './store.ts';

/** A destination's state with the version that a write must find. */
export interface Versioned {
  readonly version: number;
  readonly state: DestinationState;
}

// Each loss of a write is somebody else's win, and few can win before the limits say no.
const maxTries = 200;

/** Gives up on an item that never stays still. */
export const contention = (): RunError =>
  new RunError('store_unavailable', { reason: 'contention', retryAfter: 1 });

/** Reads a destination's state. */
export const loadState = async (store: GuardStore, key: string, now: number): Promise<Versioned> => {
  const { version, document } = await store.load(key, now);
  try {
    return { version, state: readState(document) };
  } catch {
    throw new RunError('store_unavailable', {
      reason: 'corrupt_state',
      mend: 'A destination document is ill-formed',
    });
  }
};

/** Writes a destination's state if nobody else has; undefined where somebody has. */
export const saveState = async (
  store: GuardStore,
  key: string,
  version: number,
  state: DestinationState,
  now: number,
): Promise<Versioned | undefined> => {
  const written = await store.save(key, version, state, now, expiryOf(state, now));
  return written === null ? undefined : { version: written, state };
};

/**
 * Changes a destination's state, again on what others wrote meanwhile.
 *
 * @param from - what was read or written last; nothing is read where it still stands.
 */
export const amendState = async (
  store: GuardStore,
  key: string,
  from: Versioned,
  now: number,
  change: (state: DestinationState) => DestinationState,
): Promise<DestinationState> => {
  let current = from;
  for (let tries = 0; tries < maxTries; tries += 1) {
    const changed = change(current.state);
    if (changed === current.state) return changed;
    const saved = await saveState(store, key, current.version, changed, now);
    if (saved !== undefined) return saved.state;
    current = await loadState(store, key, now);
  }
  throw contention();
};
