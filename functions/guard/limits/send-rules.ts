import type { RunError } from '../../runtime/errors.ts';
import type { Channel } from '../../verify/channel.ts';
import type { Policy } from '../policy/policy.ts';
import type { CallerKeys } from './caller-keys.ts';
import { type DestinationState, withSend } from './destination-state.ts';
import { refusalOf, resendCooldown, type Wait, windowFreeAt, windowLimit } from './windows.ts';

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
  | { readonly kind: 'refuse'; readonly error: RunError };

/** How long a send may stay without an answer before it counts as lost, in milliseconds: Lambda's own timeout. */
export const flightTime = 15_000;

/** Whether a destination that was verified before has never been verified by this caller. */
const isStranger = ({ known }: DestinationState, { identity, network, trusted }: CallerKeys): boolean =>
  !trusted && known.length > 0 && !known.some((token) => token === identity || token === network);

// Of the sends to a destination that somebody has verified, this many are kept for those who have: a stranger who
// asks for codes to a number he does not own can't use up its owner's.
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
  const waits: Wait[] =
    last === undefined || cooldown === 0
      ? []
      : [{ limit: 'resend_cooldown_seconds', freeAt: last.at + cooldown }];
  const all = state.sends.map(({ at }) => at);
  const strangers = state.sends.filter(({ stranger }) => stranger).map(({ at }) => at);
  for (const name of ['send_per_to_per_10m', 'send_per_to_per_24h'] as const) {
    const limit = windowLimit(policy, name);
    if (limit === undefined) continue;
    waits.push({ limit: name, freeAt: windowFreeAt(all, limit) });
    if (!isStranger(state, ask.caller)) continue;
    const share = { ...limit, places: strangersPlaces(limit.places) };
    waits.push({ limit: name, freeAt: windowFreeAt(strangers, share) });
  }
  return waits.filter(({ freeAt }) => freeAt > ask.now);
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
  const error = waits.length === 0 ? undefined : refusalOf([...waits, ...laterWaits], now);
  if (error !== undefined) return { kind: 'refuse', error };
  const flying = { at: now, id, by: caller.by, service, state: 'flying', sid: null } as const;
  const kept = Math.max(
    ...(['send_per_to_per_10m', 'send_per_to_per_24h'] as const).map((name) => policy.rate_limits[name] ?? 0),
  );
  return { kind: 'reserve', state: withSend(state, channel, flying, isStranger(state, caller), kept) };
};
