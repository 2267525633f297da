import type { Destination } from '../verify/destination.ts';
import type { Checked, Started } from '../verify/provider.ts';
import type { GuardParts } from './guard-parts.ts';
import { GuardedCheck } from './guarded-check.ts';
import { GuardedStart } from './guarded-start.ts';
import { type CheckAsked, CheckReservation } from './limits/check-reservation.ts';
import { JudgedWrong } from './limits/judged-wrong.ts';
import type { CheckAnswer, StartAnswer } from './limits/limits.ts';
import { SendReservation, type StartAsked } from './limits/send-reservation.ts';
import { type TestNumber, testNumberOf } from './policy/test-numbers.ts';
import { type AskedRequest, HashedRequest } from './request/hashed-request.ts';

/** A start that asks to be sent. */
export type GuardedStartRequest = AskedRequest & StartAsked;
/** A check that asks to be judged. */
export type GuardedCheckRequest = AskedRequest & CheckAsked;

/**
 * The abuse guard: no request reaches Twilio but through it. Holds what this container saw judged wrong, which all its
 * checks share.
 */
export class AbuseGuard {
  readonly #parts: GuardParts;
  readonly #judgedWrong = new JudgedWrong();

  constructor(parts: GuardParts) {
    this.#parts = parts;
  }

  /** The test number that a destination is: it is answered at once, without a message and without a budget. */
  testNumber(destination: Destination): TestNumber | undefined {
    const { clock, onTestNumber, policy } = this.#parts;
    if (policy.test_numbers.length === 0) return undefined;
    const found = testNumberOf(destination, policy.test_numbers, clock());
    if (found !== undefined) onTestNumber();
    return found;
  }

  /**
   * Sends, if nothing speaks against it, or answers with an identical start.
   *
   * @throws RunError why not: `throttled` with the limit's name and the seconds to wait, `blocked`,
   *   `channel_unavailable`, `upstream_unavailable`, `store_unavailable`, `invalid_input` for an idempotency key that
   *   was used with another payload; or what sending threw.
   */
  async start(asked: GuardedStartRequest, send: () => Promise<Started>): Promise<StartAnswer> {
    const request = await this.#hashed(asked);
    const reservation = new SendReservation(this.#parts.limits, request, asked);
    const ended = await new GuardedStart(this.#parts, request, asked.channel, reservation).run(send);
    if (ended.answer === undefined) throw ended.error;
    return ended.answer;
  }

  /**
   * Has a code judged, if nothing speaks against it, or answers from our own record.
   *
   * @throws RunError why not: `throttled`, `max_attempts`, `already_used`, `expired`, `no_verification`,
   *   `upstream_unavailable`, `store_unavailable`; or what judging threw.
   */
  async check(asked: GuardedCheckRequest, judge: () => Promise<Checked>): Promise<CheckAnswer> {
    const request = await this.#hashed(asked);
    const reservation = new CheckReservation(this.#parts.limits, request, asked, this.#judgedWrong);
    const ended = await new GuardedCheck(this.#parts, request, reservation).run(judge);
    if (ended.answer === undefined) throw ended.error;
    return ended.answer;
  }

  async #hashed(asked: AskedRequest): Promise<HashedRequest> {
    return new HashedRequest(asked, await this.#parts.hash(), this.#parts.clock());
  }
}
