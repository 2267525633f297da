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
    const all: CallerPlace[] = [];
    for (const { limit: name, scope, of } of callerLimits[reserves]) {
      const limit = windowLimit(policy, name);
      if (limit === undefined) continue;
      const { places, window } = limit;
      const sameFor = purpose === undefined ? window : Math.min(resendCooldown(policy), window);
      const common = { now, limit: places, window, purpose: purpose ?? id, sameFor, holder: id };
      for (const { [of]: token } of callers) {
        if (token === undefined) continue;
        const request = { ...common, key: `${scope}#${token}` };
        all.push({ request, limit: name, held: 'no', fresh: false, freeAt: 0 });
      }
    }
    this.#places = all;
  }

  /** Takes the places that this request does not hold yet. */
  async take(now: number): Promise<void> {
    const taking: Promise<void>[] = [];
    for (const place of this.#places) {
      if (place.held === 'taken') place.fresh = false;
      else taking.push(this.#hold(place, this.#store.take({ ...place.request, now })));
    }
    await allOf(taking);
  }

  /** The limits in which this request shares a place, or found none. */
  waits(held: 'joined' | 'full'): readonly Wait[] {
    const waits: Wait[] = [];
    for (const place of this.#places)
      if (place.held === held) waits.push({ limit: place.limit, freeAt: place.freeAt });
    return waits;
  }

  /** Makes the places that identical starts share this request's own, which count from now on. */
  async adopt(now: number): Promise<void> {
    const adopting: Promise<void>[] = [];
    for (const place of this.#places)
      if (!place.fresh) adopting.push(this.#hold(place, this.#store.adopt({ ...place.request, now })));
    await allOf(adopting);
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

  async #hold(place: CallerPlace, taking: Promise<Taken>): Promise<void> {
    const taken = await taking;
    // The SDK repeats a write whose reply was lost, and then finds its own.
    const own = taken.kind === 'joined' && place.request.purpose === place.request.holder;
    place.held = own ? 'taken' : taken.kind;
    place.fresh = taken.kind === 'taken';
    place.freeAt = taken.kind === 'taken' ? 0 : taken.freeAt;
  }
}
