import { RunError } from '../../runtime/errors.ts';
import type { Policy } from '../policy/policy.ts';
import type { CallerKeys } from './caller-keys.ts';
import {
  type DestinationState,
  type Guess,
  laneOf,
  type VerificationRecord,
  withGuess,
  withRecord,
} from './destination-state.ts';
import { refusalOf, secondsUntil, type Wait, windowFreeAt, windowLimit } from './windows.ts';

/** A check that asks for leave to guess. */
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
  /** The same code was approved a moment ago, if this state can be written: nobody tried another one since. */
  | { readonly kind: 'approved'; readonly sid: string; readonly state: DestinationState }
  /** `state` must be written first, where there is one. */
  | { readonly kind: 'refuse'; readonly error: RunError; readonly state?: DestinationState };

/** How long the approving code is answered again from our own record, in milliseconds. */
export const approvalEcho = 60_000;

/** The wrong codes that Twilio judges for one verification (error 60202). */
export const checksPerVerification = 5;

// A run of failures this old does not count any more, in milliseconds.
const failuresFade = 600_000;

/** How a caller stands to a verification. */
type Standing =
  /** Has verified the destination before; where nobody has, has a tie to this verification. */
  | 'owner'
  /** Started it or holds its sid, which anybody can do; somebody else has verified the destination before. */
  | 'party'
  | 'stranger';

// Where nothing is known of who started it, everybody may have.
const isParty = (record: VerificationRecord | undefined, { caller, sid }: CheckAsk): boolean =>
  record === undefined ||
  record.byTrusted ||
  record.by.includes(caller.by) ||
  (sid !== undefined && sid === record.sid);

const standingOf = (state: DestinationState, ask: CheckAsk): Standing => {
  const { identity, network, trusted } = ask.caller;
  if (trusted || state.known.some((token) => token === identity || token === network)) return 'owner';
  if (!isParty(state.records[ask.service], ask)) return 'stranger';
  return state.known.length === 0 ? 'owner' : 'party';
};

// Of the guesses at a destination's code, and so of those that Twilio takes, its owner keeps what others can't reach.
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

/** The limits of the destination, each with the moment from which it says yes to a guess. */
const guessWaits = (state: DestinationState, ask: CheckAsk, policy: Policy): readonly Wait[] => {
  const standing = standingOf(state, ask);
  const { freeAt } = failuresOf(state, standing !== 'owner', ask.now, policy);
  const waits: Wait[] = [{ limit: 'cooldown_seconds_after_failed_check', freeAt }];
  const limit = windowLimit(policy, 'check_per_identity_per_10m');
  if (limit !== undefined) {
    const wait = (counts: (guess: Guess) => boolean, places: number): Wait => {
      const times = state.guesses.filter(counts).map(({ at }) => at);
      return { limit: limit.limit, freeAt: windowFreeAt(times, { ...limit, places }) };
    };
    if (ask.caller.identity === undefined) waits.push(wait(({ counts }) => counts, limit.places));
    if (standing !== 'owner')
      waits.push(wait(({ stranger }) => stranger, outsidersPlaces(standing, limit.places)));
  }
  return waits;
};

/** Why a verification can't be checked any more. */
const endOf = (record: VerificationRecord, now: number, policy: Policy): RunError | undefined => {
  if (record.end === 'approved') return ended('already_used', policy);
  if (record.end === 'expired' || now >= record.expiresAt) return ended('expired', policy);
  if (record.end === 'max_attempts' || record.checks >= checksPerVerification)
    return new RunError('max_attempts', {
      reason: 'max_attempts',
      retryAfter: Math.max(1, secondsUntil(record.expiresAt, now)),
    });
  return undefined;
};

/** The error of an ended verification; a policy that explains nothing folds it into one. */
export const ended = (code: 'already_used' | 'expired', policy: Policy): RunError =>
  new RunError(policy.explain_ended ? code : 'no_verification', { reason: code });

/** The verification, unless it is over and a later send, which may have begun another, has not come back. */
const currentRecord = (state: DestinationState, service: string): VerificationRecord | undefined => {
  const record = state.records[service];
  if (record === undefined) return undefined;
  const over = record.end === null ? record.expiresAt : record.endedAt;
  const superseded = Object.values(state.last).some(
    (last) => last.service === service && last.state === 'flying' && last.at >= over,
  );
  return superseded ? undefined : record;
};

/**
 * Answers a check of an approved verification for a minute. Whoever does not know the code must not find it here, where
 * no limit counts: strangers are not answered, and the first other code ends it.
 */
const echoOf = (record: VerificationRecord, state: DestinationState, ask: CheckAsk, policy: Policy) => {
  const { code, end, endedAt, sid } = record;
  const open = end === 'approved' && sid !== null && code !== null && ask.now < endedAt + approvalEcho;
  if (!open || standingOf(state, ask) === 'stranger') return undefined;
  if (code === ask.code) return { kind: 'approved', sid, state } as const;
  const closed = withRecord(state, ask.service, { ...record, code: null });
  return { kind: 'refuse', error: ended('already_used', policy), state: closed } as const;
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
    return { kind: 'refuse', error: new RunError('no_verification', { reason: 'other_sid' }) };
  if (sid !== undefined && record === undefined && policy.require_sid_on_check)
    return { kind: 'refuse', error: new RunError('no_verification', { reason: 'unknown_sid' }) };
  const echo = record === undefined ? undefined : echoOf(record, state, ask, policy);
  if (echo !== undefined) return echo;
  const over = record === undefined ? undefined : endOf(record, now, policy);
  if (over !== undefined) return { kind: 'refuse', error: over };
  const error = refusalOf([...callerWaits, ...guessWaits(state, ask, policy)], now);
  if (error !== undefined) return { kind: 'refuse', error };
  const stranger = standingOf(state, ask) !== 'owner';
  const { count } = failuresOf(state, stranger, now, policy);
  const guess = { at: now, id, stranger, counts: caller.identity === undefined, code };
  const kept = policy.rate_limits.check_per_identity_per_10m ?? 0;
  const guessed = withGuess(state, guess, count + 1, kept);
  return {
    kind: 'reserve',
    state:
      record === undefined ? guessed : withRecord(guessed, service, { ...record, checks: record.checks + 1 }),
  };
};

/** How many wrong codes may still be tried now: by the verification, and by the destination's window. */
export const checksLeft = (state: DestinationState, ask: CheckAsk, policy: Policy): number => {
  const record = state.records[ask.service];
  const byVerification = checksPerVerification - (record?.checks ?? 0);
  const limit = windowLimit(policy, 'check_per_identity_per_10m');
  if (limit === undefined || ask.caller.identity !== undefined) return Math.max(0, byVerification);
  const recent = state.guesses.filter(({ at, counts }) => counts && at > ask.now - limit.window).length;
  return Math.max(0, Math.min(byVerification, limit.places - recent));
};
