import { RunError } from '../runtime/errors.ts';
import type { Started } from '../verify/provider.ts';
import type { AbuseGuardParts } from './abuse-guard.ts';
import type { Pass } from './circuit-breaker.ts';
import type { DecisionFacts } from './decision-facts.ts';
import { reasonOf, type StartDecision } from './decision-log.ts';
import type { SendAnswer, SendRequest } from './limits/limits.ts';
import type { DestinationFacts } from './rules/destination-facts.ts';
import { refuseByRules, rulesNeedHistory } from './rules/destination-rules.ts';
import type { PumpingFacts } from './spend/pumping.ts';

const surelyNot = (thrown: unknown): boolean =>
  thrown instanceof RunError && thrown.details.effect !== 'unknown';

/** What the start's destination is, and what it counts with. */
interface StartFacts extends DestinationFacts {
  readonly traffic: PumpingFacts;
}

/** One start on its way through all that may speak against it. */
export class GuardedStart {
  readonly #parts: AbuseGuardParts;
  readonly #request: SendRequest;
  readonly #facts: StartFacts;
  readonly #decision: DecisionFacts;
  #verifiedBefore = false;
  #wouldRefuse: string | null = null;
  #asked = false;
  #flushed: Promise<void> | undefined;
  /** What is read beside the limits. A replay or a limit's refusal has no use for it. Never rejects. */
  #counsel: Promise<unknown> | undefined;

  constructor(parts: AbuseGuardParts, request: SendRequest, facts: StartFacts, decision: DecisionFacts) {
    this.#parts = parts;
    this.#request = request;
    this.#facts = facts;
    this.#decision = decision;
  }

  /** Sends, or says why not. */
  async run(send: () => Promise<Started>): Promise<SendAnswer> {
    const { breaker, clock, pumping } = this.#parts;
    let pass: Pass | undefined;
    try {
      this.#ruleOut();
      pass = breaker.admit();
      const answer = await this.#answer(pass, send);
      this.#decided(answer.hints.replayed === true ? 'replayed' : 'sent', null);
      return answer;
    } catch (thrown) {
      const ended = surelyNot(thrown) ? 'unsent' : 'doubtful';
      this.#decided(this.#asked ? ended : 'refused', reasonOf(thrown));
      throw thrown;
    } finally {
      // A frozen container does nothing in the background.
      await Promise.all([pass?.refreshed, this.#counsel, this.#flushed ?? pumping.flush(clock())]);
    }
  }

  /** What the rules refuse whatever the table says costs no request to it. */
  #ruleOut(): void {
    const { policy } = this.#parts;
    const rule = rulesNeedHistory(this.#facts, policy)
      ? undefined
      : refuseByRules(this.#facts, false, policy);
    if (rule !== undefined) throw rule;
  }

  async #answer(pass: Pass, send: () => Promise<Started>): Promise<SendAnswer> {
    const { limits, memory, pumping } = this.#parts;
    const { channel, destination } = this.#request;
    // Both are read while the limits are.
    const recalled = memory.recall(destination, channel);
    const assessed = pumping.assess(this.#facts.traffic, this.#decision.at);
    this.#counsel = Promise.all([recalled, assessed]);
    const reserved = await limits.reserveSend({
      ...this.#request,
      onHistory: (verifiedBefore) => {
        this.#verifiedBefore = verifiedBefore;
      },
      veto: async (verifiedBefore) => {
        const rule = refuseByRules(this.#facts, verifiedBefore, this.#parts.policy);
        const blocked = verifiedBefore ? undefined : await recalled;
        const { error, trip } = (await assessed).verdict(verifiedBefore);
        this.#wouldRefuse = trip === undefined || error !== undefined ? null : `pumping_${trip.budget}`;
        return rule ?? blocked ?? error;
      },
    });
    return reserved.replay ?? (await reserved.settle(this.#deliver(pass, send)));
  }

  /** Pays for the message and sends it; what was paid comes back where it surely did not go out. */
  async #deliver(pass: Pass, send: () => Promise<Started>): Promise<Started> {
    const { budget, clock, lineRule, memory } = this.#parts;
    const { channel, destination } = this.#request;
    const { country, is_email: isEmail } = this.#decision;
    // What goes on without the table has no history: it counts as new.
    const rule = refuseByRules(this.#facts, this.#verifiedBefore, this.#parts.policy);
    if (rule !== undefined) throw rule;
    const spent = await budget.spend({ country, isEmail }, clock());
    try {
      const line = await lineRule(destination, channel);
      if (line !== undefined) throw line;
      const started = await pass.ask(() => {
        this.#asked = true;
        return send();
      });
      this.#count();
      return started;
    } catch (thrown) {
      if (surelyNot(thrown)) await spent.giveBack().catch(() => undefined);
      else this.#count();
      await memory.remember(thrown, destination, channel);
      throw thrown;
    }
  }

  /** Counts the message for the pumping breaker; written while the limits settle. */
  #count(): void {
    const { clock, pumping } = this.#parts;
    pumping.sent(this.#decision, clock());
    this.#flushed = pumping.flush(clock());
  }

  #decided(outcome: StartDecision['outcome'], reason: string | null): void {
    this.#parts.onDecision({
      ...this.#decision,
      function: 'start_verification',
      channel: this.#request.channel,
      outcome,
      reason,
      verified_before: this.#verifiedBefore,
      would_refuse: this.#wouldRefuse,
    });
  }
}
