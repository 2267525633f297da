import { describe, expect, test } from 'vitest';
import { type CheckAsk, checksLeft, decideCheck } from '../../../functions/guard/limits/check-rules.ts';
import {
  type Check,
  type DestinationState,
  emptyState,
  type LastSend,
  type VerificationRecord,
} from '../../../functions/guard/limits/destination-state.ts';
import { parsePolicy } from '../../../functions/guard/policy/policy.ts';
import { callerKeys } from '../../../functions/guard/request/caller-keys.ts';
import { createKeyedHash } from '../../../functions/privacy/keyed-hash.ts';
import { http } from '../../support/guard-world.ts';

const now = Date.UTC(2026, 0, 1);
const life = 600_000;
const caller = callerKeys(http('192.0.2.1'), createKeyedHash('a key for tests only'));
const asked: CheckAsk = { id: 'check', now, service: 'service', caller, code: 'right', sid: undefined };

const pending: VerificationRecord = {
  sid: 'VE1',
  channel: 'sms',
  by: [caller.by],
  byTrusted: false,
  startedAt: now - 60_000,
  expiresAt: now - 60_000 + life,
  checks: 0,
  end: null,
  endedAt: 0,
  code: null,
};
const approved: Partial<VerificationRecord> = { end: 'approved', endedAt: now - 1_000, code: 'right' };
const holding = (record: Partial<VerificationRecord>, state: Partial<DestinationState> = {}) => ({
  ...emptyState,
  records: { service: { ...pending, ...record } },
  ...state,
});
const decide = (state: DestinationState, ask: Partial<CheckAsk> = {}, policy: unknown = {}) =>
  decideCheck(state, { ...asked, ...ask }, parsePolicy(policy), []);
const refusal = (code: string, reason: string) => ({ kind: 'refuse', refusal: { code, reason } });

describe('why a check is refused', () => {
  test.each([
    ['another sid', {}, { sid: 'VE2' }, {}, 'no_verification', 'other_sid'],
    ['an approved one', { ...approved, code: null }, {}, {}, 'already_used', 'already_used'],
    ['one that ran out', { expiresAt: now }, {}, {}, 'expired', 'expired'],
    ['one that Twilio lost', { end: 'expired', endedAt: now }, {}, {}, 'expired', 'expired'],
    ['five wrong codes', { checks: 5 }, {}, {}, 'max_attempts', 'max_attempts'],
    ['one that Twilio judges no more', { end: 'max_attempts' }, {}, {}, 'max_attempts', 'max_attempts'],
    ['one not explained', { expiresAt: now }, {}, { explain_ended: false }, 'no_verification', 'expired'],
  ] as const)('for %s, the log can tell', (_name, record, ask, policy, code, reason) => {
    expect(decide(holding(record), ask, policy)).toMatchObject(refusal(code, reason));
  });

  test('for a sid of which nothing is known, where one must be given', () => {
    const strict = { require_sid_on_check: true };
    expect(decide(emptyState, { sid: 'VE1' }, strict)).toMatchObject(
      refusal('no_verification', 'unknown_sid'),
    );
    expect(decide(holding({}), { sid: 'VE1' }, strict).kind).toBe('reserve');
    expect(decide(emptyState, { sid: 'VE1' }).kind).toBe('reserve');
  });
});

test('a sid can not contradict a send of which no answer came', () => {
  expect(decide(holding({ sid: null }), { sid: 'VE1' }).kind).toBe('reserve');
});

describe('a verification that is over', () => {
  const send = (differs: Partial<LastSend>): LastSend => ({
    at: now - 500,
    id: 'one',
    by: caller.by,
    service: 'service',
    state: 'flying',
    sid: null,
    ...differs,
  });
  const kindAfter = (record: Partial<VerificationRecord>, ...sends: readonly LastSend[]) =>
    decide(holding(record, { last: Object.fromEntries(sends.map((last, at) => [`${at}`, last])) }), {
      code: 'wrong',
    }).kind;

  test('is as if it had never been, while a send that came later is on its way', () => {
    expect(kindAfter(approved, send({}))).toBe('reserve');
    expect(kindAfter(approved, send({ at: now - 1_000 }))).toBe('reserve');
    expect(kindAfter(approved, send({ state: 'sent' }), send({}))).toBe('reserve');
    expect(kindAfter({ expiresAt: now - 500 }, send({}))).toBe('reserve');
  });

  test('stays over after a send that came before its end, was answered, or was of another service', () => {
    expect(kindAfter(approved, send({ at: now - 1_001 }))).toBe('refuse');
    expect(kindAfter(approved, send({ state: 'sent' }))).toBe('refuse');
    expect(kindAfter(approved, send({ state: 'doubtful' }))).toBe('refuse');
    expect(kindAfter(approved, send({ service: 'other' }))).toBe('refuse');
    expect(kindAfter({ expiresAt: now - 499 }, send({}))).toBe('refuse');
  });

  test('with five wrong codes stays so, whatever is sent again before it runs out', () => {
    expect(kindAfter({ checks: 5 }, send({}))).toBe('refuse');
  });
});

describe('an approval', () => {
  test('is ended by another code with one write, and the codes after that cost none', () => {
    const first = decide(holding(approved), { code: 'wrong' });
    expect(first).toMatchObject({ ...refusal('already_used', 'already_used'), state: {} });
    const second = decide(holding({ ...approved, code: null }), { code: 'wrong' });
    expect(second).toMatchObject(refusal('already_used', 'already_used'));
    expect(second).not.toHaveProperty('state');
  });

  test('is repeated for less than a minute', () => {
    const kindAfter = (age: number) => decide(holding({ ...approved, endedAt: now - age })).kind;
    expect([kindAfter(59_999), kindAfter(60_000)]).toEqual(['approved', 'refuse']);
  });
});

describe('the run of wrong codes', () => {
  const policy = { rate_limits: { cooldown_seconds_after_failed_check: [0, 60] } };
  const checkedAfter = (age: number) =>
    decide(
      holding({}, { failures: { ...emptyState.failures, owner: { count: 1, at: now - age } } }),
      { code: 'wrong' },
      policy,
    );

  test('goes on for ten minutes, and begins anew a millisecond later', () => {
    expect(checkedAfter(life)).toMatchObject({
      kind: 'reserve',
      state: { failures: { owner: { count: 2 } } },
    });
    expect(checkedAfter(life + 1)).toMatchObject({
      kind: 'reserve',
      state: { failures: { owner: { count: 1 } } },
    });
  });
});

describe('the checks that are left', () => {
  const check = (at: number): Check => ({ at, id: 'one', stranger: false, counts: true, code: 'wrong' });

  test('are not lessened by a check that has left the window', () => {
    const left = (at: number) => checksLeft(holding({}, { checks: [check(at)] }), asked, parsePolicy({}));
    expect([left(now - life + 1), left(now - life)]).toEqual([4, 5]);
  });
});
