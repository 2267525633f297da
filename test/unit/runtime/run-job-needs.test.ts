import { describe, expect, it } from 'vitest';
import { checkNeeds, liveSecret } from '../../../local/job/job-needs.ts';

describe('the secret of --live', () => {
  it('is an auth token or an API key, in lower or upper case, with the service where one is given', () => {
    expect(liveSecret({ twilio_account_sid: 'AC1', TWILIO_AUTH_TOKEN: 'token' })).toEqual({
      twilio_account_sid: 'AC1',
      twilio_auth_token: 'token',
    });
    const key = {
      twilio_account_sid: 'AC1',
      twilio_api_key_sid: 'SK1',
      twilio_api_key_secret: 'secret',
      service_sid: 'VA1',
    };
    expect(liveSecret({ ...key, OTHER: 'x' })).toEqual(key);
  });

  it('names all that is missing, and no value', () => {
    expect(() => liveSecret({})).toThrow('twilio_account_sid and twilio_auth_token, or instead');
    expect(() => liveSecret({ twilio_account_sid: 'AC1', twilio_auth_token: '' })).toThrow(
      'hold twilio_auth_token, or instead',
    );
    expect(() => liveSecret({ twilio_auth_token: 'hidden', twilio_api_key_sid: 'SK1' })).toThrow(
      /^(?!.*hidden).*hold twilio_account_sid,/,
    );
  });
});

describe('what a job needs', () => {
  it('is looked up in lower and upper case; credentials are there in any case', () => {
    expect(() =>
      checkNeeds(['TWILIO_AUTH_TOKEN', 'service_sid', 'a', 'B', 'c_D'], { A: '1', b: '1', c_D: '1' }),
    ).not.toThrow();
  });

  it('is named where it is missing, all at once, but for what may be a number or a code', () => {
    expect(() =>
      checkNeeds(['one', 'here', 'TWO_2', '+14155552671', 'x4155552671'], { here: '1', one: '' }),
    ).toThrow(
      "The job's env names what the environment lacks: one, TWO_2, one with an unusual name, one with an unusual name",
    );
  });
});
