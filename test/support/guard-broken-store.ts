import type { GuardStore } from '../../functions/guard/store/store.ts';

/**
 * A store that keeps its first refused writes of a new document to itself, so many of them: races over it must go wrong.
 * Later writes are answered truly: a start whose end is lost would keep those that wait for it waiting, since a fleet's
 * clock stands.
 */
export const silentAbout =
  (refusals: number) =>
  (inner: GuardStore): GuardStore => {
    let kept = 0;
    return {
      ...bound(inner),
      async save(key, version, document, now, expiresAt) {
        const saved = await inner.save(key, version, document, now, expiresAt);
        if (saved !== null || version > 0 || kept === refusals) return saved;
        kept += 1;
        return now + 1;
      },
    };
  };

/** A store that never says that another request wrote first: races over it must go wrong. */
export const neverRefused = (inner: GuardStore): GuardStore => ({
  ...bound(inner),
  save: async (key, version, document, now, expiresAt) =>
    (await inner.save(key, version, document, now, expiresAt)) ?? version + 1,
});

/** A store that looks whether a window has a place and then takes it, in two steps. */
export const checkThenAct = (inner: GuardStore): GuardStore => {
  const seen = new Map<string, number>();
  return {
    ...bound(inner),
    async take(request) {
      const count = seen.get(request.key) ?? 0;
      await inner.probe();
      if (count >= request.limit) return { kind: 'full', freeAt: request.now + request.window };
      seen.set(request.key, count + 1);
      return { kind: 'taken' };
    },
  };
};

const bound = (inner: GuardStore): GuardStore => ({
  probe: () => inner.probe(),
  load: (key, now) => inner.load(key, now),
  save: (key, version, document, now, expiresAt) => inner.save(key, version, document, now, expiresAt),
  take: (request) => inner.take(request),
  adopt: (request) => inner.adopt(request),
  giveBack: (place) => inner.giveBack(place),
  add: (key, amounts, most, expiresAt) => inner.add(key, amounts, most, expiresAt),
  counters: (keys) => inner.counters(keys),
});
