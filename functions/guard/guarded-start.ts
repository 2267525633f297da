import { errorOf, hadNoEffect, RunError } from '../runtime/errors.ts';
import type { Channel } from '../verify/channel.ts';
import type { Started } from '../verify/provider.ts';
import type { Asked, Pass } from './circuit-breaker.ts';
import { reasonOf, type StartDecision } from './decision-log.ts';
import type { GuardParts } from './guard-parts.ts';
import type { StartAnswer } from './limits/limits.ts';
import type { Objections, SendReservation } from './limits/send-reservation.ts';
import type { HashedRequest } from './request/hashed-request.ts';
import { type Rulings, refusalInAnyCase, rulingsOn } from './rules/destination-rules.ts';
import { type PumpingFacts, pumpingFacts, pumpingReason, pumpingRefusal } from './spend/pumping.ts';
import type { Trip } from './spend/pumping-levels.ts';

/** How a start ended: with an answer, or with an error. */
interface Ended {
  readonly outcome: StartDecision['outcome'];
  readonly answer?: StartAnswer;
  readonly error?: unknown;
}

const refused = (error: unknown): Ended => ({ outcome: 'refused', error });

/** What is read beside the limits. */
interface Counsel {
  readonly objections: Objections;
  readonly trip: Trip | undefined;
}

/** One start on its way through all that may speak against it. Holds what is still under way when it ends. */
export class GuardedStart {
  readonly #parts: GuardParts;
  readonly #request: HashedRequest;
  readonly #channel: Channel;
  readonly #reservation: SendReservation;
  readonly #pumping: PumpingFacts;
  /** Whether the limits admitted it. */
  #admitted = false;
  #flushed: Promise<void> | undefined;

  constructor(parts: GuardParts, request: HashedRequest, channel: Channel, reservation: SendReservation) {
    this.#parts = parts;
    this.#request = request;
    this.#channel = channel;
    this.#reservation = reservation;
    this.#pumping = pumpingFacts(request);
  }

  /** Sends, or says why not. */
  async run(send: () => Promise<Started>): Promise<Ended> {
    const { breaker, clock, policy, pumping } = this.#parts;
    const rulings = rulingsOn(this.#request.facts, policy);
    // What the rules refuse whatever the table says costs no request to it.
    const refusal = refusalInAnyCase(rulings);
    const pass = refusal === undefined ? breaker.admit() : { refusal, refreshed: Promise.resolve() };
    if (pass.refusal !== undefined) {
      await pumping.flush(clock());
      return this.#decided(refused(errorOf(pass.refusal)), undefined);
    }
    const counsel = this.#counsel(rulings);
    const ended = await this.#go(pass, rulings, counsel, send);
    // A frozen container does nothing in the background.
    const [{ trip }] = await Promise.all([counsel, pass.refreshed, this.#flushed ?? pumping.flush(clock())]);
    return this.#decided(ended, trip);
  }

  /** Reads what else speaks against the send. Never rejects. */
  async #counsel({ unverified, verified }: Rulings): Promise<Counsel> {
    const { memory, policy, pumping } = this.#parts;
    const [blocked, trip] = await Promise.all([
      memory.recall(this.#request, this.#channel),
      pumping.trip(this.#pumping, this.#request.at),
    ]);
    const pumped = pumpingRefusal(trip, policy.pumping);
    return { objections: { unverified: unverified ?? blocked ?? pumped, verified }, trip };
  }

  async #go(
    pass: Pass,
    rulings: Rulings,
    counsel: Promise<Counsel>,
    send: () => Promise<Started>,
  ): Promise<Ended> {
    const reservation = this.#reservation;
    const reserved = await reservation.reserve(counsel.then(({ objections }) => objections));
    if (reserved.kind === 'refused') return refused(reserved.error);
    if (reserved.kind === 'answered') return { outcome: 'replayed', answer: reserved.answer };
    this.#admitted = true;
    const delivered = await this.#deliver(pass, rulings, send);
    switch (delivered.kind) {
      case 'answered':
        return { outcome: 'sent', answer: await reservation.sent(delivered.value) };
      case 'refused':
        return refused(await reservation.failed(delivered.error));
      case 'failed':
        return {
          outcome: hadNoEffect(delivered.error) ? 'unsent' : 'doubtful',
          error: await reservation.failed(delivered.error),
        };
    }
  }

  /** Pays for the message and sends it; what was paid comes back where it surely did not go out. */
  async #deliver(
    pass: Pass,
    { unverified, verified }: Rulings,
    send: () => Promise<Started>,
  ): Promise<Asked<Started>> {
    const { breaker, budget, clock, lineRule, memory } = this.#parts;
    // What goes on without the table has no history: it counts as new.
    const ruling = this.#reservation.verifiedBefore ? verified : unverified;
    if (ruling !== undefined) return { kind: 'refused', error: errorOf(ruling) };
    const { country, domain } = this.#request.facts;
    const paid = await budget?.spend({ country, isEmail: domain !== null }, clock());
    if (paid?.kind === 'refused') return paid;
    const line = await lineRule?.refuse(this.#request, this.#channel);
    const asked: Asked<Started> =
      line === undefined ? await breaker.ask(pass, send) : { kind: 'refused', error: errorOf(line) };
    if (asked.kind === 'answered' || (asked.kind === 'failed' && !hadNoEffect(asked.error))) this.#count();
    else if (paid !== undefined) await budget?.giveBack(paid.spent).catch(() => undefined);
    if (asked.kind === 'failed') await memory.remember(asked.error, this.#request, this.#channel);
    return asked;
  }

  /** Counts the message for the pumping breaker; written while the limits settle. */
  #count(): void {
    const { clock, pumping } = this.#parts;
    pumping.sent(this.#pumping, clock());
    this.#flushed = pumping.flush(clock());
  }

  #decided(ended: Ended, trip: Trip | undefined): Ended {
    const { onDecision, policy } = this.#parts;
    const { verifiedBefore } = this.#reservation;
    const { answer, error, outcome } = ended;
    const denied = error instanceof RunError && error.details.pumping === true;
    const recorded =
      trip !== undefined && this.#admitted && policy.pumping.mode === 'record' && !verifiedBefore;
    onDecision(
      {
        ...this.#request.decisionFacts,
        reserves: 'send',
        channel: this.#channel,
        outcome,
        reason: answer === undefined ? reasonOf(error) : null,
        verified_before: verifiedBefore,
        would_refuse: recorded ? pumpingReason(trip) : null,
      },
      denied ? 'deny' : recorded ? 'record' : undefined,
    );
    return ended;
  }
}
