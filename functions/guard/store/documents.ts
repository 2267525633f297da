import type { Hashed } from '../../privacy/keyed-hash.ts';
import { allOf } from '../../runtime/all-of.ts';
import { RunError } from '../../runtime/errors.ts';
import type { GuardStore, Stored } from './store.ts';

/** Where a document stands under one key of the hashes, and which hashes of this request it may hold. */
export interface DocumentPlace {
  readonly key: string;
  readonly holds: readonly Hashed[];
}

/** Where a document stands now, and where it stood under the key of the hashes before this one. */
export interface DocumentKey {
  readonly now: DocumentPlace;
  /** `holds` in the same order; undefined where no document can be that old. */
  readonly before: DocumentPlace | undefined;
}

/** Reads a document; one that was not written since the key of the hashes changed is found where it stood before. */
export const loadDocument = async (
  store: GuardStore,
  { now: place, before }: DocumentKey,
  now: number,
): Promise<Stored> => {
  if (before === undefined) return await store.load(place.key, now);
  const [found, older] = await allOf([store.load(place.key, now), store.load(before.key, now)]);
  const document = found.version > 0 ? found.document : older.document;
  if (document === undefined) return found;
  const text = before.holds.reduce(
    (written, hash, at) => written.replaceAll(hash, place.holds[at] ?? hash),
    JSON.stringify(document),
  );
  return { version: found.version, document: JSON.parse(text) };
};

/** The failure of a request that lost every write of an item to others. */
export const contention = (): RunError =>
  new RunError('store_unavailable', { reason: 'contention', contended: true, retryAfter: 1 });
