import * as v from 'valibot';
import { RunError, type TwilioHealth } from '../runtime/errors.ts';
import { flightTime } from './limits/send-rules.ts';
import { secondsUntil } from './limits/windows.ts';
import type { BreakerPolicy } from './policy/breaker-policy.ts';

// One document is shared by the whole fleet. Times are milliseconds since the epoch.

const whole = v.pipe(v.number(), v.integer(), v.minValue(0));

/** Calls that ended within one second of the epoch: the second, how many were healthy, how many failed. */
const count = v.tuple([whole, whole, whole]);

const probe = v.object({
  id: v.string(),
  /** When the claim is free again, if the probe never comes back. */
  until: whole,
});

const state = v.object({
  counts: v.array(count),
  /** When it was last closed: what ended before does not count. */
  since: whole,
  /** Null while closed. From `until` on it is half open. */
  open: v.nullable(v.object({ until: whole, lastsSeconds: whole, probe: v.nullable(probe) })),
});

/** What is known of Twilio's health. */
export type BreakerState = v.InferOutput<typeof state>;
/** How many calls ended well and badly, by second. */
export type Counts = BreakerState['counts'];
/** What a call says of Twilio's health: `unknown` where another part failed. */
export type Health = TwilioHealth | 'unknown';

/** A breaker that knows of no failure. */
export const closedBreaker: BreakerState = { counts: [], since: 0, open: null };

/** A probe whose end says nothing of Twilio frees its claim after this time, in milliseconds: not at once, to bound the writes. */
const secondChance = 1_000;

/** Reads a stored document. One that is missing or ill-formed holds nothing back. */
export const readBreaker = (document: unknown): BreakerState => {
  const read = v.safeParse(state, document);
  return read.success ? read.output : closedBreaker;
};

/** What a failed call says of Twilio's health. */
export const healthOf = (thrown: unknown): Health =>
  (thrown instanceof RunError ? thrown.details.twilio : undefined) ?? 'unknown';

/** What a call may do: pass, wait, or pass as the one probe if it gets the claim. */
export type Admission =
  | { readonly kind: 'pass' | 'claimable' }
  | { readonly kind: 'open' | 'probing'; readonly retryAfter: number };

/** Decides on a call by what is known. */
export const admissionOf = ({ open }: BreakerState, now: number): Admission => {
  if (open === null) return { kind: 'pass' };
  if (now < open.until) return { kind: 'open', retryAfter: secondsUntil(open.until, now) };
  // The probe's answer is due at any moment.
  if (open.probe !== null && now < open.probe.until) return { kind: 'probing', retryAfter: 1 };
  return { kind: 'claimable' };
};

/** A call's end as a count. */
export const countOf = (health: 'healthy' | 'failed', now: number): Counts => [
  [Math.floor(now / 1_000), health === 'healthy' ? 1 : 0, health === 'failed' ? 1 : 0],
];

/** The sum of counts, without what has left the window or ended before the breaker was last closed. */
export const recentCounts = (
  counts: Counts,
  { since }: BreakerState,
  now: number,
  { window_seconds }: BreakerPolicy,
): Counts => {
  const from = Math.max(since, now - window_seconds * 1_000 + 1);
  const sums = new Map<number, Counts[number]>();
  for (const [second, healthy, failed] of counts) {
    if (second * 1_000 < from) continue;
    const [, sumHealthy, sumFailed] = sums.get(second) ?? [second, 0, 0];
    sums.set(second, [second, sumHealthy + healthy, sumFailed + failed]);
  }
  return [...sums.values()];
};

/** How many calls failed. */
export const failuresIn = (counts: Counts): number => {
  let sum = 0;
  for (const [, , failed] of counts) sum += failed;
  return sum;
};

/** Whether counts are a spike of failures. */
export const isSpike = (counts: Counts, { min_failures, failure_ratio }: BreakerPolicy): boolean => {
  const failed = failuresIn(counts);
  const all = counts.reduce((sum, [, healthy]) => sum + healthy, failed);
  return failed >= min_failures && failed >= failure_ratio * all;
};

const opened = (before: BreakerState, now: number, lastsSeconds: number): BreakerState => ({
  ...before,
  counts: [],
  open: { until: now + lastsSeconds * 1_000, lastsSeconds, probe: null },
});

/** The state with counts added, opened where they make a spike; the same state where it was open already. */
export const withCounts = (
  before: BreakerState,
  counts: Counts,
  now: number,
  policy: BreakerPolicy,
): BreakerState => {
  if (before.open !== null) return before;
  const sum = recentCounts([...before.counts, ...counts], before, now, policy);
  return isSpike(sum, policy) ? opened(before, now, policy.open_seconds) : { ...before, counts: sum };
};

/** The state with the probe claimed; the same state where there is none to claim. */
export const withProbe = (before: BreakerState, id: string, now: number): BreakerState =>
  before.open === null || admissionOf(before, now).kind !== 'claimable'
    ? before
    : { ...before, open: { ...before.open, probe: { id, until: now + flightTime } } };

/** The state after a probe came back; the same state where its claim has passed to another. */
export const withProbed = (
  before: BreakerState,
  id: string,
  health: Health,
  now: number,
  { max_open_seconds }: BreakerPolicy,
): BreakerState => {
  const { open } = before;
  if (open === null || open.probe?.id !== id) return before;
  switch (health) {
    case 'healthy':
      return { ...closedBreaker, since: now };
    case 'failed':
      return opened(before, now, Math.min(open.lastsSeconds * 2, max_open_seconds));
    case 'unknown':
      return { ...before, open: { ...open, probe: { id, until: now + secondChance } } };
  }
};

/** What the breaker became. */
export type BreakerChange = 'open' | 'half_open' | 'closed';

/** What a change of state made of the breaker; undefined where it is what it was. */
export const changeOf = (before: BreakerState, after: BreakerState): BreakerChange | undefined => {
  if (after.open === null) return before.open === null ? undefined : 'closed';
  if (after.open.until !== before.open?.until) return 'open';
  return after.open.probe?.id === before.open.probe?.id ? undefined : 'half_open';
};
