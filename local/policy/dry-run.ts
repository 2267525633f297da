import type { Policy } from '../../functions/guard/policy/policy.ts';
import type { LoggedDecision } from './decision-file.ts';
import { createReplay } from './replay.ts';
import type { Replayed } from './replay-world.ts';

/** How a decision differs under another policy. */
type Difference = 'refused now' | 'passes now' | 'refused otherwise' | 'would be refused';

/** A decision that differs. */
export interface Change {
  readonly line: number;
  /** ISO 8601. */
  readonly at: string;
  readonly function: string;
  /** The hashed destination. */
  readonly to: string;
  readonly country: string | null;
  readonly difference: Difference;
  /** Why it was refused; null where it passed. */
  readonly was: string | null;
  /** Why it is or would be refused; null where it passes. */
  readonly now: string | null;
}

/** What a dry run found. */
export interface DryRun {
  readonly decisions: number;
  readonly from: string;
  readonly to: string;
  readonly refused_before: number;
  readonly refused_now: number;
  /** How many the log can't tell of, and are taken as they were. */
  readonly kept: number;
  readonly changes: readonly Change[];
}

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();

const differenceOf = (was: string | null, { reason, wouldRefuse }: Replayed): Difference | undefined => {
  if (was === reason) return wouldRefuse === null ? undefined : 'would be refused';
  if (was === null) return 'refused now';
  return reason === null ? 'passes now' : 'refused otherwise';
};

const changeOf = (
  { decision, line }: LoggedDecision,
  was: string | null,
  replayed: Replayed,
): Change | undefined => {
  const difference = differenceOf(was, replayed);
  if (difference === undefined) return undefined;
  const { at, country, function: name, to } = decision;
  const now = replayed.reason ?? replayed.wouldRefuse;
  return { line, at: iso(at), function: name, to, country, difference, was, now };
};

/** Decides a log's decisions, at least one and in the order of their time, again under a policy. */
export const dryRun = async (logged: readonly LoggedDecision[], policy: Policy): Promise<DryRun> => {
  const replay = createReplay(policy);
  const changes: Change[] = [];
  const counts = { refused_before: 0, refused_now: 0, kept: 0 };
  for (const one of logged) {
    const replayed = await replay(one.decision);
    const { outcome, reason } = one.decision;
    const was = outcome === 'refused' ? (reason ?? 'unknown') : null;
    counts.refused_before += Number(was !== null);
    counts.refused_now += Number(replayed.reason !== null);
    counts.kept += Number(replayed.kept);
    const change = changeOf(one, was, replayed);
    if (change !== undefined) changes.push(change);
  }
  const [first] = logged;
  return {
    decisions: logged.length,
    from: iso(first?.decision.at ?? 0),
    to: iso(logged.at(-1)?.decision.at ?? 0),
    ...counts,
    changes,
  };
};
