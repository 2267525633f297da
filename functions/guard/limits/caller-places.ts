import type { Hashed } from '../../privacy/keyed-hash.ts';
import { allOf } from '../../runtime/all-of.ts';
import type { Policy } from '../policy/policy.ts';
import type { CallerKeys } from '../request/caller-keys.ts';
import type { GuardStore, Taken, TakeRequest } from '../store/store.ts';
import { resendCooldown, type Wait, windowLimit } from './windows.ts';

/** Which limits of its caller a send and a check take a place in, and what of the caller they count. */
export const callerLimits = {
  send: [
    { limit: 'send_per_identity_per_10m', scope: 'id', of: 'identity' },
    { limit: 'send_per_ip_per_10m', scope: 'ip', of: 'network' },
  ],
  check: [{ limit: 'check_per_identity_per_10m', scope: 'ck', of: 'identity' }],
} as const;

/** A place in one of the caller's own limits, and whether this request took it. */
interface CallerPlace {
  readonly request: TakeRequest;
  readonly limit: Wait['limit'];
  held: Taken['kind'] | 'no';
  /** Whether it was taken by this very attempt: one taken before counts from then, and the send is yet to come. */
  fresh: boolean;
  /** When the window has room again; milliseconds since the epoch, 0 where it has now. */
  freeAt: number;
}

/** Who takes places, and what for. */
interface PlacesTaker {
  readonly reserves: keyof typeof callerLimits;
  /** The id of the request. */
  readonly id: string;
  readonly now: number;
  /** The caller, and what it was known by before the key of the hashes changed, while its windows may hold that. */
  readonly callers: readonly CallerKeys[];
  /** Starts with the same purpose share one place for as long as a resend is a replay. A check shares with none. */
  readonly purpose?: Hashed;
}

/** The places of one request in its caller's own limits. It holds them until they are given back. */
export class CallerPlaces {
  readonly #store: GuardStore;
  readonly #places: readonly CallerPlace[];

  constructor(store: GuardStore, policy: Policy, { reserves, id, now, callers, purpose }: PlacesTaker) {
    this.#store = store;
    this.#places = callerLimits[reserves].flatMap(({ limit: name, scope, of }) => {
      const limit = windowLimit(policy, name);
      const tokens = callers.map((caller) => caller[of]).filter((token) => token !== undefined);
      if (limit === undefined) return [];
      const { places, window } = limit;
      const sameFor = purpose === undefined ? window : Math.min(resendCooldown(policy), window);
      const common = { now, limit: places, window, purpose: purpose ?? id, sameFor, holder: id };
      return tokens.map(
        (token): CallerPlace => ({
          request: { ...common, key: `${scope}#${token}` },
          limit: name,
          held: 'no',
          fresh: false,
          freeAt: 0,
        }),
      );
    });
  }

  /** Takes the places that this request does not hold yet. */
  async take(now: number): Promise<void> {
    await allOf(
      this.#places.map(async (place) => {
        if (place.held === 'taken') place.fresh = false;
        else this.#hold(place, await this.#store.take({ ...place.request, now }));
      }),
    );
  }

  /** The limits in which this request shares a place, or found none. */
  waits(held: 'joined' | 'full'): readonly Wait[] {
    return this.#places
      .filter((place) => place.held === held)
      .map(({ limit, freeAt }) => ({ limit, freeAt }));
  }

  /** Makes the places that identical starts share this request's own, which count from now on. */
  async adopt(now: number): Promise<void> {
    await allOf(
      this.#places.map(async (place) => {
        if (!place.fresh) this.#hold(place, await this.#store.adopt({ ...place.request, now }));
      }),
    );
  }

  /** Gives back what was taken; a place that identical starts share stays with the others. */
  async giveBack(): Promise<void> {
    await allOf(
      this.#places.map(async (place) => {
        if (place.held !== 'taken') return;
        await this.#store.giveBack(place.request);
        place.held = 'no';
      }),
    );
  }

  #hold(place: CallerPlace, taken: Taken): void {
    // The SDK repeats a write whose reply was lost, and then finds its own.
    const own = taken.kind === 'joined' && place.request.purpose === place.request.holder;
    place.held = own ? 'taken' : taken.kind;
    place.fresh = taken.kind === 'taken';
    place.freeAt = taken.kind === 'taken' ? 0 : taken.freeAt;
  }
}
