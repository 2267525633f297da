import type { KeyedHash } from '../../privacy/keyed-hash.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Caller } from '../../runtime/define-function.ts';
import type { Hints } from '../../runtime/envelope.ts';
import type { RunError } from '../../runtime/errors.ts';
import type { Channel } from '../../verify/channel.ts';
import type { Destination } from '../../verify/destination.ts';
import type { Checked, ServiceSid, Started } from '../../verify/provider.ts';
import type { Policy } from '../policy/policy.ts';
import type { TestNumber } from '../policy/test-numbers.ts';
import type { GuardStore } from '../store/store.ts';

/** What the guard is made of. */
export interface GuardParts {
  readonly store: GuardStore;
  /** The hash under the deployment's destination key. */
  readonly hash: () => Promise<KeyedHash>;
  readonly policy: Policy;
  readonly clock: Clock;
  /** Waits for so many milliseconds. */
  readonly pause: (milliseconds: number) => Promise<void>;
  /** A new id, never given before. */
  readonly newId: () => string;
  /** Told each time a test number is used. */
  readonly onTestNumber: () => void;
  /** Told each time a request went on, or was refused, because the store was down. */
  readonly onStoreFailure: (kind: 'start' | 'check', done: 'denied' | 'allowed') => void;
}

/** A start that asks for leave to send. */
export interface SendRequest {
  readonly service: ServiceSid;
  readonly destination: Destination;
  readonly channel: Channel;
  readonly caller: Caller;
  readonly idempotencyKey: string | undefined;
  /** Everything that was asked for, in one form: the same key with another one is refused. */
  readonly payload: string;
  /**
   * Asked before a send that the limits allow is reserved: what else speaks against it.
   *
   * @param verifiedBefore - whether the destination was ever verified.
   */
  readonly veto?: (verifiedBefore: boolean) => Promise<RunError | undefined>;
  /** Told whether the destination was ever verified, once that is known. */
  readonly onHistory?: (verifiedBefore: boolean) => void;
}

/** What a start is answered with. */
export interface SendAnswer {
  readonly sid: string;
  readonly hints: Hints;
}

/** Leave to send, or the answer of an identical start. */
export type ReservedSend =
  | { readonly replay: SendAnswer }
  | {
      readonly replay: null;
      /**
       * Writes down how the send ended, and answers with it. One that surely did not happen gives its budget back;
       * one that may have happened does not.
       *
       * @throws RunError what the sending threw.
       */
      readonly settle: (sending: Promise<Started>) => Promise<SendAnswer>;
    };

/** A guess that asks to be judged. */
export interface GuessRequest {
  readonly service: ServiceSid;
  readonly destination: Destination;
  readonly caller: Caller;
  readonly code: string;
  /** The sid that the caller holds. */
  readonly sid: string | undefined;
  /** Told whether the destination was ever verified, once that is known. */
  readonly onHistory?: (verifiedBefore: boolean) => void;
}

/** What a check is answered with: the sid where the code was right, null where it was wrong. */
export interface GuessAnswer {
  readonly approvedSid: string | null;
  readonly hints: Hints;
}

/** Leave to have a code judged, or the answer from our own record. */
export type ReservedGuess =
  | { readonly known: GuessAnswer }
  | {
      readonly known: null;
      /**
       * Writes down how the guess ended, and answers with it. One that nobody could judge is given back.
       *
       * @throws RunError what the checking threw, told apart by our own record.
       */
      readonly settle: (checking: Promise<Checked>) => Promise<GuessAnswer>;
    };

/** The abuse guard: every start and check asks it first. */
export interface Guard {
  /** The test number that a destination is: it is answered at once, without a message and without a budget. */
  testNumber(destination: Destination): TestNumber | undefined;
  /**
   * Takes the budgets of a start.
   *
   * @throws RunError `throttled` with the limit's name and the seconds to wait, `invalid_input` for a key that was
   *   used with another payload, `store_unavailable` where the store is down and the policy denies.
   */
  reserveSend(request: SendRequest): Promise<ReservedSend>;
  /**
   * Writes a guess down before it is judged.
   *
   * @throws RunError `throttled`, `max_attempts`, `already_used`, `expired`, `no_verification`, `store_unavailable`.
   */
  reserveGuess(request: GuessRequest): Promise<ReservedGuess>;
}
