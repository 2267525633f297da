import { describe, expect, test } from 'vitest';
import {
  type Check,
  emptyState,
  expiryOf,
  readState,
  storedState,
  withApproval,
  withCheck,
  withoutCheck,
  withoutSend,
  withSend,
} from '../../../functions/guard/limits/destination-state.ts';
import { callerKeys } from '../../../functions/guard/request/caller-keys.ts';
import { createKeyedHash } from '../../../functions/privacy/keyed-hash.ts';

const t0 = Date.UTC(2026, 0, 1);
const day = 24 * 3_600_000;
const sending = (at: number, id: string) =>
  ({ at, id, by: 'by', service: 'service', state: 'flying', sid: null }) as const;
const callerOf = (who: string) =>
  callerKeys({ kind: 'direct', identity: who }, createKeyedHash('a key for tests only'));
const check = (at: number, id: string, change: Partial<Check> = {}): Check => ({
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
      checks: [],
      failures: { owner: { count: 0, at: 0 }, stranger: { count: 0, at: 0 } },
      last: {},
      records: {},
      owners: [],
      verifiedAt: 0,
    });
  });

  test.each([
    [null],
    [{}],
    [{ ...storedState(emptyState), sends: [{ at: 'x' }] }],
    [{ ...storedState(emptyState), verifiedAt: -1 }],
  ])('is not read from %j', (document) => {
    expect(() => readState(document)).toThrow();
  });

  test('keeps sends while a window counts them, and checks likewise', () => {
    let state = withSend(emptyState, 'sms', sending(t0, 'a'), false, 10);
    state = withSend(state, 'sms', sending(t0 + day - 1, 'b'), true, 10);
    expect(state.sends.map(({ id }) => id)).toEqual(['b', 'a']);
    state = withSend(state, 'sms', sending(t0 + day, 'c'), true, 10);
    expect(state.sends.map(({ id }) => id)).toEqual(['c', 'b']);
    state = withCheck(state, check(t0, 'a'), 1, 5);
    state = withCheck(state, check(t0 + 599_999, 'b'), 2, 5);
    expect(state.checks.map(({ id }) => id)).toEqual(['b', 'a']);
    state = withCheck(state, check(t0 + 600_000, 'c'), 3, 5);
    expect(state.checks.map(({ id }) => id)).toEqual(['c', 'b']);
  });

  test('keeps as many sends as its largest limit counts', () => {
    let state = emptyState;
    for (let count = 0; count < 60; count += 1)
      state = withSend(state, 'sms', sending(t0, `${count}`), false, 40);
    expect(state.sends).toHaveLength(40);
  });

  test('keeps no more checks than its limit counts, or those of four verifications', () => {
    const kept = (limit: number) => {
      let state = emptyState;
      for (let count = 0; count < 60; count += 1) state = withCheck(state, check(t0, `${count}`), 1, limit);
      return state.checks.length;
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

  test('forgets a check that was not judged, with its part in the failures of its lane', () => {
    const one = withCheck(emptyState, check(t0, 'a'), 1, 5);
    const two = withCheck(one, check(t0 + 1, 'b', { stranger: true }), 1, 5);
    const three = withCheck(two, check(t0 + 2, 'c'), 2, 5);
    expect(three.failures).toEqual({ owner: { count: 2, at: t0 + 2 }, stranger: { count: 1, at: t0 + 1 } });
    expect(withoutCheck(three, 'c')).toEqual(two);
    expect(withoutCheck(three, 'x')).toBe(three);
    expect(withoutCheck(two, 'b').failures).toEqual(one.failures);
  });

  test('counts those as owners who verified it last, each once, and forgets failures', () => {
    let state = withCheck(emptyState, check(t0, 'a'), 1, 5);
    for (const who of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'f'])
      state = withApproval(state, callerOf(who), t0 + 5);
    expect(state.owners).toEqual(['f', 'g', 'e', 'd', 'c', 'b'].map((who) => callerOf(who).by));
    expect(state.failures).toEqual(emptyState.failures);
    expect(state.verifiedAt).toBe(t0 + 5);
  });

  test('is kept for its longest window, and for 90 days once it was verified', () => {
    expect(expiryOf(emptyState, t0)).toBe(t0 + day + 1_000);
    expect(expiryOf({ ...emptyState, verifiedAt: t0 }, t0 + 100 * day)).toBe(t0 + 101 * day + 1_000);
    expect(expiryOf({ ...emptyState, verifiedAt: t0 }, t0 + day)).toBe(t0 + 90 * day + 1_000);
  });
});
