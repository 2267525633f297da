import type { Log, LogFields } from './log-catalogue.ts';
import type { Metrics } from './metrics.ts';

/** What is watched of a decision of the guard. */
type WatchedDecision = NonNullable<LogFields['decision']> & {
  readonly function: string;
  readonly reserves: 'send' | 'check';
  readonly outcome: string;
  /** ISO 3166 code; null where there is none. */
  readonly country: string | null;
  readonly is_email: boolean;
};

/** Who estimates what a message costs, in the policy's currency. */
type CostOf = (country: string | null, isEmail: boolean) => number;

/** A message that went out, or may have. */
const isPaidFor = ({ outcome, reserves }: WatchedDecision): boolean =>
  reserves === 'send' && (outcome === 'sent' || outcome === 'doubtful');

/** Turns what the guard does into lines and metrics. */
export const createGuardWatch = (log: Log, metrics: Metrics, costOf: CostOf) => ({
  /** @param pumping - whether the pumping breaker refused the start, or recorded that it would have. */
  onDecision: (decision: WatchedDecision, pumping?: 'deny' | 'record') => {
    const cost = isPaidFor(decision) ? costOf(decision.country, decision.is_email) : undefined;
    log('guard_decision', { decision, cost });
    const { function: name, outcome } = decision;
    metrics(
      { GuardDecisions: 1, ...(cost !== undefined && { EstimatedSpend: cost }) },
      { function: name, outcome },
    );
    if (pumping !== undefined) metrics({ PumpingTrips: 1 }, { mode: pumping });
  },
  onTestNumber: () => metrics({ TestNumberUses: 1 }, {}),
  onStoreFailure: (kind: string, done: string) => {
    log('store_failed', { reason: `${kind}_${done}` });
    metrics({ StoreFailures: 1 }, { kind, done });
  },
  onBreakerChange: (change: string) => {
    log('breaker_changed', { reason: change });
    metrics({ BreakerChanges: 1 }, { change });
  },
  onBudgetMark: (scope: string, name: string, percent: number) => {
    log('budget_mark', { reason: `${name}_${percent}` });
    metrics({ BudgetMarks: 1 }, { scope, percent: percent.toString() });
  },
  onCountsFailure: (doing: string) => metrics({ StoreFailures: 1 }, { kind: 'counts', done: doing }),
  onLookupFailure: (reason: string) => {
    log('lookup_failed', { reason });
    metrics({ LookupFailures: 1 }, {});
  },
});
