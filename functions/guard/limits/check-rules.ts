import { minute } from '../../runtime/clock.ts';
import type { Hints } from '../../runtime/envelope.ts';
import type { Refusal } from '../../runtime/errors.ts';
import type { Policy } from '../policy/policy.ts';
import type { CallerKeys } from '../request/caller-keys.ts';
import {
  type DestinationState,
  laneOf,
  standingOf,
  type VerificationRecord,
  withApproval,
  withCheck,
  withoutCheck,
  withRecord,
} from './destination-state.ts';
import { refusalOf, secondsUntil, type Wait, windowFreeAt, windowLimit } from './windows.ts';

/** A check that asks to be judged. */
export interface CheckAsk {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly service: string;
  readonly caller: CallerKeys;
  /** The code, hashed. */
  readonly code: string;
  /** The sid that the caller holds, where it gave one. */
  readonly sid: string | undefined;
}

/** What becomes of a check. */
export type CheckVerdict =
  /** Twilio may judge it, once this state is written. */
  | { readonly kind: 'reserve'; readonly state: DestinationState }
  /** The same code was approved a moment ago, if this state can be written: no other code was tried since. */
  | { readonly kind: 'approved'; readonly sid: string; readonly state: DestinationState }
  /** `state` must be written first, where there is one. */
  | { readonly kind: 'refuse'; readonly refusal: Refusal; readonly state?: DestinationState };

/** How long the approving code is answered again from our own record, in milliseconds. */
export const approvalEcho = minute;

/** The wrong codes that Twilio judges for one verification (error 60202). */
export const checksPerVerification = 5;

// A run of failures this old does not count any more, in milliseconds.
const failuresFade = 10 * minute;

/** How a caller stands to a verification. */
type Standing =
  /** Has verified the destination before; where it has no owner yet, has a tie to this verification. */
  | 'owner'
  /** Started it or holds its sid, though the destination has another owner. */
  | 'party'
  | 'stranger';

// Where it is not known who started it, every caller may have.
const isParty = (record: VerificationRecord | undefined, { caller, sid }: CheckAsk): boolean =>
  record === undefined ||
  record.byTrusted ||
  record.by.includes(caller.by) ||
  (sid !== undefined && sid === record.sid);

const checkerStanding = (state: DestinationState, ask: CheckAsk): Standing => {
  const standing = standingOf(state, ask.caller);
  if (standing === 'owner') return 'owner';
  if (!isParty(state.records[ask.service], ask)) return 'stranger';
  return standing === 'unowned' ? 'owner' : 'party';
};

// Of the checks of a destination's code, and so of those that Twilio judges, its owner keeps some that others can't use.
const outsidersPlaces = (standing: 'party' | 'stranger', limit: number): number => {
  const places = Math.min(limit, checksPerVerification);
  const strangers = Math.max(1, Math.floor(places * 0.4));
  return standing === 'stranger' ? strangers : Math.max(1, places - strangers);
};

/** Wrong codes in a row that still count, and when the next may be tried. */
const failuresOf = (state: DestinationState, stranger: boolean, now: number, policy: Policy) => {
  const { count, at } = state.failures[laneOf({ stranger })];
  const delays = policy.rate_limits.cooldown_seconds_after_failed_check;
  const delay = (delays[Math.min(count, delays.length) - 1] ?? 0) * 1_000;
  return now - at > Math.max(failuresFade, delay) ? { count: 0, freeAt: 0 } : { count, freeAt: at + delay };
};

/** The limits of the destination, each with the moment from which it admits a check. */
const checkWaits = (state: DestinationState, ask: CheckAsk, policy: Policy): readonly Wait[] => {
  const standing = checkerStanding(state, ask);
  const { freeAt } = failuresOf(state, standing !== 'owner', ask.now, policy);
  const waits: Wait[] = [{ limit: 'cooldown_seconds_after_failed_check', freeAt }];
  const limit = windowLimit(policy, 'check_per_identity_per_10m');
  if (limit !== undefined) {
    const counted: number[] = [];
    const strangers: number[] = [];
    for (const { at, counts, stranger } of state.checks) {
      if (counts) counted.push(at);
      if (stranger) strangers.push(at);
    }
    if (ask.caller.identity === undefined)
      waits.push({ limit: limit.limit, freeAt: windowFreeAt(counted, limit) });
    if (standing !== 'owner') {
      const share = { ...limit, places: outsidersPlaces(standing, limit.places) };
      waits.push({ limit: limit.limit, freeAt: windowFreeAt(strangers, share) });
    }
  }
  return waits;
};

/** Why a verification can't be checked any more. */
const endOf = (record: VerificationRecord, now: number, policy: Policy): Refusal | undefined => {
  if (record.end === 'approved') return ended('already_used', policy);
  if (record.end === 'expired' || now >= record.expiresAt) return ended('expired', policy);
  if (record.end === 'max_attempts' || record.checks >= checksPerVerification)
    return {
      code: 'max_attempts',
      reason: 'max_attempts',
      retryAfter: Math.max(1, secondsUntil(record.expiresAt, now)),
    };
  return undefined;
};

/** The refusal of an ended verification; a policy that explains nothing folds both into one. */
export const ended = (code: 'already_used' | 'expired', policy: Policy): Refusal => ({
  code: policy.explain_ended ? code : 'no_verification',
  reason: code,
});

/** The verification, unless it is over and a later send, which may have begun another, has not come back. */
const currentRecord = (state: DestinationState, service: string): VerificationRecord | undefined => {
  const record = state.records[service];
  if (record === undefined) return undefined;
  const over = record.end === null ? record.expiresAt : record.endedAt;
  for (const last of Object.values(state.last))
    if (last.service === service && last.state === 'flying' && last.at >= over) return undefined;
  return record;
};

/**
 * Answers a check of an approved verification for a minute. A caller that does not know the code must not find it here,
 * where no limit counts: strangers are not answered, and the first other code ends it.
 */
const echoOf = (record: VerificationRecord, state: DestinationState, ask: CheckAsk, policy: Policy) => {
  const { code, end, endedAt, sid } = record;
  const open = end === 'approved' && sid !== null && code !== null && ask.now < endedAt + approvalEcho;
  if (!open || checkerStanding(state, ask) === 'stranger') return undefined;
  if (code === ask.code) return { kind: 'approved', sid, state } as const;
  const closed = withRecord(state, ask.service, { ...record, code: null });
  return { kind: 'refuse', refusal: ended('already_used', policy), state: closed } as const;
};

/**
 * Decides on a check by what is known of its destination and by the caller's own limits.
 *
 * @param callerWaits - the limits of the caller that say no.
 */
export const decideCheck = (
  state: DestinationState,
  ask: CheckAsk,
  policy: Policy,
  callerWaits: readonly Wait[],
): CheckVerdict => {
  const { caller, code, id, now, service, sid } = ask;
  const record = currentRecord(state, service);
  if (sid !== undefined && record !== undefined && record.sid !== null && record.sid !== sid)
    return { kind: 'refuse', refusal: { code: 'no_verification', reason: 'other_sid' } };
  if (sid !== undefined && record === undefined && policy.require_sid_on_check)
    return { kind: 'refuse', refusal: { code: 'no_verification', reason: 'unknown_sid' } };
  const echo = record === undefined ? undefined : echoOf(record, state, ask, policy);
  if (echo !== undefined) return echo;
  const over = record === undefined ? undefined : endOf(record, now, policy);
  if (over !== undefined) return { kind: 'refuse', refusal: over };
  const refusal = refusalOf([...callerWaits, ...checkWaits(state, ask, policy)], now);
  if (refusal !== undefined) return { kind: 'refuse', refusal };
  const stranger = checkerStanding(state, ask) !== 'owner';
  const { count } = failuresOf(state, stranger, now, policy);
  const check = { at: now, id, stranger, counts: caller.identity === undefined, code };
  const kept = policy.rate_limits.check_per_identity_per_10m ?? 0;
  const checked = withCheck(state, check, count + 1, kept);
  return {
    kind: 'reserve',
    state:
      record === undefined ? checked : withRecord(checked, service, { ...record, checks: record.checks + 1 }),
  };
};

/** How many wrong codes may still be tried now: by the verification, and by the destination's window. */
export const checksLeft = (state: DestinationState, ask: CheckAsk, policy: Policy): number => {
  const record = state.records[ask.service];
  const byVerification = checksPerVerification - (record?.checks ?? 0);
  const limit = windowLimit(policy, 'check_per_identity_per_10m');
  if (limit === undefined || ask.caller.identity !== undefined) return Math.max(0, byVerification);
  const recent = state.checks.filter(({ at, counts }) => counts && at > ask.now - limit.window).length;
  return Math.max(0, Math.min(byVerification, limit.places - recent));
};

/** What a caller may do next after a check. */
export const checkHints = (state: DestinationState, ask: CheckAsk, policy: Policy): Hints => {
  const record = state.records[ask.service];
  if (record === undefined || record.end !== null) return {};
  return {
    checksLeft: checksLeft(state, ask, policy),
    expiresIn: secondsUntil(record.expiresAt, ask.now),
  };
};

const isSame = (one: VerificationRecord, other: VerificationRecord | undefined): boolean =>
  one.sid === other?.sid && one.startedAt === other.startedAt;

/**
 * The state after Twilio approved a check.
 *
 * @param judged - the verification as it was when the check was reserved.
 * @param sid - of the verification that Twilio approved.
 */
export const approved = (
  before: DestinationState,
  { caller, code, id, now, service }: CheckAsk,
  judged: VerificationRecord | undefined,
  sid: string,
): DestinationState => {
  const state = withApproval(withoutCheck(before, id), caller, now);
  const found = state.records[service];
  // Another verification has begun since.
  if (found !== undefined && found.sid !== sid && !isSame(found, judged)) return state;
  const record = found ?? {
    channel: '',
    by: [caller.by],
    byTrusted: caller.trusted,
    startedAt: now,
    expiresAt: now,
    checks: 0,
  };
  return withRecord(state, service, { ...record, sid, end: 'approved', endedAt: now, code });
};

/**
 * The state after a check that Twilio judged neither right nor wrong: it is given back.
 *
 * @param judged - the verification as it was when the check was reserved.
 * @param end - how that verification has ended, where Twilio's answer tells.
 */
export const unjudged = (
  before: DestinationState,
  { id, now, service }: CheckAsk,
  judged: VerificationRecord | undefined,
  end: 'expired' | 'max_attempts' | null,
): DestinationState => {
  const state = withoutCheck(before, id);
  const record = state.records[service];
  if (record === undefined || !isSame(record, judged)) return state;
  const checks = state === before ? record.checks : Math.max(0, record.checks - 1);
  const ending = end !== null && record.end === null ? { end, endedAt: now } : {};
  return withRecord(state, service, { ...record, checks, ...ending });
};
