import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { KeyedHash } from '../privacy/keyed-hash.ts';
import type { Clock } from '../runtime/clock.ts';
import { type AbuseGuard, createAbuseGuard } from './abuse-guard.ts';
import type { BreakerParts } from './circuit-breaker.ts';
import { createCircuitBreaker } from './circuit-breaker.ts';
import type { Decision } from './decision-log.ts';
import { createGuard } from './limits/create-limits.ts';
import type { GuardParts } from './limits/limits.ts';
import type { Policy } from './policy/policy.ts';
import { createBlockMemory } from './rules/block-memory.ts';
import { createLineRule, type LineTypeLookup } from './rules/line-type.ts';
import { createDailyBudget, type DailyBudgetParts } from './spend/daily-budget.ts';
import { createPumpingBreaker } from './spend/pumping.ts';
import type { CountsParts } from './spend/pumping-counts.ts';
import type { GuardStore } from './store/store.ts';

/** Who is told what the guard does. */
interface GuardWatch {
  readonly onDecision: (decision: Decision) => void;
  readonly onTestNumber: GuardParts['onTestNumber'];
  readonly onStoreFailure: GuardParts['onStoreFailure'];
  readonly onBreakerChange: BreakerParts['onChange'];
  readonly onBudgetMark: DailyBudgetParts['onMark'];
  readonly onCountsFailure: CountsParts['onFailure'];
  readonly onLookupFailure: (reason: string) => void;
}

/** What the guard stands on. */
export interface GuardBase {
  readonly store: GuardStore;
  /** The hash under the deployment's destination key. */
  readonly hash: () => Promise<KeyedHash>;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly lookup: LineTypeLookup;
  readonly watch: GuardWatch;
}

const newId = (): string => randomBytes(9).toString('base64url');
const random = Math.random;

/** The whole guard over one store. */
export const assembleGuard = ({ store, hash, policy, clock, lookup, watch }: GuardBase): AbuseGuard => {
  const { onBreakerChange, onBudgetMark, onCountsFailure, onDecision, onLookupFailure } = watch;
  const { onStoreFailure, onTestNumber } = watch;
  return createAbuseGuard({
    limits: createGuard({ store, hash, policy, clock, pause, newId, onTestNumber, onStoreFailure }),
    breaker: createCircuitBreaker({ store, policy: policy.breaker, clock, newId, onChange: onBreakerChange }),
    memory: createBlockMemory({ store, hash, clock }),
    pumping: createPumpingBreaker({ store, policy: policy.pumping, random, onFailure: onCountsFailure }),
    budget: createDailyBudget({ store, policy: policy.daily_budget, random, onMark: onBudgetMark }),
    lineRule: createLineRule({ lookup, store, hash, policy, clock, onFailure: onLookupFailure }),
    hash,
    policy,
    clock,
    onDecision,
  });
};
