import { describe, expect, test } from 'vitest';
import { parsePolicy } from '../../../functions/guard/policy/policy.ts';

const testNumber = (differs: object) => ({
  test_numbers: [{ number: '+15005550006', code: '123456', expires: '2027-01-31', ...differs }],
});

describe('a value of the policy', () => {
  test.each([
    [{ deny_prefixes: ['+1', '+12345678901234'] }],
    [testNumber({ number: '+1234567' })],
    [testNumber({ number: '+123456789012345' })],
    [testNumber({ code: 'aZ09' })],
    [testNumber({ code: '0123456789', note: 'For the canaries' })],
    [{ emails: { allow_domains: ['example.com', 'a-1.b.example', 'localhost'] } }],
    [{ daily_budget: { cost: { currency: 'EUR', per_message: { default: 0.1, email: 0.01, GB: 0.2 } } } }],
    [{ countries: { allow: ['GB'], deny: [], allow_verified: null, deny_verified: ['US'] } }],
    [{ lookup: { mode: 'on', deny_types: ['nonFixedVoip', 'fixedVoip', 'premium'] } }],
    [{ number_types: { deny: ['voip', 'toll_free'] } }],
    [{ on_store_failure: { start: 'allow', check: 'deny' } }],
    [{ pumping: { mode: 'off' } }],
    [{ pumping: { mode: 'deny', by_country: { GB: { prefix_day: { minimum: 5 } } } } }],
    [{ pumping: { by_country: { GB: { country_hour: { ratio: 2 }, country_day: { ratio: 2 } } } } }],
    [{ pumping: { by_country: { GB: { wide_prefix_hour: {}, wide_prefix_day: { minimum: null } } } } }],
    [{ breaker: { mode: 'off', failure_ratio: 0.01, open_seconds: 5, max_open_seconds: 5 } }],
  ])('is read as it is written: %j', (raw) => {
    expect(parsePolicy(raw)).toMatchObject(raw);
  });

  test.each([
    ['deny_prefixes.0', 'must be a plus sign and digits', { deny_prefixes: ['1900'] }],
    ['deny_prefixes.0', 'must be a plus sign and digits', { deny_prefixes: ['+0'] }],
    ['deny_prefixes.0', 'must be a plus sign and digits', { deny_prefixes: ['+'] }],
    ['deny_prefixes.0', 'must be a plus sign and digits', { deny_prefixes: ['+1x'] }],
    ['deny_prefixes.0', 'must be a plus sign and digits', { deny_prefixes: ['x+1'] }],
    ['deny_prefixes.0', 'must be a plus sign and digits', { deny_prefixes: ['+123456789012345'] }],
    ['test_numbers.0.number', 'must be a plus sign and 7 to 15 digits', testNumber({ number: '+123456' })],
    ['test_numbers.0.number', 'must be a plus sign and 7 to 15 digits', testNumber({ number: '+01234567' })],
    ['test_numbers.0.number', 'must be a plus sign and 7 to 15 digits', testNumber({ number: 'x+1234567' })],
    ['test_numbers.0.number', 'must be a plus sign and 7 to 15 digits', testNumber({ number: '+1234567x' })],
    ['test_numbers.0.code', 'must be 4 to 10 letters or digits', testNumber({ code: '123' })],
    ['test_numbers.0.code', 'must be 4 to 10 letters or digits', testNumber({ code: '12345678901' })],
    ['test_numbers.0.code', 'must be 4 to 10 letters or digits', testNumber({ code: '12-34' })],
    ['test_numbers.0.code', 'must be 4 to 10 letters or digits', testNumber({ code: ' 1234' })],
    ['test_numbers.0.code', 'must be 4 to 10 letters or digits', testNumber({ code: '1234 ' })],
    ['test_numbers.0.expires', 'must be a date such as 2027-01-31', testNumber({ expires: '31.1.2027' })],
    ['emails.deny_domains.0', 'must be a domain such as example.com', { emails: { deny_domains: ['a b'] } }],
    ['emails.deny_domains.0', 'must be a domain such as', { emails: { deny_domains: ['.example.com'] } }],
    ['emails.deny_domains.0', 'must be a domain such as', { emails: { deny_domains: ['example.com.'] } }],
    ['emails.deny_domains.0', 'must be a domain such as', { emails: { deny_domains: ['a..b'] } }],
    ['emails.allow_domains.0', 'must be a domain such as', { emails: { allow_domains: ['ada@b.example'] } }],
    ['countries.allow.0', 'must be an ISO 3166 country code in capitals', { countries: { allow: ['gb'] } }],
    ['countries.deny.0', 'must be an ISO 3166 country code in capitals', { countries: { deny: ['UK'] } }],
    ['daily_budget.cost.currency', 'must be an ISO 4217', { daily_budget: { cost: { currency: 'usd' } } }],
    ['daily_budget.cost.currency', 'must be an ISO 4217', { daily_budget: { cost: { currency: 'USDT' } } }],
    ['daily_budget.cost.currency', 'must be an ISO 4217', { daily_budget: { cost: { currency: 'xUSD' } } }],
    ['breaker', 'open_seconds must not be more than', { breaker: { open_seconds: 9, max_open_seconds: 8 } }],
  ] satisfies [string, string, object][])('of %s %s: %j', (key, message, raw) => {
    expect(() => parsePolicy(raw)).toThrow(`The policy is not valid. ${key}: ${message}`);
  });

  test.each([
    ['lookup.deny_types.0', { lookup: { deny_types: ['landline'] } }],
    ['number_types.deny.0', { number_types: { deny: ['satellite'] } }],
    ['on_store_failure.start', { on_store_failure: { start: 'record' } }],
    ['sending', { sending: 'record' }],
    ['code_ttl_seconds', { code_ttl_seconds: 119 }],
    ['lookup.cache_seconds', { lookup: { cache_seconds: 59 } }],
    ['test_numbers.0.use', testNumber({ use: 'none' })],
    ['emails.allow', { emails: { allow: [] } }],
    [
      'pumping.by_country.GB.prefix_day.mode',
      { pumping: { by_country: { GB: { prefix_day: { mode: 1 } } } } },
    ],
  ])('of %s is one of those there are: %j', (key, raw) => {
    expect(() => parsePolicy(raw)).toThrow(`The policy is not valid. ${key}: `);
  });
});

describe('the default channel', () => {
  test('that nobody chose is the first that is enabled', () => {
    expect(parsePolicy({ channels: ['call', 'email'] }).default_channel).toBe('call');
    expect(parsePolicy({ channels: ['call', 'sms'] }).default_channel).toBe('sms');
  });

  test('that somebody chose must be enabled', () => {
    expect(parsePolicy({ channels: ['call', 'email'], default_channel: 'email' }).default_channel).toBe(
      'email',
    );
    expect(() => parsePolicy({ channels: ['call'], default_channel: 'email' })).toThrow(
      'The policy is not valid. default_channel: must be one of channels',
    );
  });
});
