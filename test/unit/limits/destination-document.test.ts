import { describe, expect, test } from 'vitest';
import { DestinationDocument } from '../../../functions/guard/limits/destination-document.ts';
import { emptyState, withSend } from '../../../functions/guard/limits/destination-state.ts';
import type { GuardStore } from '../../../functions/guard/store/store.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const now = Date.UTC(2026, 0, 1);
const documentOver = (store: GuardStore) =>
  new DestinationDocument(store, { now: { key: 'to#hash', holds: [] }, before: undefined });
const sent = (state: typeof emptyState, id: string) =>
  withSend(state, 'sms', { at: now, id, by: 'by', service: 'service', state: 'sent', sid: null }, false, 10);

/** A store that counts its requests. */
const counting = (change: Partial<GuardStore> = {}) => {
  const inner = { ...createMemoryStore(), ...change };
  const asked = { loads: 0, saves: 0 };
  const store: GuardStore = {
    ...inner,
    load: (...request) => {
      asked.loads += 1;
      return inner.load(...request);
    },
    save: (...request) => {
      asked.saves += 1;
      return inner.save(...request);
    },
  };
  return { store, asked };
};

test('an ill-formed document is a store that failed, of which the log can tell, but not what it held', async () => {
  const document = { sends: '+15005550006' };
  const { store } = counting({ load: async () => ({ version: 3, document }) });
  const thrown = await documentOver(store)
    .load(now)
    .catch((refusal: unknown) => refusal);
  expect(thrown).toMatchObject({
    code: 'store_unavailable',
    details: { reason: 'corrupt_state', fix: 'A destination document is ill-formed' },
  });
  expect(JSON.stringify(thrown)).not.toContain('5005550006');
});

describe('a change to a destination', () => {
  test('costs one write where no other request wrote, and no reading', async () => {
    const { asked, store } = counting();
    expect(await documentOver(store).amend(now, (state) => sent(state, 'a'))).toEqual(sent(emptyState, 'a'));
    expect(asked).toEqual({ loads: 0, saves: 1 });
  });

  test('that changes nothing costs nothing', async () => {
    const { asked, store } = counting();
    expect(await documentOver(store).amend(now, (state) => state)).toBe(emptyState);
    expect(asked).toEqual({ loads: 0, saves: 0 });
  });

  test('is made again on what another request wrote meanwhile', async () => {
    const { store } = counting();
    await documentOver(store).amend(now, (state) => sent(state, 'theirs'));
    const both = await documentOver(store).amend(now, (state) => sent(state, 'ours'));
    expect(both.sends.map(({ id }) => id)).toEqual(['ours', 'theirs']);
  });

  test('is given up where others always wrote first', async () => {
    const { asked, store } = counting({ save: async () => null });
    await expect(documentOver(store).amend(now, (state) => sent(state, 'a'))).rejects.toMatchObject({
      code: 'store_unavailable',
      details: { reason: 'contention', contended: true, retryAfter: 1 },
    });
    expect(asked.saves).toBe(200);
  });
});
