import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import {
  admissionOf,
  type BreakerState,
  type Counts,
  changeOf,
  closedBreaker,
  countOf,
  healthOf,
  isSpike,
  readBreaker,
  recentCounts,
  withCounts,
  withProbe,
  withProbed,
} from '../../../functions/guard/breaker-state.ts';
import { breakerPolicy } from '../../../functions/guard/policy/breaker-policy.ts';
import { RunError } from '../../../functions/runtime/errors.ts';
import { refusedBy, TwilioRefusal } from '../../../functions/verify/twilio-errors.ts';

const policy = v.parse(breakerPolicy, undefined);
const second = 1_000;
const now = 1_800_000_000 * second;

const counts = (healthy: number, failed: number, at = now): Counts => [[at / second, healthy, failed]];
const openedAt = (at: number): BreakerState => withCounts(closedBreaker, counts(0, 10), at, policy);

describe('the policy of the breaker', () => {
  test('left out is the default', () => {
    const written = { window_seconds: 30, min_failures: 10, failure_ratio: 0.5, open_seconds: 15 };
    expect(policy).toEqual({ mode: 'on', ...written, max_open_seconds: 120 });
    expect(v.parse(breakerPolicy, {})).toEqual(policy);
  });

  test.each([
    ['an unknown key', { open: 15 }],
    ['no ratio', { failure_ratio: 0 }],
    ['a ratio above all', { failure_ratio: 1.1 }],
    ['a part of a second', { open_seconds: 7.5 }],
    ['an opening that could pass unnoticed', { open_seconds: 4 }],
    ['a longest opening that is shorter', { open_seconds: 60, max_open_seconds: 30 }],
    ['a mode that is none', { mode: 'record' }],
  ])('with %s is refused', (_name, raw) => {
    expect(v.safeParse(breakerPolicy, raw).success).toBe(false);
  });
});

describe('what tells of Twilio’s health', () => {
  const refusal = (status: number, code?: number) =>
    refusedBy(
      new TwilioRefusal({ status, code, parameter: undefined, retryAfter: undefined, requestId: undefined }),
      { notFound: 'misconfigured' },
    );

  test.each([
    ['500', refusal(500, 20500)],
    ['500 without a code', refusal(500)],
    ['502', refusal(502)],
    ['503', refusal(503, 20503)],
    ['504', refusal(504)],
    ['a redirect', refusal(302)],
    [
      'a timeout',
      new RunError('upstream_timeout', { reason: 'twilio_timeout', effect: 'unknown', twilio: 'failed' }),
    ],
    [
      'a cut connection',
      new RunError('upstream_error', { reason: 'twilio_cut', effect: 'unknown', twilio: 'failed' }),
    ],
    [
      'no connection',
      new RunError('upstream_unavailable', { reason: 'twilio_connect', effect: 'none', twilio: 'failed' }),
    ],
    [
      'a success that is none',
      new RunError('upstream_error', { reason: 'twilio_unreadable', effect: 'unknown', twilio: 'failed' }),
    ],
  ])('%s is a failure', (_name, error) => {
    expect(healthOf(error)).toBe('failed');
  });

  test.each([
    ['an invalid number', refusal(400, 60200)],
    ['a blocked prefix', refusal(403, 60410)],
    ['nothing to check', refusal(404, 20404)],
    ['a conflict', refusal(409, 20409)],
    ['an unknown 4xx', refusal(418)],
    ['too many attempts', refusal(429, 60202)],
    ['too many requests', refusal(429, 20429)],
    ['a wrong credential', refusal(401, 20003)],
    [
      'a verification that ended',
      new RunError('max_attempts', { reason: 'twilio_ended', effect: 'none', twilio: 'healthy' }),
    ],
  ])('%s is a healthy answer', (_name, error) => {
    expect(healthOf(error)).toBe('healthy');
  });

  test.each([
    ['a limit of ours', new RunError('throttled', { reason: 'send_per_to_per_10m' })],
    ['the store', new RunError('store_unavailable', { reason: 'dynamodb' })],
    ['the secret', new RunError('misconfigured', { reason: 'secret' })],
    ['the breaker itself', new RunError('upstream_unavailable', { reason: 'breaker_open' })],
    [
      'an identical start that never came back',
      new RunError('upstream_timeout', { reason: 'identical_start' }),
    ],
    ['an error without a reason', new RunError('upstream_error', {})],
    ['a word of the log', new RunError('upstream_error', { reason: 'twilio_20500' })],
    ['a bug', new TypeError('x')],
    ['nothing', undefined],
  ])('%s says nothing', (_name, thrown) => {
    expect(healthOf(thrown)).toBe('unknown');
  });
});

describe('a spike', () => {
  test.each([
    [0, 9, false],
    [0, 10, true],
    [10, 10, true],
    [11, 10, false],
    [1_000, 999, false],
    [999, 1_000, true],
  ])('%i healthy and %i failed calls: %j', (healthy, failed, spike) => {
    expect(isSpike(counts(healthy, failed), policy)).toBe(spike);
  });

  test('is over any 30 seconds, and by no millisecond more', () => {
    const early = counts(0, 9);
    const late = (at: number) =>
      withCounts({ ...closedBreaker, counts: early }, countOf('failed', at), at, policy);
    expect(late(now + 30 * second - 1).open).not.toBeNull();
    expect(late(now + 30 * second).open).toBeNull();
  });

  test('does not count what ended before the breaker was closed', () => {
    const closed = { ...closedBreaker, since: now + 1 };
    expect(withCounts(closed, counts(0, 10), now + second, policy)).toEqual(closed);
    expect(withCounts({ ...closed, since: now }, counts(0, 10), now + second, policy).open).not.toBeNull();
  });

  test('adds up over seconds, and over tellers of the same second', () => {
    const told = [...counts(1, 2), ...counts(3, 4), ...counts(5, 6, now + second)];
    expect(recentCounts(told, closedBreaker, now + second, policy)).toEqual([
      [now / second, 4, 6],
      [now / second + 1, 5, 6],
    ]);
  });

  test('changes nothing of a breaker that is open', () => {
    const open = openedAt(now);
    expect(withCounts(open, counts(0, 100), now + 20 * second, policy)).toBe(open);
  });
});

describe('an open breaker', () => {
  test('refuses for 15 seconds, then lets one probe be claimed', () => {
    const open = openedAt(now);
    expect(admissionOf(open, now)).toEqual({ kind: 'open', retryAfter: 15 });
    expect(admissionOf(open, now + 14_001)).toEqual({ kind: 'open', retryAfter: 1 });
    expect(admissionOf(open, now + 14_999)).toEqual({ kind: 'open', retryAfter: 1 });
    expect(admissionOf(open, now + 15_000)).toEqual({ kind: 'claimable' });
    expect(withProbe(open, 'a', now + 14_999)).toBe(open);
  });

  test('has one probe at a time, whose claim lapses after 15 seconds', () => {
    const at = now + 15 * second;
    const probing = withProbe(openedAt(now), 'a', at);
    expect(withProbe(probing, 'b', at)).toBe(probing);
    expect(admissionOf(probing, at + 14_999)).toEqual({ kind: 'probing', retryAfter: 1 });
    expect(admissionOf(probing, at + 15_000)).toEqual({ kind: 'claimable' });
    expect(withProbed(withProbe(probing, 'b', at + 15_000), 'a', 'healthy', at, policy).open?.probe?.id).toBe(
      'b',
    );
  });

  test('is not closed by a probe of an earlier opening', () => {
    const open = openedAt(now);
    expect(withProbed(open, 'a', 'healthy', now, policy)).toBe(open);
    expect(withProbed(closedBreaker, 'a', 'failed', now, policy)).toBe(closedBreaker);
  });

  test('closes and forgets after a good probe', () => {
    const probing = withProbe(openedAt(now), 'a', now + 15 * second);
    const after = withProbed(probing, 'a', 'healthy', now + 16 * second, policy);
    expect(after).toEqual({ counts: [], since: now + 16 * second, open: null });
  });

  test('stays open twice as long after each bad probe, up to 2 minutes, and 15 seconds again after a good one', () => {
    const lasted: number[] = [];
    let state = openedAt(now);
    for (let probes = 0; probes < 5; probes += 1) {
      const at = state.open?.until ?? 0;
      state = withProbed(withProbe(state, 'a', at), 'a', 'failed', at, policy);
      lasted.push(((state.open?.until ?? 0) - at) / second);
    }
    expect(lasted).toEqual([30, 60, 120, 120, 120]);
    const at = state.open?.until ?? 0;
    const closed = withProbed(withProbe(state, 'a', at), 'a', 'healthy', at, policy);
    const again = withCounts(closed, counts(0, 10, at + second), at + second, policy);
    expect(admissionOf(again, at + second)).toEqual({ kind: 'open', retryAfter: 15 });
  });

  test('gives the claim of a probe that tells nothing to another, a second later', () => {
    const at = now + 15 * second;
    const freed = withProbed(withProbe(openedAt(now), 'a', at), 'a', 'unknown', at, policy);
    expect(admissionOf(freed, at + 999)).toEqual({ kind: 'probing', retryAfter: 1 });
    expect(admissionOf(freed, at + 1_000)).toEqual({ kind: 'claimable' });
  });

  test('says to the second when it will let a request through', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 14_999 }), (waited) => {
        const open = openedAt(now);
        const at = now + waited;
        const said = admissionOf(open, at);
        if (said.kind !== 'open') throw new Error('it must be open');
        expect(admissionOf(open, at + said.retryAfter * second).kind).toBe('claimable');
        expect(admissionOf(open, at + (said.retryAfter - 1) * second).kind).toBe('open');
      }),
    );
  });
});

describe('a change', () => {
  const open = openedAt(now);
  const at = now + 15 * second;
  const probing = withProbe(open, 'a', at);

  test.each([
    ['closed to closed', closedBreaker, { ...closedBreaker, counts: counts(1, 1) }, undefined],
    ['closed to open', closedBreaker, open, 'open'],
    ['open to open', open, { ...open }, undefined],
    ['open to half open', open, probing, 'half_open'],
    ['half open to the same', probing, { ...probing }, undefined],
    ['one probe to the next', probing, withProbe(probing, 'b', at + 15 * second), 'half_open'],
    ['half open to open', probing, withProbed(probing, 'a', 'failed', at, policy), 'open'],
    ['half open to closed', probing, withProbed(probing, 'a', 'healthy', at, policy), 'closed'],
    ['half open to a freed claim', probing, withProbed(probing, 'a', 'unknown', at, policy), undefined],
  ] as const)('from %s is told as what it is', (_name, before, after, change) => {
    expect(changeOf(before, after)).toBe(change);
  });
});

describe('a stored document', () => {
  test('is read as it was written', () => {
    const state = withProbe(openedAt(now), 'a', now + 15 * second);
    expect(readBreaker(JSON.parse(JSON.stringify(state)))).toEqual(state);
  });

  test('that is missing or ill-formed holds nothing back', () => {
    fc.assert(
      fc.property(fc.oneof(fc.constant(undefined), fc.jsonValue()), (document) => {
        expect(admissionOf(readBreaker(document), now).kind).toBe('pass');
      }),
    );
  });

  test('costs one write unit, however busy the window', () => {
    const busy = Array.from({ length: 60 }, (_, at): Counts[number] => [now / second + at, 99_999, 9]);
    const state = recentCounts(busy, closedBreaker, now + 59 * second, policy);
    expect(state).toHaveLength(30);
    expect(JSON.stringify({ ...closedBreaker, counts: state, since: now }).length).toBeLessThan(900);
  });
});
