import { day, minute } from '../../runtime/clock.ts';
import type { Refusal } from '../../runtime/errors.ts';
import type { Policy } from '../policy/policy.ts';

const tenMinutes = 10 * minute;
/** The longest window of a caller's own limit, in milliseconds. */
export const callerWindow = tenMinutes;

/** The name of a limit, as it stands in the policy and in the `Verify-Limit` header. */
type LimitName = keyof Policy['rate_limits'];

/** A limit that says no until a moment, in milliseconds since the epoch. */
export interface Wait {
  readonly limit: LimitName;
  readonly freeAt: number;
}

/** At most `places` in any `window` milliseconds. */
export interface WindowLimit {
  readonly limit: LimitName;
  readonly places: number;
  readonly window: number;
}

const windows = {
  send_per_to_per_10m: tenMinutes,
  send_per_to_per_24h: day,
  send_per_ip_per_10m: tenMinutes,
  send_per_identity_per_10m: tenMinutes,
  check_per_identity_per_10m: tenMinutes,
} as const;

/** A limit of the policy, or nothing where it is off. */
export const windowLimit = (policy: Policy, limit: keyof typeof windows): WindowLimit | undefined => {
  const places = policy.rate_limits[limit];
  return places === null || places === 0 ? undefined : { limit, places, window: windows[limit] };
};

/** Milliseconds between two messages on one channel; 0 where the cooldown is off. */
export const resendCooldown = (policy: Policy): number =>
  (policy.rate_limits.resend_cooldown_seconds ?? 0) * 1_000;

/** When a window has a place again, given the times taken in it, newest first; 0 where it has one now. */
export const windowFreeAt = (times: readonly number[], { places, window }: WindowLimit): number => {
  const oldest = times[places - 1];
  return oldest === undefined ? 0 : oldest + window;
};

/** Whole seconds from now until a moment: a retry then is admitted, one a second earlier is not. */
export const secondsUntil = (moment: number, now: number): number =>
  Math.max(0, Math.ceil((moment - now) / 1_000));

/** The refusal of the limit that lasts longest, or nothing where none says no. */
export const refusalOf = (waits: readonly Wait[], now: number): Refusal | undefined => {
  let longest: Wait | undefined;
  for (const wait of waits) if (wait.freeAt > (longest?.freeAt ?? now)) longest = wait;
  if (longest === undefined) return undefined;
  const retryAfter = secondsUntil(longest.freeAt, now);
  return {
    code: 'throttled',
    limit: longest.limit,
    retryAfter,
    reason: longest.limit,
    sentence: `Too many requests; try again in ${retryAfter} ${retryAfter === 1 ? 'second' : 'seconds'}`,
  };
};
