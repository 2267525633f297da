/** A document as it was read, with what a later write must find unchanged. */
export interface Stored {
  /** 0 where there is no document, or only an expired one that the table has not swept yet. */
  readonly version: number;
  readonly document: unknown;
}

/** A place to take in a sliding window of `limit` places. Times are milliseconds since the epoch. */
export interface TakeRequest {
  readonly key: string;
  readonly now: number;
  readonly limit: number;
  /** Milliseconds for which a taken place stays taken. */
  readonly window: number;
  /** What is done: the same thing again within `sameFor` milliseconds shares the place it took before. */
  readonly purpose: string;
  readonly sameFor: number;
  /** Who takes it: a place is free again when the last of its holders has given it back. */
  readonly holder: string;
}

/** How a taking ended. `joined`: the same purpose holds a place already. */
export type Taken =
  | { readonly kind: 'taken' }
  | {
      readonly kind: 'joined' | 'full';
      /** When a place of its own will be free, if no other request takes it first; milliseconds since the epoch. */
      readonly freeAt: number;
    };

/** The counters of one item, by name; one that was never added to is left out. */
export type Counters = Readonly<Record<string, number>>;

/**
 * Where the guard keeps its counters. Every operation is atomic on its key under any concurrency. Every failure
 * is a `RunError` `store_unavailable`.
 */
export interface GuardStore {
  /** Proves that the table is in reach, reading one key that is never written. */
  probe(): Promise<void>;
  /** Reads a document as the last write left it. */
  load(key: string, now: number): Promise<Stored>;
  /**
   * Writes a document if it is still at `version`.
   *
   * @param expiresAt - milliseconds since the epoch from which it counts as absent.
   * @returns the new version, or null where another request wrote first.
   */
  save(
    key: string,
    version: number,
    document: unknown,
    now: number,
    expiresAt: number,
  ): Promise<number | null>;
  /** Takes a place of a sliding window in one write: the limit holds for every span of `window` milliseconds. */
  take(request: TakeRequest): Promise<Taken>;
  /**
   * Makes `holder` one of the holders of the place that its purpose shares, which counts from now, or takes a new one
   * where that was given back; never ends as `joined`.
   */
  adopt(request: TakeRequest): Promise<Taken>;
  /** Gives back what `holder` holds; others that hold the same place keep it. */
  giveBack(place: Pick<TakeRequest, 'key' | 'limit' | 'holder'>): Promise<void>;
  /**
   * Adds to counters of one item in one write, whatever they hold; a negative amount takes away. A key must not be
   * used again once it has expired.
   *
   * @param most - what a counter may hold afterwards: where one would hold more, nothing is added to any.
   * @returns what all counters of the item hold now, or null where one would have held too much.
   */
  add(key: string, amounts: Counters, most: Counters, expiresAt: number): Promise<Counters | null>;
  /** Reads the counters of at most 100 items in one round trip, as they were not long ago. */
  counters(keys: readonly string[]): Promise<readonly Counters[]>;
}
