import { allOf } from '../../runtime/all-of.ts';
import type { TakeRequest } from '../store/store.ts';
import type { CallerKeys } from './caller-keys.ts';
import type { CheckAsk } from './check-rules.ts';
import type { GuardParts } from './limits.ts';
import { type Wait, windowLimit } from './windows.ts';

/** The places of one check in its identity's own limit; none where no identity was given. */
export class IdentityPlaces {
  readonly #store: GuardParts['store'];
  readonly #places: readonly TakeRequest[];
  readonly #held = new Set<TakeRequest>();

  /** @param before - what the caller was known by before the hash was changed, if its window still holds that. */
  constructor({ policy, store }: GuardParts, { caller, id, now }: CheckAsk, before: CallerKeys | undefined) {
    this.#store = store;
    const limit = windowLimit(policy, 'check_per_identity_per_10m');
    const identities = [caller.identity, before?.identity].filter((identity) => identity !== undefined);
    this.#places = identities.flatMap((identity) => {
      if (limit === undefined) return [];
      const { places, window } = limit;
      return { key: `ck#${identity}`, now, limit: places, window, purpose: id, sameFor: window, holder: id };
    });
  }

  /** Takes the places that the check does not hold yet, and says which limit has none. */
  async take(now: number): Promise<readonly Wait[]> {
    const wanted = this.#places.filter((place) => !this.#held.has(place));
    const waits = await allOf(
      wanted.map(async (place): Promise<readonly Wait[]> => {
        const taken = await this.#store.take({ ...place, now });
        if (taken.kind === 'full') return [{ limit: 'check_per_identity_per_10m', freeAt: taken.freeAt }];
        this.#held.add(place);
        return [];
      }),
    );
    return waits.flat();
  }

  /** Gives back what was taken. */
  async giveBack(): Promise<void> {
    await allOf(
      [...this.#held].map(async (place) => {
        await this.#store.giveBack(place);
        this.#held.delete(place);
      }),
    );
  }
}
