import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  refusalOf,
  resendCooldown,
  secondsUntil,
  windowFreeAt,
  windowLimit,
} from '../../../functions/guard/limits/windows.ts';
import { parsePolicy } from '../../../functions/guard/policy/policy.ts';

const limits = (rate_limits: object) => parsePolicy({ rate_limits });

describe('a limit', () => {
  test.each([
    ['send_per_to_per_10m', 3, 600_000],
    ['send_per_to_per_24h', 10, 86_400_000],
    ['send_per_ip_per_10m', 5, 600_000],
    ['send_per_identity_per_10m', 5, 600_000],
    ['check_per_identity_per_10m', 5, 600_000],
  ] as const)('%s is %i in %i ms unless policy says otherwise', (limit, places, window) => {
    expect(windowLimit(parsePolicy({}), limit)).toEqual({ limit, places, window });
    expect(windowLimit(limits({ [limit]: 7 }), limit)).toEqual({ limit, places: 7, window });
    expect(windowLimit(limits({ [limit]: 0 }), limit)).toBeUndefined();
    expect(windowLimit(limits({ [limit]: null }), limit)).toBeUndefined();
  });

  test('on resends is in milliseconds, and none where it is off', () => {
    expect(resendCooldown(parsePolicy({}))).toBe(30_000);
    expect(resendCooldown(limits({ resend_cooldown_seconds: 0 }))).toBe(0);
    expect(resendCooldown(limits({ resend_cooldown_seconds: null }))).toBe(0);
  });

  test('is free at once while a place was never taken, and a window after its oldest place else', () => {
    const limit = { limit: 'send_per_to_per_10m', places: 2, window: 1_000 } as const;
    expect(windowFreeAt([], limit)).toBe(0);
    expect(windowFreeAt([5_000], limit)).toBe(0);
    expect(windowFreeAt([5_000, 4_000], limit)).toBe(5_000);
    expect(windowFreeAt([6_000, 5_000, 4_000], limit)).toBe(6_000);
  });
});

describe('the seconds until a moment', () => {
  test('are whole, enough, and not one too many', () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), fc.nat(10_000_000), (now, wait) => {
        const seconds = secondsUntil(now + wait, now);
        expect(Number.isInteger(seconds)).toBe(true);
        expect(now + seconds * 1_000).toBeGreaterThanOrEqual(now + wait);
        if (wait > 0) expect(now + (seconds - 1) * 1_000).toBeLessThan(now + wait);
      }),
    );
  });

  test('are none for one that is past', () => {
    expect(secondsUntil(1_000, 2_000)).toBe(0);
    expect(secondsUntil(2_000, 2_000)).toBe(0);
    expect(secondsUntil(2_001, 2_000)).toBe(1);
  });
});

describe('a refusal', () => {
  const now = 1_000_000;

  test('is none where no limit says no, or none any more', () => {
    expect(refusalOf([], now)).toBeUndefined();
    expect(refusalOf([{ limit: 'send_per_ip_per_10m', freeAt: now }], now)).toBeUndefined();
  });

  test('names the limit that lasts longest, whatever their order', () => {
    const short = { limit: 'resend_cooldown_seconds', freeAt: now + 1 } as const;
    const long = { limit: 'send_per_ip_per_10m', freeAt: now + 1_001 } as const;
    for (const waits of [
      [short, long],
      [long, short],
    ])
      expect(refusalOf(waits, now)).toMatchObject({
        code: 'throttled',
        limit: 'send_per_ip_per_10m',
        retryAfter: 2,
      });
  });

  test.each([
    [1, 'Too many requests; try again in 1 second'],
    [1_000, 'Too many requests; try again in 1 second'],
    [1_001, 'Too many requests; try again in 2 seconds'],
  ])('of %i ms says so to a person', (wait, sentence) => {
    expect(refusalOf([{ limit: 'send_per_ip_per_10m', freeAt: now + wait }], now)).toMatchObject({
      sentence,
    });
  });
});
