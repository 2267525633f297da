import { describe, expect, test } from 'vitest';
import {
  type DestinationState,
  emptyState,
  type LastSend,
  type VerificationRecord,
  withRecord,
  withSend,
} from '../../../functions/guard/limits/destination-state.ts';
import type { SendAsk } from '../../../functions/guard/limits/send-rules.ts';
import { doubtful, settled, withExactWait } from '../../../functions/guard/limits/send-rules.ts';
import { parsePolicy } from '../../../functions/guard/policy/policy.ts';
import { callerKeys } from '../../../functions/guard/request/caller-keys.ts';
import { createKeyedHash } from '../../../functions/privacy/keyed-hash.ts';
import type { Caller } from '../../../functions/runtime/define-function.ts';
import { RunError, type RunErrorDetails } from '../../../functions/runtime/errors.ts';
import { direct, http } from '../../support/guard-world.ts';

const now = Date.UTC(2026, 0, 1);
const life = 600_000;
const policy = parsePolicy({});
const hash = createKeyedHash('a key for tests only');
const keysOf = (caller: Caller) => callerKeys(caller, hash);
const ada = keysOf(http('192.0.2.1', 'ada'));
const sid = 'VE1';

const asked = (differs: Partial<SendAsk> = {}): SendAsk => ({
  id: 'one',
  now,
  channel: 'sms',
  service: 'service',
  caller: ada,
  ...differs,
});
const flying = (differs: Partial<LastSend> = {}): LastSend => ({
  at: now,
  id: 'one',
  by: ada.by,
  service: 'service',
  state: 'flying',
  sid: null,
  ...differs,
});
const pending: VerificationRecord = {
  sid,
  channel: 'sms',
  by: ['someone'],
  byTrusted: false,
  startedAt: now - 60_000,
  expiresAt: now - 60_000 + life,
  checks: 2,
  end: null,
  endedAt: 0,
  code: null,
};
const sentTo = (differs: Partial<LastSend> = {}): DestinationState =>
  withSend(emptyState, 'sms', flying(differs), false, 10);
const holding = (record: Partial<VerificationRecord>): DestinationState =>
  withRecord(sentTo(), 'service', { ...pending, ...record });
const recordOf = (state: DestinationState) => state.records['service'];

describe('a send that Twilio accepted', () => {
  test('is noted as the last of its channel, unless a later one is', () => {
    const started = { sid, createdAt: now };
    expect(settled(sentTo(), asked(), started, policy).last).toEqual({ sms: flying({ state: 'sent', sid }) });
    const later = sentTo({ id: 'two' });
    expect(settled(later, asked(), started, policy).last).toEqual(later.last);
    expect(settled(emptyState, asked(), started, policy).last).toEqual({});
  });

  test.each([
    ['a second ago', now - 1_000, now - 1_000],
    ['almost a life ago', now - life + 1, now - life + 1],
    ['by a clock that is ahead of ours', now + 5_000, now],
    ['so long ago that it would be over', now - life, now],
  ])('begins its verification when Twilio says, %s, as far as that can be', (_when, createdAt, startedAt) => {
    expect(recordOf(settled(sentTo(), asked(), { sid, createdAt }, policy))).toEqual({
      sid,
      channel: 'sms',
      by: [ada.by],
      byTrusted: false,
      startedAt,
      expiresAt: startedAt + life,
      checks: 0,
      end: null,
      endedAt: 0,
      code: null,
    });
  });

  test('again for a pending verification keeps its guesses and its end, and adds who asked', () => {
    const again = settled(holding({}), asked({ channel: 'call' }), { sid, createdAt: now }, policy);
    expect(recordOf(again)).toEqual({ ...pending, channel: 'call', by: [ada.by, 'someone'] });
  });

  test('remembers the last three who asked for a verification', () => {
    const state = holding({ by: ['c', 'b', 'a'] });
    expect(recordOf(settled(state, asked(), { sid, createdAt: now }, policy))?.by).toEqual([
      ada.by,
      'c',
      'b',
    ]);
  });

  test.each([
    [false, ada, false],
    [true, ada, true],
    [false, keysOf(direct), true],
    [true, keysOf(direct), true],
  ])('knows whether a trusted caller was among them (%j)', (before, caller, after) => {
    const state = holding({ byTrusted: before });
    const record = recordOf(settled(state, asked({ caller }), { sid, createdAt: now }, policy));
    expect(record?.byTrusted).toBe(after);
  });

  test.each(['expired', 'max_attempts'] as const)('under the sid of one that is %s begins anew', (end) => {
    const state = holding({ end, endedAt: now - 1 });
    expect(recordOf(settled(state, asked(), { sid, createdAt: now }, policy))).toMatchObject({
      checks: 0,
      end: null,
      startedAt: now,
    });
  });

  test('leaves one approved whose code came back before the answer did', () => {
    const state = holding({ end: 'approved', endedAt: now });
    expect(recordOf(settled(state, asked(), { sid, createdAt: now }, policy))).toEqual(recordOf(state));
    expect(recordOf(settled(state, asked(), { sid: 'VE2', createdAt: now }, policy))?.end).toBeNull();
  });
});

describe('a send that may have happened', () => {
  const anew = { sid: null, checks: 0, end: null, startedAt: now, expiresAt: now + life };

  test('can be checked where nothing was pending', () => {
    const state = doubtful(sentTo(), asked(), policy);
    expect(recordOf(state)).toMatchObject(anew);
    expect(state.last).toEqual({ sms: flying({ state: 'doubtful' }) });
  });

  test('leaves a pending verification as it is, to its last millisecond', () => {
    expect(recordOf(doubtful(holding({}), asked(), policy))).toEqual(pending);
    expect(recordOf(doubtful(holding({ expiresAt: now + 1 }), asked(), policy))?.sid).toBe(sid);
    expect(recordOf(doubtful(holding({ expiresAt: now }), asked(), policy))).toMatchObject(anew);
  });

  test.each(['expired', 'max_attempts'] as const)('begins anew after one that is %s', (end) => {
    const state = holding({ end, endedAt: now + 1, expiresAt: now + life });
    expect(recordOf(doubtful(state, asked(), policy))).toMatchObject(anew);
  });

  test('begins anew after an approval, unless that came since it was sent', () => {
    const approved = (endedAt: number) => holding({ end: 'approved', endedAt });
    const later = asked({ now: now + 5_000 });
    expect(recordOf(doubtful(approved(now - 1), later, policy))).toMatchObject({ sid: null, end: null });
    expect(recordOf(doubtful(approved(now), later, policy))?.end).toBe('approved');
    expect(recordOf(doubtful(approved(now + 1), later, policy))?.end).toBe('approved');
    const forgotten = { ...approved(now), last: {} };
    expect(recordOf(doubtful(forgotten, later, policy))?.end).toBeNull();
  });
});

describe('the wait for a verification that Twilio refuses to send or judge', () => {
  const refusal = (details: RunErrorDetails = {}) =>
    new RunError('max_attempts', { ...details, retryAfter: 600 });
  const untilTheEnd = { endsWithVerification: true } as const;
  const waitOf = (thrown: unknown) => thrown instanceof RunError && thrown.details.retryAfter;

  test('is by our own record where there is one', () => {
    expect(waitOf(withExactWait(refusal(untilTheEnd), { ...pending, expiresAt: now + 1_001 }, now))).toBe(2);
    expect(waitOf(withExactWait(refusal(untilTheEnd), { ...pending, expiresAt: now + 1 }, now))).toBe(1);
  });

  test('is what Twilio says where our record knows nothing, or no more', () => {
    const refused = refusal(untilTheEnd);
    expect(withExactWait(refused, undefined, now)).toBe(refused);
    expect(withExactWait(refused, { ...pending, expiresAt: now }, now)).toBe(refused);
    expect(withExactWait(refused, { ...pending, expiresAt: now - 1 }, now)).toBe(refused);
  });

  test('is not touched for any other failure', () => {
    for (const other of [
      refusal({ reason: 'twilio_60203' }),
      refusal(),
      new TypeError('twilio_60203'),
      undefined,
    ])
      expect(withExactWait(other, pending, now)).toBe(other);
    expect.hasAssertions();
  });
});
