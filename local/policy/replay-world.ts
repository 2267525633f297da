import { reasonOf } from '../../functions/guard/decision-log.ts';
import { type DestinationState, emptyState } from '../../functions/guard/limits/destination-state.ts';
import type { Policy } from '../../functions/guard/policy/policy.ts';
import { DailyBudget } from '../../functions/guard/spend/daily-budget.ts';
import { PumpingBreaker } from '../../functions/guard/spend/pumping.ts';
import { createMemoryCounters } from './memory-counters.ts';
import { type CallerLimits, createCallerLimits } from './replay-limits.ts';

/** What another policy says of a decision. */
export interface Replayed {
  /** Why it refuses; null where it lets pass. */
  readonly reason: string | null;
  /** What would refuse, were the policy not told to record only. */
  readonly wouldRefuse: string | null;
  /** Whether the log alone can't tell, and what was decided then is taken over. */
  readonly kept: boolean;
}

/** Nothing refuses. */
export const passed = (wouldRefuse: string | null = null): Replayed => ({
  reason: null,
  wouldRefuse,
  kept: false,
});

/** An error refuses. */
export const refused = (error: unknown): Replayed => ({
  reason: reasonOf(error),
  wouldRefuse: null,
  kept: false,
});

/** The guard's memory during a replay. */
export interface ReplayWorld {
  readonly policy: Policy;
  readonly pumping: PumpingBreaker;
  readonly budget: DailyBudget;
  readonly limits: CallerLimits;
  /** By hashed destination. */
  readonly stateOf: (to: string) => DestinationState;
  readonly keep: (to: string, state: DestinationState) => void;
  readonly newId: () => string;
}

/** A memory that knows nothing of the time before the log. */
export const createReplayWorld = (policy: Policy): ReplayWorld => {
  const parts = {
    store: createMemoryCounters(),
    random: () => 0,
    onFailure: () => undefined,
    onMark: () => undefined,
  };
  const states = new Map<string, DestinationState>();
  let ids = 0;
  return {
    policy,
    pumping: new PumpingBreaker({ ...parts, policy: policy.pumping }),
    budget: new DailyBudget({ ...parts, policy: policy.daily_budget }),
    limits: createCallerLimits(policy),
    stateOf: (to) => states.get(to) ?? emptyState,
    keep: (to, state) => states.set(to, state),
    newId: () => {
      ids += 1;
      return `${ids}`;
    },
  };
};
