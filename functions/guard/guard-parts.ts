import type { KeyedHash } from '../privacy/keyed-hash.ts';
import type { Clock } from '../runtime/clock.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { Decision } from './decision-log.ts';
import type { LimitsParts } from './limits/limits.ts';
import type { Policy } from './policy/policy.ts';
import type { BlockMemory } from './rules/block-memory.ts';
import type { LineRule } from './rules/line-type.ts';
import type { DailyBudget } from './spend/daily-budget.ts';
import type { PumpingBreaker } from './spend/pumping.ts';

/** What the guard asks before a request reaches Twilio. */
export interface GuardParts {
  readonly limits: LimitsParts;
  readonly breaker: CircuitBreaker;
  readonly memory: BlockMemory;
  readonly pumping: PumpingBreaker;
  /** Undefined where the policy sets no daily budget. */
  readonly budget: DailyBudget | undefined;
  /** Undefined where the policy asks for no Lookup. */
  readonly lineRule: LineRule | undefined;
  readonly policy: Policy;
  readonly clock: Clock;
  /** The hash under the deployment's destination key. */
  readonly hash: () => Promise<KeyedHash>;
  /** Told of every decision, and whether the pumping breaker refused the start, or recorded that it would have. */
  readonly onDecision: (decision: Decision, pumping?: 'deny' | 'record') => void;
  /** Told each time a test number is used. */
  readonly onTestNumber: () => void;
}
