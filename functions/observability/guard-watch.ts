import type { Log, LogFields } from './log-catalogue.ts';
import type { Metrics } from './metrics.ts';

/** What is watched of a decision of the guard. */
type WatchedDecision = NonNullable<LogFields['decision']> & {
  readonly function: string;
  readonly outcome: string;
  /** A stable token; the pumping breaker's begin with its name. */
  readonly reason: string | null;
  readonly would_refuse: string | null;
  /** ISO 3166 code; null where there is none. */
  readonly country: string | null;
  readonly is_email: boolean;
};

/** Who estimates what a message costs, in the policy's currency. */
type CostOf = (country: string | null, isEmail: boolean) => number;

/** A message that went out, or may have: outcomes that only a send has. */
const isPaidFor = ({ outcome }: WatchedDecision): boolean => outcome === 'sent' || outcome === 'doubtful';

const isPumping = (reason: string | null): boolean => reason?.startsWith('pumping_') === true;

/** Turns what the guard does into lines and metrics. */
export const createGuardWatch = (log: Log, metrics: Metrics, costOf: CostOf) => ({
  onDecision: (decision: WatchedDecision) => {
    const cost = isPaidFor(decision) ? costOf(decision.country, decision.is_email) : undefined;
    log('guard_decision', { decision, cost });
    const { function: name, outcome } = decision;
    metrics(
      { GuardDecisions: 1, ...(cost !== undefined && { EstimatedSpend: cost }) },
      { function: name, outcome },
    );
    if (isPumping(decision.reason)) metrics({ PumpingTrips: 1 }, { mode: 'deny' });
    else if (isPumping(decision.would_refuse)) metrics({ PumpingTrips: 1 }, { mode: 'record' });
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
