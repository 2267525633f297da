import type { Counters, GuardStore } from '../../functions/guard/store/store.ts';

/** The counters of a guard store, in memory. */
export const createMemoryCounters = (): Pick<GuardStore, 'add' | 'counters'> => {
  const items = new Map<string, Counters>();
  return {
    add: async (key, amounts, most) => {
      const item = { ...items.get(key) };
      for (const [name, amount] of Object.entries(amounts)) {
        const sum = (item[name] ?? 0) + amount;
        if (sum > (most[name] ?? Number.POSITIVE_INFINITY)) return null;
        item[name] = sum;
      }
      items.set(key, item);
      return item;
    },
    counters: async (keys) => keys.map((key) => items.get(key) ?? {}),
  };
};
