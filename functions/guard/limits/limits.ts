import type { Clock } from '../../runtime/clock.ts';
import type { Hints } from '../../runtime/envelope.ts';
import { RunError } from '../../runtime/errors.ts';
import type { Policy } from '../policy/policy.ts';
import type { GuardStore } from '../store/store.ts';

/** What the limits stand on. */
export interface LimitsParts {
  readonly store: GuardStore;
  readonly policy: Policy;
  readonly clock: Clock;
  /** Waits for so many milliseconds. */
  readonly pause: (milliseconds: number) => Promise<void>;
  /** Told each time a request went on, or was refused, because the store was down. */
  readonly onStoreFailure: (kind: 'start' | 'check', done: 'denied' | 'allowed') => void;
}

/** What a start is answered with. */
export interface StartAnswer {
  readonly sid: string;
  readonly hints: Hints;
}

/** What a check is answered with: the sid where the code was right, null where it was wrong. */
export interface CheckAnswer {
  readonly approvedSid: string | null;
  readonly hints: Hints;
}

/** What became of asking for a place: leave to go on, the answer of an earlier request, or a refusal. */
export type Reserved<Answer> =
  | { readonly kind: 'reserved' }
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'refused'; readonly error: unknown };

/**
 * What the policy says where the limits could not be asked.
 *
 * @param thrown - what asking threw.
 * @returns whether the request goes on without them.
 */
export const goesOnWithout = (
  kind: 'start' | 'check',
  thrown: unknown,
  { onStoreFailure, policy }: LimitsParts,
): boolean => {
  if (!(thrown instanceof RunError) || thrown.code !== 'store_unavailable') return false;
  // A caller that writes one item so fast that others can't must not get by the limits that way.
  if (thrown.details.contended === true) return false;
  const allowed = policy.on_store_failure[kind] === 'allow';
  onStoreFailure(kind, allowed ? 'allowed' : 'denied');
  return allowed;
};
