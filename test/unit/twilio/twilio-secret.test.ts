import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTwilioSecret } from '../../../functions/adapters/twilio-secret.ts';
import { RunError } from '../../../functions/runtime/errors.ts';

const account = `AC${'1'.repeat(32)}`;
const key = `SK${'2'.repeat(32)}`;
const service = `VA${'3'.repeat(32)}`;
const other = `VA${'4'.repeat(32)}`;
const token = 'token-that-is-secret';
const keySecret = 'key-secret-that-is-secret';

const read = (secret: unknown) => parseTwilioSecret(JSON.stringify(secret));

/** What the operator is told to fix. */
const mendOf = (text: string): string => {
  try {
    parseTwilioSecret(text);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RunError);
    const { code, details, cause } = thrown as RunError;
    expect(code).toBe('misconfigured');
    expect(cause).toBeUndefined();
    return details.fix ?? '';
  }
  return 'nothing';
};

describe('the Twilio secret', () => {
  test('may hold the account’s auth token', () => {
    expect(read({ twilio_account_sid: account, twilio_auth_token: token })).toEqual({
      accountSid: account,
      username: account,
      password: token,
      services: [],
    });
  });

  test('may hold an API key, which is preferred', () => {
    const secret = {
      twilio_account_sid: account,
      twilio_auth_token: token,
      twilio_api_key_sid: key,
      twilio_api_key_secret: keySecret,
      service_sid: service,
    };
    expect(read(secret)).toMatchObject({ username: key, password: keySecret, services: [service] });
  });

  test.each([
    ['a list', [service, other]],
    ['words', `${service} ${other}`],
    ['words with commas', `${service}, ${other}`],
  ])('may hold several services as %s', (_name, service_sids) => {
    const secret = { twilio_account_sid: account, twilio_auth_token: token, service_sids };
    expect(read(secret).services).toEqual([service, other]);
  });

  test('has the default service first and no service twice', () => {
    const secret = {
      twilio_account_sid: account,
      twilio_auth_token: token,
      service_sid: other,
      service_sids: [service, other],
    };
    expect(read(secret).services).toEqual([other, service]);
  });

  test('takes an empty value for one that was left out, and trims', () => {
    const secret = {
      twilio_account_sid: ` ${account}\n`,
      twilio_auth_token: `${token}\n`,
      twilio_api_key_sid: '',
      twilio_api_key_secret: null,
      service_sid: '',
    };
    expect(read(secret)).toMatchObject({ username: account, password: token, services: [] });
  });

  test('may hold keys of somebody else', () => {
    expect(read({ twilio_account_sid: account, twilio_auth_token: token, note: 1 }).password).toBe(token);
  });
});

describe('a secret that cannot be used says which key lacks', () => {
  const complete = { twilio_account_sid: account, twilio_api_key_sid: key, twilio_api_key_secret: keySecret };
  test.each([
    ['the account', { ...complete, twilio_account_sid: undefined }, 'twilio_account_sid'],
    ['a well-formed account', { ...complete, twilio_account_sid: 'AC1' }, 'twilio_account_sid'],
    ['the key’s secret', { ...complete, twilio_api_key_secret: undefined }, 'twilio_api_key_secret'],
    ['the key’s SID', { ...complete, twilio_api_key_sid: undefined }, 'twilio_api_key_sid'],
    ['a well-formed key', { ...complete, twilio_api_key_sid: account }, 'twilio_api_key_sid'],
    ['any credential', { twilio_account_sid: account }, 'twilio_auth_token'],
    ['a well-formed service', { ...complete, service_sid: 'VA1' }, 'service_sid'],
    ['well-formed services', { ...complete, service_sids: [service, 'VA1'] }, 'service_sids'],
    [
      'a credential of text',
      { twilio_account_sid: account, twilio_auth_token: 12345678 },
      'twilio_auth_token',
    ],
    ['an object, being a list', [], 'twilio_account_sid'],
    ['an object, being null', null, 'JSON object'],
  ])('which is %s', (_name, secret, name) => {
    expect(mendOf(JSON.stringify(secret))).toContain(name);
  });

  test.each(['', 'token', '{', `{"twilio_auth_token": "${token}"`])('and that is not JSON: %j', (text) => {
    expect(mendOf(text)).toContain('must be a JSON object');
  });

  test('and repeats no value', () => {
    const name = fc.constantFrom(
      'twilio_account_sid',
      'twilio_auth_token',
      'twilio_api_key_sid',
      'twilio_api_key_secret',
      'service_sid',
      'service_sids',
    );
    const value = fc.oneof(
      fc.constantFrom(token, keySecret),
      fc.array(fc.constant(token)),
      fc.record({ hidden: fc.constant(keySecret) }),
    );
    fc.assert(
      fc.property(fc.dictionary(name, value), (secret) => {
        expect(mendOf(JSON.stringify(secret))).not.toMatch(/token-that|key-secret-that/);
      }),
    );
  });
});
