import { setTimeout as pause } from 'node:timers/promises';
import type { KeyedHash } from '../privacy/keyed-hash.ts';
import type { Clock } from '../runtime/clock.ts';
import { AbuseGuard } from './abuse-guard.ts';
import { type BreakerParts, CircuitBreaker } from './circuit-breaker.ts';
import type { Decision } from './decision-log.ts';
import type { LimitsParts } from './limits/limits.ts';
import type { Policy } from './policy/policy.ts';
import { newId } from './request/hashed-request.ts';
import { BlockMemory } from './rules/block-memory.ts';
import { LineRule, type LineTypeLookup } from './rules/line-type.ts';
import { DailyBudget, type DailyBudgetParts } from './spend/daily-budget.ts';
import { hasBudget } from './spend/daily-budget-shares.ts';
import { PumpingBreaker } from './spend/pumping.ts';
import type { CountsParts } from './spend/pumping-counts.ts';
import type { GuardStore } from './store/store.ts';

/** Who is told what the guard does. */
interface GuardWatch {
  readonly onDecision: (decision: Decision, pumping?: 'deny' | 'record') => void;
  readonly onTestNumber: () => void;
  readonly onStoreFailure: LimitsParts['onStoreFailure'];
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

const random = Math.random;

/** The whole guard over one store. */
export const assembleGuard = ({ store, hash, policy, clock, lookup, watch }: GuardBase): AbuseGuard =>
  new AbuseGuard({
    limits: { store, policy, clock, pause, onStoreFailure: watch.onStoreFailure },
    breaker: new CircuitBreaker({
      store,
      policy: policy.breaker,
      clock,
      newId,
      onChange: watch.onBreakerChange,
    }),
    memory: new BlockMemory(store, clock),
    pumping: new PumpingBreaker({
      store,
      policy: policy.pumping,
      random,
      onFailure: watch.onCountsFailure,
    }),
    budget: hasBudget(policy.daily_budget)
      ? new DailyBudget({ store, policy: policy.daily_budget, random, onMark: watch.onBudgetMark })
      : undefined,
    lineRule:
      policy.lookup.mode === 'on'
        ? new LineRule({ lookup, store, policy, clock, onFailure: watch.onLookupFailure })
        : undefined,
    policy,
    clock,
    hash,
    onDecision: watch.onDecision,
    onTestNumber: watch.onTestNumber,
  });
