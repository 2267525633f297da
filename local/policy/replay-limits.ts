import type { Decision } from '../../functions/guard/decision-log.ts';
import { callerLimits } from '../../functions/guard/limits/caller-places.ts';
import { type Wait, windowFreeAt, windowLimit } from '../../functions/guard/limits/windows.ts';
import type { Policy } from '../../functions/guard/policy/policy.ts';
import type { CallerKeys } from '../../functions/guard/request/caller-keys.ts';

/** The caller that a decision tells of. */
export const callerIn = ({ by, identity, network, trusted }: Decision): CallerKeys => ({
  by,
  identity: identity ?? undefined,
  network: network ?? undefined,
  trusted,
});

/** What the callers of a log have taken of their own limits. */
export interface CallerLimits {
  /** The limits that say no. */
  readonly waits: (decision: Decision) => readonly Wait[];
  /** Takes a place of each. */
  readonly take: (decision: Decision) => void;
}

/** The callers' own limits under a policy, in memory. */
export const createCallerLimits = (policy: Policy): CallerLimits => {
  /** When places were taken, newest first. */
  const taken = new Map<string, readonly number[]>();
  const limitsOf = (decision: Decision) =>
    callerLimits[decision.reserves].flatMap(({ limit: name, of }) => {
      const limit = windowLimit(policy, name);
      const token = decision[of];
      return limit === undefined || token === null ? [] : [{ limit, key: `${name} ${token}` }];
    });
  return {
    waits: (decision) =>
      limitsOf(decision)
        .map(({ key, limit }) => ({ limit: limit.limit, freeAt: windowFreeAt(taken.get(key) ?? [], limit) }))
        .filter(({ freeAt }) => freeAt > decision.at),
    take: (decision) => {
      for (const { key, limit } of limitsOf(decision))
        taken.set(key, [decision.at, ...(taken.get(key) ?? [])].slice(0, limit.places));
    },
  };
};
