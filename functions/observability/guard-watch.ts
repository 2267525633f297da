import type { Log, LogFields } from './log-catalogue.ts';
import type { Metrics } from './metrics.ts';

/** Turns what the guard does into lines and metrics. */
export const createGuardWatch = (log: Log, metrics: Metrics) => ({
  onDecision: (decision: NonNullable<LogFields['decision']> & { function: string; outcome: string }) => {
    log('guard_decision', { decision });
    metrics('GuardDecisions', 1, { function: decision.function, outcome: decision.outcome });
  },
  onTestNumber: () => metrics('TestNumberUses', 1, {}),
  onStoreFailure: (kind: string, done: string) => {
    log('store_failed', { reason: `${kind}_${done}` });
    metrics('StoreFailures', 1, { kind, done });
  },
  onBreakerChange: (change: string) => {
    log('breaker_changed', { reason: change });
    metrics('BreakerChanges', 1, { change });
  },
  onBudgetMark: (scope: string, name: string, percent: number) => {
    log('budget_mark', { reason: `${name}_${percent}` });
    metrics('BudgetMarks', 1, { scope, percent: percent.toString() });
  },
  onCountsFailure: (doing: string) => metrics('StoreFailures', 1, { kind: 'counts', done: doing }),
  onLookupFailure: (reason: string) => metrics('LookupFailures', 1, { reason }),
});
