import type { Hints } from '../../runtime/envelope.ts';
import type { Policy } from '../policy/policy.ts';
import { type CheckAsk, checksLeft, checksPerVerification } from './check-rules.ts';
import type { DestinationState } from './destination-state.ts';
import { destinationWaits, type SendAsk } from './send-rules.ts';
import { secondsUntil } from './windows.ts';

/** What a caller may do next after a start. */
export const startHints = (state: DestinationState, ask: SendAsk, policy: Policy): Hints => {
  const waits = destinationWaits(state, ask, policy);
  const record = state.records[ask.service];
  return {
    nextSend: secondsUntil(Math.max(ask.now, ...waits.map(({ freeAt }) => freeAt)), ask.now),
    checksLeft: record === undefined ? undefined : Math.max(0, checksPerVerification - record.checks),
    expiresIn: record === undefined ? undefined : secondsUntil(record.expiresAt, ask.now),
  };
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
