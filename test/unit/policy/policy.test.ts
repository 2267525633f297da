import { describe, expect, test } from 'vitest';
import { parsePolicy } from '../../../functions/guard/policy/policy.ts';

/** CONTRACT §4, as it is printed there; other keys may stand beside these. */
const contract = {
  channels: ['sms', 'call', 'email', 'whatsapp'],
  default_channel: 'sms',
  fallback_channels: ['call', 'email'],
  default_locale: null,
  default_country: null,
  explain_ended: true,
  require_sid_on_check: false,
  rate_limits: {
    send_per_to_per_10m: 3,
    send_per_to_per_24h: 10,
    send_per_ip_per_10m: 5,
    send_per_identity_per_10m: 5,
    check_per_identity_per_10m: 5,
    resend_cooldown_seconds: 30,
    cooldown_seconds_after_failed_check: [0, 0, 60, 60, 60],
  },
  on_store_failure: { start: 'deny', check: 'allow' },
  countries: { allow: null, deny: [] },
  deny_prefixes: [],
  pumping: { mode: 'record' },
  test_numbers: [],
};

describe('a policy', () => {
  test('left empty holds the contract’s defaults', () => {
    expect(parsePolicy({})).toMatchObject(contract);
  });

  test('written out in full is read as it is', () => {
    expect(parsePolicy(contract)).toEqual(parsePolicy({}));
  });

  test('keeps the defaults beside what it sets', () => {
    const { rate_limits, channels } = parsePolicy({ rate_limits: { resend_cooldown_seconds: 5 } });
    expect(rate_limits).toEqual({ ...contract.rate_limits, resend_cooldown_seconds: 5 });
    expect(channels).toEqual(contract.channels);
  });

  test.each([0, null])('switches a limit off with %j', (limit) => {
    expect(parsePolicy({ rate_limits: { send_per_ip_per_10m: limit } }).rate_limits.send_per_ip_per_10m).toBe(
      limit,
    );
  });

  test.each([
    ['an unknown key', { chanels: ['sms'] }, 'chanels'],
    ['an unknown key inside', { rate_limits: { send_per_to: 3 } }, 'rate_limits.send_per_to'],
    ['an unknown channel', { channels: ['pigeon'] }, 'channels.0'],
    ['no channel at all', { channels: [] }, 'channels'],
    ['a negative limit', { rate_limits: { send_per_to_per_10m: -1 } }, 'rate_limits.send_per_to_per_10m'],
    ['a fractional limit', { rate_limits: { send_per_to_per_10m: 1.5 } }, 'rate_limits.send_per_to_per_10m'],
    ['a limit as text', { rate_limits: { send_per_to_per_10m: '3' } }, 'rate_limits.send_per_to_per_10m'],
    ['a country in small letters', { default_country: 'us' }, 'default_country'],
    ['a country that is none', { default_country: 'UK' }, 'default_country'],
    ['a prefix without a plus', { deny_prefixes: ['1900'] }, 'deny_prefixes.0'],
    ['a mode that is none', { pumping: { mode: 'on' } }, 'pumping.mode'],
  ])('with %s is refused by name', (_name, raw, key) => {
    expect(() => parsePolicy(raw)).toThrow(`${key}: `);
  });

  test.each([[[]], [null], ['{}'], [1]])('is never %j', (raw) => {
    expect(() => parsePolicy(raw)).toThrow('The policy is not valid. It must be a JSON object');
  });

  test('names every wrong key at once', () => {
    expect(() => parsePolicy({ default_channel: 'x', explain_ended: 'no' })).toThrow(
      /default_channel: .*; explain_ended: /,
    );
  });
});
