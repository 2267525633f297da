import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GuardStore } from '../../functions/guard/store/store.ts';
import { engines, type RunningEngine } from '../support/guard-engines.ts';

const later = Date.now() + 3_600_000;
const many = Array.from({ length: 200 }, (_, index) => index);

for (const engine of engines) {
  const why = engine.missing === undefined ? '' : ` (skipped: ${engine.missing})`;

  describe.skipIf(engine.missing !== undefined)(`The guard store's counters on ${engine.name}${why}`, () => {
    let running: RunningEngine;
    let stores: readonly GuardStore[];
    let store: GuardStore;
    beforeAll(async () => {
      running = await engine.start();
      store = running.newStore();
      stores = [store, running.newStore(), running.newStore()];
    });
    afterAll(() => running?.close());
    const instance = (index: number): GuardStore => stores[index % stores.length] ?? store;

    test('begin at nothing, add up and take away', async () => {
      const key = randomUUID();
      expect(await store.counters([key])).toEqual([{}]);
      expect(await store.add(key, { sent: 2, cost: 0.5 }, {}, later)).toEqual({ sent: 2, cost: 0.5 });
      expect(await store.add(key, { sent: -1 }, {}, later)).toEqual({ sent: 1, cost: 0.5 });
      expect(await store.counters([key])).toEqual([{ sent: 1, cost: 0.5 }]);
    });

    test('are read in the order they were asked for', async () => {
      const [one, other, none] = [randomUUID(), randomUUID(), randomUUID()];
      await store.add(one, { sent: 1 }, {}, later);
      await store.add(other, { sent: 2 }, {}, later);
      expect(await store.counters([other, none, one])).toEqual([{ sent: 2 }, {}, { sent: 1 }]);
      expect(await store.counters([])).toEqual([]);
    });

    test('are all left alone where one would hold too much', async () => {
      const key = randomUUID();
      await store.add(key, { sent: 2, cost: 1 }, {}, later);
      expect(await store.add(key, { sent: 1, cost: 1 }, { sent: 3, cost: 1.5 }, later)).toBeNull();
      expect(await store.counters([key])).toEqual([{ sent: 2, cost: 1 }]);
      expect(await store.add(key, { sent: 1 }, { sent: 3 }, later)).toMatchObject({ sent: 3 });
    });

    test('hold exactly as much as they may, whoever of hundreds adds', async () => {
      const key = randomUUID();
      const added = await Promise.all(
        many.map((index) => instance(index).add(key, { sent: 1 }, { sent: 50 }, later)),
      );
      expect(added.filter((counters) => counters !== null)).toHaveLength(50);
      expect(await store.counters([key])).toEqual([{ sent: 50 }]);
    });

    test('lose no addition of hundreds at once', async () => {
      const key = randomUUID();
      await Promise.all(many.map((index) => instance(index).add(key, { sent: 1, cost: 2 }, {}, later)));
      expect(await store.counters([key])).toEqual([{ sent: many.length, cost: 2 * many.length }]);
    });
  });
}
