import type { Checked } from '../verify/provider.ts';
import type { AbuseGuardParts } from './abuse-guard.ts';
import type { Pass } from './circuit-breaker.ts';
import type { DecisionFacts } from './decision-facts.ts';
import { type CheckDecision, reasonOf } from './decision-log.ts';
import type { GuessAnswer, GuessRequest } from './limits/limits.ts';

const outcomeOf = ({ approvedSid, hints }: GuessAnswer): CheckDecision['outcome'] => {
  if (approvedSid === null) return 'wrong';
  return hints.replayed === true ? 'replayed' : 'approved';
};

/** One check on its way through all that may speak against it. */
export class GuardedCheck {
  readonly #parts: AbuseGuardParts;
  readonly #request: GuessRequest;
  readonly #decision: DecisionFacts;
  #verifiedBefore = false;
  #asked = false;
  #flushed: Promise<void> | undefined;

  constructor(parts: AbuseGuardParts, request: GuessRequest, decision: DecisionFacts) {
    this.#parts = parts;
    this.#request = request;
    this.#decision = decision;
  }

  /** Has the code judged, or says why not. */
  async run(judge: () => Promise<Checked>): Promise<GuessAnswer> {
    const { clock, limits, pumping } = this.#parts;
    const pass = this.#admitted();
    try {
      const onHistory = (verifiedBefore: boolean) => {
        this.#verifiedBefore = verifiedBefore;
      };
      const guess = await limits.reserveGuess({ ...this.#request, onHistory });
      const answer = guess.known ?? (await guess.settle(this.#ask(pass, judge)));
      this.#decided(outcomeOf(answer), null);
      return answer;
    } catch (thrown) {
      this.#decided(this.#asked ? 'unjudged' : 'refused', reasonOf(thrown));
      throw thrown;
    } finally {
      // A frozen container does nothing in the background.
      const refreshed = 'refused' in pass ? undefined : pass.refreshed;
      await Promise.all([refreshed, this.#flushed ?? pumping.flush(clock())]);
    }
  }

  /** What the breaker says, looked up while the limits are; what our own record answers needs no Twilio. */
  #admitted(): Pass | { readonly refused: unknown } {
    try {
      return this.#parts.breaker.admit();
    } catch (refused) {
      return { refused };
    }
  }

  async #ask(pass: Pass | { readonly refused: unknown }, judge: () => Promise<Checked>): Promise<Checked> {
    if ('refused' in pass) throw pass.refused;
    const { clock, pumping } = this.#parts;
    const checked = await pass.ask(() => {
      this.#asked = true;
      return judge();
    });
    if (checked.approved) {
      pumping.approved(this.#decision, clock());
      // Written while the limits settle.
      this.#flushed = pumping.flush(clock());
    }
    return checked;
  }

  #decided(outcome: CheckDecision['outcome'], reason: string | null): void {
    this.#parts.onDecision({
      ...this.#decision,
      function: 'check_verification',
      outcome,
      reason,
      verified_before: this.#verifiedBefore,
      would_refuse: null,
    });
  }
}
