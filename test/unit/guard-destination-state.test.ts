import { describe, expect, test } from 'vitest';
import {
  emptyState,
  expiryOf,
  type Guess,
  readState,
  withApproval,
  withGuess,
  withoutGuess,
  withoutSend,
  withSend,
} from '../../functions/guard/limits/destination-state.ts';

const t0 = Date.UTC(2026, 0, 1);
const day = 24 * 3_600_000;
const sending = (at: number, id: string) =>
  ({ at, id, by: 'by', service: 'service', state: 'flying', sid: null }) as const;
const guess = (at: number, id: string, change: Partial<Guess> = {}): Guess => ({
  at,
  id,
  stranger: false,
  counts: true,
  code: 'hash',
  ...change,
});

describe('what is known of a destination', () => {
  test('is nothing where nothing was written', () => {
    expect(readState(undefined)).toEqual({
      sends: [],
      guesses: [],
      failures: { known: { count: 0, at: 0 }, stranger: { count: 0, at: 0 } },
      last: {},
      records: {},
      known: [],
      verifiedAt: 0,
    });
  });

  test.each([[null], [{}], [{ ...emptyState, sends: [{ at: 'x' }] }], [{ ...emptyState, verifiedAt: -1 }]])(
    'is not read from %j',
    (document) => {
      expect(() => readState(document)).toThrow();
    },
  );

  test('keeps sends while a window counts them, and guesses likewise', () => {
    let state = withSend(emptyState, 'sms', sending(t0, 'a'), false, 10);
    state = withSend(state, 'sms', sending(t0 + day - 1, 'b'), true, 10);
    expect(state.sends.map(({ id }) => id)).toEqual(['b', 'a']);
    state = withSend(state, 'sms', sending(t0 + day, 'c'), true, 10);
    expect(state.sends.map(({ id }) => id)).toEqual(['c', 'b']);
    state = withGuess(state, guess(t0, 'a'), 1, 5);
    state = withGuess(state, guess(t0 + 599_999, 'b'), 2, 5);
    expect(state.guesses.map(({ id }) => id)).toEqual(['b', 'a']);
    state = withGuess(state, guess(t0 + 600_000, 'c'), 3, 5);
    expect(state.guesses.map(({ id }) => id)).toEqual(['c', 'b']);
  });

  test('keeps as many sends as its largest limit counts', () => {
    let state = emptyState;
    for (let count = 0; count < 60; count += 1)
      state = withSend(state, 'sms', sending(t0, `${count}`), false, 40);
    expect(state.sends).toHaveLength(40);
  });

  test('keeps no more guesses than its limit counts, or those of four verifications', () => {
    const kept = (limit: number) => {
      let state = emptyState;
      for (let count = 0; count < 60; count += 1) state = withGuess(state, guess(t0, `${count}`), 1, limit);
      return state.guesses.length;
    };
    expect([kept(0), kept(40)]).toEqual([24, 40]);
  });

  test('forgets a send that did not happen, and no other', () => {
    const one = withSend(emptyState, 'sms', sending(t0, 'a'), false, 10);
    const two = withSend(one, 'call', sending(t0 + 1, 'b'), false, 10);
    expect(withoutSend(two, 'call', 'b')).toEqual(one);
    expect(withoutSend(two, 'call', 'x')).toEqual(two);
    expect(withoutSend(emptyState, 'sms', 'a')).toEqual(emptyState);
  });

  test('forgets a guess that nobody judged, with its part in the failures of its lane', () => {
    const one = withGuess(emptyState, guess(t0, 'a'), 1, 5);
    const two = withGuess(one, guess(t0 + 1, 'b', { stranger: true }), 1, 5);
    const three = withGuess(two, guess(t0 + 2, 'c'), 2, 5);
    expect(three.failures).toEqual({ known: { count: 2, at: t0 + 2 }, stranger: { count: 1, at: t0 + 1 } });
    expect(withoutGuess(three, 'c')).toEqual(two);
    expect(withoutGuess(three, 'x')).toBe(three);
    expect(withoutGuess(two, 'b').failures).toEqual(one.failures);
  });

  test('counts those as known who verified it last, each once, and forgets failures', () => {
    let state = withGuess(emptyState, guess(t0, 'a'), 1, 5);
    for (const who of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'f']) state = withApproval(state, [who], t0 + 5);
    expect(state.known).toEqual(['f', 'g', 'e', 'd', 'c', 'b']);
    expect(state.failures).toEqual(emptyState.failures);
    expect(state.verifiedAt).toBe(t0 + 5);
  });

  test('is kept for its longest window, and for 90 days once it was verified', () => {
    expect(expiryOf(emptyState, t0)).toBe(t0 + day + 1_000);
    expect(expiryOf({ ...emptyState, verifiedAt: t0 }, t0 + 100 * day)).toBe(t0 + 101 * day + 1_000);
    expect(expiryOf({ ...emptyState, verifiedAt: t0 }, t0 + day)).toBe(t0 + 90 * day + 1_000);
  });
});
