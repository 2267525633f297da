import type { KeyedHash } from '../privacy/keyed-hash.ts';
import type { Clock } from '../runtime/clock.ts';
import type { RunError } from '../runtime/errors.ts';
import type { Channel } from '../verify/channel.ts';
import type { Destination } from '../verify/destination.ts';
import type { Checked, Started } from '../verify/provider.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import { decisionFacts } from './decision-facts.ts';
import type { Decision } from './decision-log.ts';
import { GuardedCheck } from './guarded-check.ts';
import { GuardedStart } from './guarded-start.ts';
import type { Guard, GuessAnswer, GuessRequest, SendAnswer, SendRequest } from './limits/limits.ts';
import type { Policy } from './policy/policy.ts';
import type { TestNumber } from './policy/test-numbers.ts';
import type { BlockMemory } from './rules/block-memory.ts';
import { destinationFacts } from './rules/destination-facts.ts';
import type { DailyBudget } from './spend/daily-budget.ts';
import { type PumpingBreaker, pumpingFacts } from './spend/pumping.ts';

/** What the guard is made of: the limits, and everything else that may speak against a message. */
export interface AbuseGuardParts {
  readonly limits: Guard;
  readonly breaker: CircuitBreaker;
  readonly memory: BlockMemory;
  readonly pumping: PumpingBreaker;
  readonly budget: DailyBudget;
  /** Says why the type of a line speaks against a channel; asked only once the limits allow the send. */
  readonly lineRule: (destination: Destination, channel: Channel) => Promise<RunError | undefined>;
  /** The hash under the deployment's destination key. */
  readonly hash: () => Promise<KeyedHash>;
  readonly policy: Policy;
  readonly clock: Clock;
  /** Told of every decision, for the log. */
  readonly onDecision: (decision: Decision) => void;
}

/** The abuse guard: nothing reaches Twilio but through it. */
export interface AbuseGuard {
  /** The test number that a destination is: it is answered at once, without a message and without a budget. */
  testNumber(destination: Destination): TestNumber | undefined;
  /**
   * Sends, if nothing speaks against it, or answers with an identical start.
   *
   * @throws RunError why not, or what sending threw.
   */
  start(request: SendRequest, send: () => Promise<Started>): Promise<SendAnswer>;
  /**
   * Has a code judged, if nothing speaks against it, or answers from our own record.
   *
   * @throws RunError why not, or what judging threw.
   */
  check(request: GuessRequest, judge: () => Promise<Checked>): Promise<GuessAnswer>;
}

/** Composes the guard of its parts. */
export const createAbuseGuard = (parts: AbuseGuardParts): AbuseGuard => {
  const { clock, hash, limits } = parts;

  const known = async (request: SendRequest | GuessRequest) => {
    const facts = destinationFacts(request.destination);
    const now = clock();
    const hashed = await hash();
    const traffic = pumpingFacts(facts, hashed, now);
    return { facts, traffic, decision: decisionFacts(request, facts, traffic, hashed, now) };
  };

  return {
    testNumber: (destination) => limits.testNumber(destination),

    async start(request, send) {
      const { facts, traffic, decision } = await known(request);
      return await new GuardedStart(parts, request, { ...facts, traffic }, decision).run(send);
    },

    async check(request, judge) {
      const { decision } = await known(request);
      return await new GuardedCheck(parts, request, decision).run(judge);
    },
  };
};
