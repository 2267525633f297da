import type { Checked } from '../verify/provider.ts';
import type { Pass } from './circuit-breaker.ts';
import { type CheckDecision, reasonOf } from './decision-log.ts';
import type { GuardParts } from './guard-parts.ts';
import type { CheckReservation } from './limits/check-reservation.ts';
import type { CheckAnswer } from './limits/limits.ts';
import type { HashedRequest } from './request/hashed-request.ts';
import { pumpingFacts } from './spend/pumping.ts';

/** How a check ended: with an answer, or with an error. */
interface Ended {
  readonly outcome: CheckDecision['outcome'];
  readonly answer?: CheckAnswer;
  readonly error?: unknown;
}

/** One check on its way through all that may speak against it. Holds what is still under way when it ends. */
export class GuardedCheck {
  readonly #parts: GuardParts;
  readonly #request: HashedRequest;
  readonly #reservation: CheckReservation;
  #flushed: Promise<void> | undefined;

  constructor(parts: GuardParts, request: HashedRequest, reservation: CheckReservation) {
    this.#parts = parts;
    this.#request = request;
    this.#reservation = reservation;
  }

  /** Has the code judged, or says why not. */
  async run(judge: () => Promise<Checked>): Promise<Ended> {
    const { breaker, clock, pumping } = this.#parts;
    // Looked up while the limits are; what our own record answers needs no Twilio.
    const pass = breaker.admit();
    const ended = await this.#go(pass, judge);
    this.#decided(ended);
    // A frozen container does nothing in the background.
    await Promise.all([pass.refreshed, this.#flushed ?? pumping.flush(clock())]);
    return ended;
  }

  async #go(pass: Pass, judge: () => Promise<Checked>): Promise<Ended> {
    const reservation = this.#reservation;
    const reserved = await reservation.reserve();
    if (reserved.kind === 'refused') return { outcome: 'refused', error: reserved.error };
    if (reserved.kind === 'answered') return { outcome: 'replayed', answer: reserved.answer };
    const asked = await this.#parts.breaker.ask(pass, judge);
    if (asked.kind === 'answered') {
      if (asked.value.approved) this.#count();
      const answer = await reservation.judged(asked.value);
      return { outcome: answer.approvedSid === null ? 'wrong' : 'approved', answer };
    }
    const unjudged = await reservation.unjudged(asked.error);
    if (unjudged.kind === 'answered') return { outcome: 'replayed', answer: unjudged.answer };
    return { outcome: asked.kind === 'failed' ? 'unjudged' : 'refused', error: unjudged.error };
  }

  /** Counts the approval for the pumping breaker; written while the limits settle. */
  #count(): void {
    const { clock, pumping } = this.#parts;
    pumping.approved(pumpingFacts(this.#request), clock());
    this.#flushed = pumping.flush(clock());
  }

  #decided({ answer, error, outcome }: Ended): void {
    this.#parts.onDecision({
      ...this.#request.decisionFacts,
      reserves: 'check',
      outcome,
      reason: answer === undefined ? reasonOf(error) : null,
      verified_before: this.#reservation.verifiedBefore,
      would_refuse: null,
    });
  }
}
