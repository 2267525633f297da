import {
  freeAt,
  type Places,
  placeOf,
  sharedPlace,
  withHolder,
  withoutHolder,
} from '../../functions/guard/store/places.ts';
import type { GuardStore, Taken, TakeRequest } from '../../functions/guard/store/store.ts';
import { createMemoryCounters } from '../../local/policy/memory-counters.ts';

/** A guard store in memory, for schedules by the thousand; the same contract suite holds it and the DynamoDB one. */
export const createMemoryStore = (): GuardStore => {
  const documents = new Map<string, { version: number; text: string; expiresAt: number }>();
  const places = new Map<string, Places>();
  const seconds = (milliseconds: number) => Math.floor(milliseconds / 1000);
  const live = (key: string, now: number) => {
    const found = documents.get(key);
    return found !== undefined && seconds(found.expiresAt) > seconds(now) ? found : undefined;
  };
  const take = ({ key, now, limit, window, purpose, sameFor, holder }: TakeRequest): Taken => {
    const held = places.get(key) ?? [];
    const free = freeAt(held, limit, window);
    if (sharedPlace(held, purpose, now, sameFor) !== undefined) return { kind: 'joined', freeAt: free };
    if (free > now) return { kind: 'full', freeAt: free };
    places.set(key, [placeOf(now, purpose, holder), ...held].slice(0, limit));
    return { kind: 'taken' };
  };
  return {
    probe: async () => undefined,
    load: async (key, now) => {
      const found = live(key, now);
      return {
        version: found?.version ?? 0,
        document: found === undefined ? undefined : JSON.parse(found.text),
      };
    },
    save: async (key, version, document, now, expiresAt) => {
      if ((live(key, now)?.version ?? 0) !== version) return null;
      const next = (version === 0 ? now : version) + 1;
      documents.set(key, { version: next, text: JSON.stringify(document), expiresAt });
      return next;
    },
    take: async (request) => take(request),
    adopt: async (request) => {
      const held = places.get(request.key) ?? [];
      const shared = sharedPlace(held, request.purpose, request.now, request.sameFor);
      if (shared === undefined) return take(request);
      places.set(request.key, withHolder(held, shared, request.holder, request.now));
      return { kind: 'taken' };
    },
    ...createMemoryCounters(),
    giveBack: async ({ key, holder }) => {
      places.set(key, withoutHolder(places.get(key) ?? [], holder));
    },
  };
};
