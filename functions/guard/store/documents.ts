import { type Hashed, hashBefore, type KeyedHash } from '../../privacy/keyed-hash.ts';
import { allOf } from '../../runtime/all-of.ts';
import { RunError } from '../../runtime/errors.ts';
import { type DestinationState, expiryOf, readState } from '../limits/destination-state.ts';
import type { GuardStore, Stored } from './store.ts';

/** Where a document stands. */
export interface DocumentKey {
  readonly key: string;
  /** Where it stood under the hash before this one, and which hashes in it are others now. */
  readonly before?: {
    readonly key: string;
    readonly renamed: readonly (readonly [before: Hashed, now: Hashed])[];
  };
}

/** Where a document stands under a hash, and what hashes of this request it may hold. */
interface DocumentHashes {
  readonly key: string;
  readonly holds: readonly Hashed[];
}

/**
 * The key of a document.
 *
 * @param under - what it is under a hash; `holds` in the same order under every one.
 * @param lives - how long a document is kept, in milliseconds.
 */
export const documentKey = (
  hash: KeyedHash,
  under: (hash: KeyedHash) => DocumentHashes,
  now: number,
  lives: number,
): DocumentKey => {
  const { key, holds } = under(hash);
  const hashed = hashBefore(hash, now, lives);
  if (hashed === undefined) return { key };
  const before = under(hashed);
  return {
    key,
    before: { key: before.key, renamed: before.holds.map((from, at) => [from, holds[at] ?? from]) },
  };
};

/** Reads a document; one that was not written since the key was rotated is found where it stood before. */
export const loadDocument = async (
  store: GuardStore,
  { key, before }: DocumentKey,
  now: number,
): Promise<Stored> => {
  if (before === undefined) return await store.load(key, now);
  const [found, older] = await allOf([store.load(key, now), store.load(before.key, now)]);
  const document = found.version > 0 ? found.document : older.document;
  if (document === undefined) return found;
  const text = before.renamed.reduce(
    (written, [from, to]) => written.replaceAll(from, to),
    JSON.stringify(document),
  );
  return { version: found.version, document: JSON.parse(text) };
};

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
export const loadState = async (store: GuardStore, key: DocumentKey, now: number): Promise<Versioned> => {
  const { version, document } = await loadDocument(store, key, now);
  try {
    return { version, state: readState(document) };
  } catch {
    throw new RunError('store_unavailable', {
      reason: 'corrupt_state',
      fix: 'A destination document is ill-formed',
    });
  }
};

/** Writes a destination's state if nobody else has; undefined where somebody has. */
export const saveState = async (
  store: GuardStore,
  { key }: DocumentKey,
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
  key: DocumentKey,
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
