import { RunError } from '../../runtime/errors.ts';
import type { Started } from '../../verify/provider.ts';
import type { Policy } from '../policy/policy.ts';
import {
  type DestinationState,
  type LastSend,
  type VerificationRecord,
  withRecord,
} from './destination-state.ts';
import type { SendAsk } from './send-rules.ts';
import { secondsUntil } from './windows.ts';

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
  const known = state.records[ask.service];
  // The code can be back before the answer to the send that it came with.
  if (known?.sid === started.sid && known.end === 'approved') return state;
  const fresh = newRecord(ask, started.sid, beganAt(started, ask.now, policy), policy);
  if (known?.sid !== started.sid || known.end !== null) return withRecord(state, ask.service, fresh);
  return withRecord(state, ask.service, {
    ...known,
    channel: ask.channel,
    by: [...new Set([ask.caller.by, ...known.by])].slice(0, maxStarters),
    byTrusted: known.byTrusted || ask.caller.trusted,
  });
};

/** The state after a send of which nobody knows whether it happened: it counts, and a code that did arrive can be checked. */
export const doubtful = (before: DestinationState, ask: SendAsk, policy: Policy): DestinationState => {
  const state = withLast(before, ask, { state: 'doubtful', sid: null });
  const known = state.records[ask.service];
  const pending = known !== undefined && known.end === null && ask.now < known.expiresAt;
  const sentAt = state.last[ask.channel]?.at ?? ask.now;
  const approvedSince = known?.end === 'approved' && known.endedAt >= sentAt;
  return pending || approvedSince
    ? state
    : withRecord(state, ask.service, newRecord(ask, null, ask.now, policy));
};

// Twilio refuses these until the verification runs out, which our own record knows to the second.
const untilExpiry = new Set(['twilio_60202', 'twilio_60203']);

/** The error with the exact seconds to wait, where our own record knows them. */
export const lifeLeft = (thrown: unknown, record: VerificationRecord | undefined, now: number): unknown => {
  if (!(thrown instanceof RunError) || !untilExpiry.has(thrown.details.reason ?? '')) return thrown;
  if (record === undefined || record.expiresAt <= now) return thrown;
  return new RunError(thrown.code, { ...thrown.details, retryAfter: secondsUntil(record.expiresAt, now) });
};
