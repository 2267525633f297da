/**
 * Counts of equal spans of time, newest first: how many in the running span, in the one before it, and so on. Counts
 * only ever grow, so that any number of writers can add to them without reading.
 */
export type Spans = readonly number[];

/**
 * What is still in a leaky budget: a count stays in it whole for as many spans as it is wide, then leaks out evenly
 * over one more.
 *
 * @param spans - one more than the budget is wide.
 * @param elapsed - how much of the running span is over, from 0 to 1.
 */
export const remaining = (spans: Spans, elapsed: number): number =>
  spans.reduce((sum, count, age) => sum + (age < spans.length - 1 ? count : count * (1 - elapsed)), 0);

/** What was sent and approved, in the same spans. */
export interface Traffic {
  readonly sent: Spans;
  readonly approved: Spans;
}

/** A budget that grows with what is approved. */
export interface LeakyBudget {
  /** What is always allowed; null or 0 where the budget is off. */
  readonly minimum: number | null;
  /** How much more for each approval. */
  readonly ratio: number;
}

/** How full a budget is. */
export interface Level {
  /** Sends that nobody approved. */
  readonly unapproved: number;
  /** How many there may be. */
  readonly allowed: number;
}

/**
 * How full a budget is, by its traffic.
 *
 * @param usual - approvals in a span as wide as the budget on a good day of the past: growth that a quiet hour does
 *   not take away.
 */
export const levelOf = (
  { sent, approved }: Traffic,
  elapsed: number,
  { minimum, ratio }: LeakyBudget,
  usual: number,
): Level => {
  const approvals = remaining(approved, elapsed);
  return {
    unapproved: Math.max(0, remaining(sent, elapsed) - approvals),
    allowed:
      minimum === null || minimum === 0
        ? Number.POSITIVE_INFINITY
        : Math.max(minimum, ratio * Math.max(approvals, usual)),
  };
};

/** Whether a budget has no room for another send. */
export const isSpent = ({ unapproved, allowed }: Level): boolean => unapproved >= allowed;
