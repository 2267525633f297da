import type { Hints } from '../../runtime/envelope.ts';
import { type Refusal, RunError } from '../../runtime/errors.ts';
import type { Channel } from '../../verify/channel.ts';
import type { Started } from '../../verify/provider.ts';
import type { Policy } from '../policy/policy.ts';
import type { CallerKeys } from '../request/caller-keys.ts';
import { checksPerVerification } from './check-rules.ts';
import {
  type DestinationState,
  type LastSend,
  standingOf,
  type VerificationRecord,
  withRecord,
  withSend,
} from './destination-state.ts';
import { refusalOf, resendCooldown, secondsUntil, type Wait, windowFreeAt, windowLimit } from './windows.ts';

/** A start that asks for leave to send. */
export interface SendAsk {
  /** The id of the request. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly channel: Channel;
  /** The Verify service. */
  readonly service: string;
  readonly caller: CallerKeys;
}

/** What becomes of a start. */
export type SendVerdict =
  /** It may send, once this state is written. */
  | { readonly kind: 'reserve'; readonly state: DestinationState }
  /** An identical start was answered with this sid. */
  | { readonly kind: 'replay'; readonly sid: string }
  /** An identical start is on its way. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'refuse'; readonly refusal: Refusal };

/** How long a send may stay without an answer before it counts as lost, in milliseconds: Lambda's own timeout. */
export const flightTime = 15_000;

// Of the sends to a destination that has an owner, some are kept for the owner: a stranger who asks for codes to a
// number that is not theirs can't use up all of them.
const strangersPlaces = (places: number): number =>
  Math.max(1, places - Math.max(1, Math.floor(places * 0.3)));

/** The limits of the destination that say no to a caller, each with the moment at which it stops. */
export const destinationWaits = (
  state: DestinationState,
  ask: Omit<SendAsk, 'id' | 'service'>,
  policy: Policy,
): readonly Wait[] => {
  const cooldown = resendCooldown(policy);
  const last = state.last[ask.channel];
  const waits: Wait[] = [];
  if (last !== undefined && cooldown !== 0 && last.at + cooldown > ask.now)
    waits.push({ limit: 'resend_cooldown_seconds', freeAt: last.at + cooldown });
  const isStranger = standingOf(state, ask.caller) === 'stranger';
  const all: number[] = [];
  const strangers: number[] = [];
  for (const { at, stranger } of state.sends) {
    all.push(at);
    if (stranger) strangers.push(at);
  }
  for (const name of ['send_per_to_per_10m', 'send_per_to_per_24h'] as const) {
    const limit = windowLimit(policy, name);
    if (limit === undefined) continue;
    const freeAt = windowFreeAt(all, limit);
    if (freeAt > ask.now) waits.push({ limit: name, freeAt });
    if (!isStranger) continue;
    const shareFreeAt = windowFreeAt(strangers, { ...limit, places: strangersPlaces(limit.places) });
    if (shareFreeAt > ask.now) waits.push({ limit: name, freeAt: shareFreeAt });
  }
  return waits;
};

/** What a caller may do next after a start. */
export const startHints = (state: DestinationState, ask: SendAsk, policy: Policy): Hints => {
  let freeAt = ask.now;
  for (const wait of destinationWaits(state, ask, policy)) freeAt = Math.max(freeAt, wait.freeAt);
  const record = state.records[ask.service];
  return {
    nextSend: secondsUntil(freeAt, ask.now),
    checksLeft: record === undefined ? undefined : Math.max(0, checksPerVerification - record.checks),
    expiresIn: record === undefined ? undefined : secondsUntil(record.expiresAt, ask.now),
  };
};

/**
 * Decides on a start by what is known of its destination and by the caller's own limits.
 *
 * @param callerWaits - the limits of the caller that say no.
 * @param laterWaits - the limits in which this start shares the place of an identical one: they say no to it once it is identical no more.
 */
export const decideSend = (
  state: DestinationState,
  ask: SendAsk,
  policy: Policy,
  callerWaits: readonly Wait[],
  laterWaits: readonly Wait[] = [],
): SendVerdict => {
  const { caller, channel, id, now, service } = ask;
  const last = state.last[channel];
  const identical = last?.by === caller.by && last.service === service;
  if (last !== undefined && identical && now < last.at + resendCooldown(policy)) {
    if (last.state === 'sent' && last.sid !== null) return { kind: 'replay', sid: last.sid };
    if (last.state === 'flying' && now < last.at + flightTime) return { kind: 'wait' };
  }
  const waits = [...callerWaits, ...destinationWaits(state, ask, policy)];
  const refusal = waits.length === 0 ? undefined : refusalOf([...waits, ...laterWaits], now);
  if (refusal !== undefined) return { kind: 'refuse', refusal };
  const flying = { at: now, id, by: caller.by, service, state: 'flying', sid: null } as const;
  const { send_per_to_per_10m: shorter, send_per_to_per_24h: longer } = policy.rate_limits;
  const kept = Math.max(shorter ?? 0, longer ?? 0);
  return {
    kind: 'reserve',
    state: withSend(state, channel, flying, standingOf(state, caller) === 'stranger', kept),
  };
};

const maxStarters = 3;

const withLast = (
  state: DestinationState,
  ask: SendAsk,
  change: Pick<LastSend, 'state' | 'sid'>,
): DestinationState => {
  const last = state.last[ask.channel];
  return last?.id === ask.id
    ? { ...state, last: { ...state.last, [ask.channel]: { ...last, ...change } } }
    : state;
};

const newRecord = (
  ask: SendAsk,
  sid: string | null,
  startedAt: number,
  policy: Policy,
): VerificationRecord => ({
  sid,
  channel: ask.channel,
  by: [ask.caller.by],
  byTrusted: ask.caller.trusted,
  startedAt,
  expiresAt: startedAt + policy.code_ttl_seconds * 1_000,
  checks: 0,
  end: null,
  endedAt: 0,
  code: null,
});

// Twilio's clock is not ours: a verification can't have begun later than now, and one just sent for can't be over.
const beganAt = ({ createdAt }: Started, now: number, { code_ttl_seconds }: Policy): number =>
  createdAt > now - code_ttl_seconds * 1_000 ? Math.min(createdAt, now) : now;

/** The state after Twilio accepted a send: the verification it began, or the pending one it was sent again for. */
export const settled = (
  before: DestinationState,
  ask: SendAsk,
  started: Started,
  policy: Policy,
): DestinationState => {
  const state = withLast(before, ask, { state: 'sent', sid: started.sid });
  const found = state.records[ask.service];
  // The code can be back before the answer to the send that it came with.
  if (found?.sid === started.sid && found.end === 'approved') return state;
  const fresh = newRecord(ask, started.sid, beganAt(started, ask.now, policy), policy);
  if (found?.sid !== started.sid || found.end !== null) return withRecord(state, ask.service, fresh);
  return withRecord(state, ask.service, {
    ...found,
    channel: ask.channel,
    by: [...new Set([ask.caller.by, ...found.by])].slice(0, maxStarters),
    byTrusted: found.byTrusted || ask.caller.trusted,
  });
};

/** The state after a send that may or may not have happened: it counts, and a code that did arrive can be checked. */
export const doubtful = (before: DestinationState, ask: SendAsk, policy: Policy): DestinationState => {
  const state = withLast(before, ask, { state: 'doubtful', sid: null });
  const found = state.records[ask.service];
  const pending = found !== undefined && found.end === null && ask.now < found.expiresAt;
  const sentAt = state.last[ask.channel]?.at ?? ask.now;
  const approvedSince = found?.end === 'approved' && found.endedAt >= sentAt;
  return pending || approvedSince
    ? state
    : withRecord(state, ask.service, newRecord(ask, null, ask.now, policy));
};

/** The error with the exact seconds to wait, where the wait ends with the verification and our own record knows when. */
export const withExactWait = (
  thrown: unknown,
  record: VerificationRecord | undefined,
  now: number,
): unknown => {
  if (!(thrown instanceof RunError) || thrown.details.endsWithVerification !== true) return thrown;
  if (record === undefined || record.expiresAt <= now) return thrown;
  return new RunError(thrown.code, { ...thrown.details, retryAfter: secondsUntil(record.expiresAt, now) });
};
