import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GuardStore, Taken, TakeRequest } from '../../functions/guard/store/store.ts';
import { engines, type RunningEngine } from '../support/guard-engines.ts';

const window = 600_000;
const t0 = Date.UTC(2026, 0, 1);
const many = Array.from({ length: 200 }, (_, index) => index);

for (const engine of engines) {
  const suite =
    engine.missing === undefined
      ? `The guard store on ${engine.name}`
      : `The guard store on ${engine.name} (skipped: ${engine.missing})`;

  describe.skipIf(engine.missing !== undefined)(suite, () => {
    let running: RunningEngine;
    let store: GuardStore;
    let others: readonly GuardStore[];
    beforeAll(async () => {
      running = await engine.start();
      store = running.newStore();
      others = [store, running.newStore(), running.newStore()];
    });
    afterAll(() => running?.close());

    /** One of several instances. */
    const instance = (index: number): GuardStore => others[index % others.length] ?? store;
    const taker =
      (limit: number, key = randomUUID()) =>
      (now: number, change: Partial<TakeRequest> = {}) => ({
        key,
        now,
        limit,
        window,
        purpose: randomUUID(),
        sameFor: 30_000,
        holder: randomUUID(),
        ...change,
      });
    const kinds = (taken: readonly Taken[]) =>
      Object.fromEntries(
        (['taken', 'joined', 'full'] as const).map((kind) => [
          kind,
          taken.filter((one) => one.kind === kind).length,
        ]),
      );
    /** How many places are free at a moment; takes them. */
    const free = async (ask: (now: number) => TakeRequest, now: number): Promise<number> => {
      let count = 0;
      while ((await store.take(ask(now))).kind === 'taken') count += 1;
      return count;
    };

    test('is in reach', async () => {
      await expect(store.probe()).resolves.toBeUndefined();
    });

    describe('keeps documents', () => {
      test('as the last write left them', async () => {
        const key = randomUUID();
        expect(await store.load(key, t0)).toEqual({ version: 0, document: undefined });
        const first = await store.save(key, 0, { a: [1, null, 'ü'] }, t0, t0 + 60_000);
        expect(first).toBeGreaterThan(0);
        expect(await store.load(key, t0)).toEqual({ version: first, document: { a: [1, null, 'ü'] } });
        const second = await store.save(key, first ?? 0, { a: [] }, t0, t0 + 60_000);
        expect(await store.load(key, t0)).toEqual({ version: second, document: { a: [] } });
      });

      test('and refuses a write on what is not there any more', async () => {
        const key = randomUUID();
        const first = (await store.save(key, 0, 1, t0, t0 + 60_000)) ?? 0;
        await store.save(key, first, 2, t0, t0 + 60_000);
        expect(await store.save(key, first, 3, t0, t0 + 60_000)).toBeNull();
        expect(await store.save(key, 0, 3, t0, t0 + 60_000)).toBeNull();
        expect(await store.load(key, t0)).toMatchObject({ document: 2 });
      });

      test('until the second they expire in, swept or not', async () => {
        const key = randomUUID();
        await store.save(key, 0, 'old', t0, t0 + 60_000);
        expect(await store.load(key, t0 + 59_999)).toMatchObject({ document: 'old' });
        expect(await store.save(key, 0, 'early', t0 + 59_999, t0 + 90_000)).toBeNull();
        expect(await store.load(key, t0 + 60_000)).toEqual({ version: 0, document: undefined });
        expect(await store.save(key, 0, 'new', t0 + 60_000, t0 + 90_000)).not.toBeNull();
        expect(await store.load(key, t0 + 60_000)).toMatchObject({ document: 'new' });
      });

      test('and never takes one that was written anew for the one that expired', async () => {
        const key = randomUUID();
        const old = (await store.save(key, 0, 'old', t0, t0 + 60_000)) ?? 0;
        await store.save(key, 0, 'new', t0 + 60_000, t0 + 120_000);
        expect(await store.save(key, old, 'lost', t0 + 60_000, t0 + 120_000)).toBeNull();
        expect(await store.load(key, t0 + 60_000)).toMatchObject({ document: 'new' });
      });

      test('of which one of hundreds of first writers wins', async () => {
        const key = randomUUID();
        const saved = await Promise.all(
          many.map((index) => instance(index).save(key, 0, index, t0, t0 + 60_000)),
        );
        const winners = many.filter((index) => saved[index] !== null);
        expect(winners).toHaveLength(1);
        expect(await store.load(key, t0)).toMatchObject({ document: winners[0] });
      });

      test('that lose no write of many who read, change and write again', async () => {
        const key = randomUUID();
        const add = async (on: GuardStore): Promise<void> => {
          for (;;) {
            const { version, document } = await on.load(key, t0);
            if ((await on.save(key, version, Number(document ?? 0) + 1, t0, t0 + 60_000)) !== null) return;
          }
        };
        const writers = many.slice(0, 20);
        await Promise.all(writers.map((index) => add(instance(index))));
        expect(await store.load(key, t0)).toMatchObject({ document: writers.length });
      });
    });

    describe('gives places', () => {
      test.each([1, 2, 3, 5, 10])('%i in any window, and says when the next is free', async (limit) => {
        const ask = taker(limit);
        for (let at = 0; at < limit; at += 1)
          expect(await store.take(ask(t0 + at))).toEqual({ kind: 'taken' });
        const late = t0 + limit;
        expect(await store.take(ask(late))).toEqual({ kind: 'full', freeAt: t0 + window });
        expect(await store.take(ask(t0 + window - 1))).toEqual({ kind: 'full', freeAt: t0 + window });
        expect(await store.take(ask(t0 + window))).toEqual({ kind: 'taken' });
        const next = limit === 1 ? t0 + 2 * window : t0 + 1 + window;
        expect(await store.take(ask(t0 + window))).toEqual({ kind: 'full', freeAt: next });
      });

      test('without a burst at any clock edge', async () => {
        const ask = taker(3);
        const admitted: number[] = [];
        for (let now = t0; now < t0 + 4 * window; now += 20_000)
          if ((await store.take(ask(now))).kind === 'taken') admitted.push(now);
        expect(admitted).toHaveLength(12);
        const spans = admitted.slice(3).map((at, index) => at - (admitted[index] ?? 0));
        expect(Math.min(...spans)).toBe(window);
      });

      test('to exactly as many of hundreds as there are', async () => {
        const ask = taker(5);
        const taken = await Promise.all(many.map((index) => instance(index).take(ask(t0))));
        expect(kinds(taken)).toEqual({ taken: 5, joined: 0, full: many.length - 5 });
        const again = await Promise.all(many.map((index) => instance(index).take(ask(t0 + window - 1))));
        expect(kinds(again)).toEqual({ taken: 0, joined: 0, full: many.length });
        const later = await Promise.all(many.map((index) => instance(index).take(ask(t0 + window))));
        expect(kinds(later)).toEqual({ taken: 5, joined: 0, full: many.length - 5 });
      });

      test('of which hundreds with one purpose share one', async () => {
        const ask = taker(5);
        const purpose = randomUUID();
        const taken = await Promise.all(many.map((index) => instance(index).take(ask(t0, { purpose }))));
        expect(kinds(taken)).toEqual({ taken: 1, joined: many.length - 1, full: 0 });
        expect(await free(ask, t0)).toBe(4);
      });

      test('of which a purpose shares its own until it ages, even when all are taken', async () => {
        const ask = taker(2);
        const purpose = randomUUID();
        await store.take(ask(t0, { purpose }));
        await store.take(ask(t0 + 1));
        expect(await store.take(ask(t0 + 29_999, { purpose }))).toEqual({
          kind: 'joined',
          freeAt: t0 + window,
        });
        expect(await store.take(ask(t0 + 30_000, { purpose }))).toEqual({
          kind: 'full',
          freeAt: t0 + window,
        });
      });

      test('of which nothing is shared where the same thing counts each time', async () => {
        const ask = taker(2);
        const purpose = randomUUID();
        const taken = await Promise.all(
          many.map((index) => instance(index).take(ask(t0, { purpose, sameFor: 0 }))),
        );
        expect(kinds(taken)).toEqual({ taken: 2, joined: 0, full: many.length - 2 });
      });

      test('under a limit that is lowered and raised again', async () => {
        const key = randomUUID();
        const [five, two, eight] = [taker(5, key), taker(2, key), taker(8, key)];
        for (let at = 0; at < 4; at += 1) await store.take(five(t0 + at));
        expect(await store.take(two(t0 + 10))).toEqual({ kind: 'full', freeAt: t0 + 2 + window });
        expect(await store.take(five(t0 + 11))).toEqual({ kind: 'taken' });
        expect(await free(eight, t0 + 12)).toBe(3);
        expect(await store.take(eight(t0 + 13))).toEqual({ kind: 'full', freeAt: t0 + window });
        // Lowered to two: of the eight only those of t0 + 12 are left inside the window.
        expect(await store.take(two(t0 + 11 + window))).toEqual({ kind: 'full', freeAt: t0 + 12 + window });
        expect(await free(two, t0 + 12 + window)).toBe(2);
        expect(await free(eight, t0 + 12 + window)).toBe(6);
      });

      test.each([50, 51, 120])('of a limit of %i', async (limit) => {
        const ask = taker(limit);
        const purpose = randomUUID();
        expect(await store.take(ask(t0, { purpose }))).toEqual({ kind: 'taken' });
        expect(await store.take(ask(t0 + 1, { purpose }))).toEqual({ kind: 'joined', freeAt: 0 });
        expect(await free(ask, t0 + 1)).toBe(limit - 1);
        expect(await store.take(ask(t0 + 2))).toEqual({ kind: 'full', freeAt: t0 + window });
        expect(await free(ask, t0 + window)).toBe(1);
      });

      test('to exactly as many of hundreds as there are, where they are many', async () => {
        const ask = taker(60);
        const crowd = many.slice(0, 70);
        const taken = await Promise.all(crowd.map((index) => instance(index).take(ask(t0))));
        expect(kinds(taken)).toEqual({ taken: 60, joined: 0, full: 10 });
      });
    });

    describe('takes places back', () => {
      test('from those who hold them only, once, and no other', async () => {
        const ask = taker(2);
        const [mine, theirs] = [ask(t0), ask(t0 + 1)];
        await store.take(mine);
        await store.take(theirs);
        await store.giveBack({ ...mine, holder: randomUUID() });
        expect(await store.take(ask(t0 + 2))).toEqual({ kind: 'full', freeAt: t0 + window });
        await store.giveBack(mine);
        await store.giveBack(mine);
        expect(await store.take(ask(t0 + 3))).toEqual({ kind: 'taken' });
        expect(await store.take(ask(t0 + 4))).toEqual({ kind: 'full', freeAt: t0 + 1 + window });
      });

      test('where nothing was ever taken, without a word', async () => {
        await expect(store.giveBack(taker(3)(t0))).resolves.toBeUndefined();
      });

      test('from hundreds at once, each its own', async () => {
        const ask = taker(20);
        const requests = many.slice(0, 20).map(() => ask(t0));
        await Promise.all(requests.map((request, index) => instance(index).take(request)));
        await Promise.all(requests.slice(0, 13).map((request, index) => instance(index).giveBack(request)));
        expect(await free(ask, t0 + 2)).toBe(13);
      });

      test('while others take: none is lost and none is given twice', async () => {
        const ask = taker(5);
        const outcomes = await Promise.all(
          many.map(async (index) => {
            const request = ask(t0);
            const { kind } = await instance(index).take(request);
            if (kind === 'taken' && index % 2 === 0) await instance(index).giveBack(request);
            return kind === 'taken' && index % 2 === 1 ? 1 : 0;
          }),
        );
        const kept = outcomes.reduce<number>((sum, one) => sum + one, 0);
        expect(kept).toBeLessThanOrEqual(5);
        expect(await free(ask, t0 + 1)).toBe(5 - kept);
      });
    });

    describe('has places shared', () => {
      test('until the last who holds one gives it back', async () => {
        for (const [one, other] of [
          [0, 1],
          [1, 0],
        ] as const) {
          const ask = taker(1);
          const first = ask(t0);
          const second = ask(t0 + 5, { purpose: first.purpose });
          await store.take(first);
          expect(await store.adopt(second)).toEqual({ kind: 'taken' });
          const holders = [first, second];
          await store.giveBack(holders[one] ?? first);
          expect(await store.take(ask(t0 + 6))).toEqual({ kind: 'full', freeAt: t0 + 5 + window });
          await store.giveBack(holders[other] ?? first);
          expect(await store.take(ask(t0 + 7))).toEqual({ kind: 'taken' });
        }
      });

      test('which count from when the last joined them', async () => {
        const ask = taker(2);
        const first = ask(t0);
        await store.take(first);
        await store.take(ask(t0 + 1_000));
        await store.adopt(ask(t0 + 20_000, { purpose: first.purpose }));
        expect(await free(ask, t0 + 1_000 + window)).toBe(1);
        expect(await store.take(ask(t0 + 19_999 + window))).toMatchObject({ kind: 'full' });
        expect(await free(ask, t0 + 20_000 + window)).toBe(1);
      });

      test('or takes a new one where it was given back', async () => {
        const ask = taker(1);
        const first = ask(t0);
        await store.take(first);
        await store.giveBack(first);
        expect(await store.adopt(ask(t0 + 2, { purpose: first.purpose }))).toEqual({ kind: 'taken' });
        expect(await store.adopt(ask(t0 + 3))).toEqual({ kind: 'full', freeAt: t0 + 2 + window });
      });

      test('by many at once, and the place stays one', async () => {
        const ask = taker(3);
        const first = ask(t0);
        await store.take(first);
        const heirs = many.slice(0, 20).map(() => ask(t0 + 1, { purpose: first.purpose }));
        const adopted = await Promise.all(heirs.map((heir, index) => instance(index).adopt(heir)));
        expect(kinds(adopted)).toEqual({ taken: heirs.length, joined: 0, full: 0 });
        expect(await free(ask, t0 + 2)).toBe(2);
        await Promise.all(heirs.map((request, index) => instance(index).giveBack(request)));
        expect(await free(ask, t0 + 4)).toBe(0);
        await store.giveBack(first);
        expect(await free(ask, t0 + 4)).toBe(1);
      });

      test('or taken anew, by many who come and go', async () => {
        const ask = taker(5);
        const purpose = randomUUID();
        const adopted = await Promise.all(
          many.slice(0, 20).map(async (index) => {
            const request = ask(t0, { purpose });
            await instance(index).take(request);
            const taken = await instance(index).adopt(request);
            await instance(index).giveBack(request);
            return taken;
          }),
        );
        expect(kinds(adopted)).toEqual({ taken: adopted.length, joined: 0, full: 0 });
        expect(await free(ask, t0 + 1)).toBe(5);
      });
    });
  });
}
