import { describe, expect, it } from 'vitest';
import { twilioAddresses } from '../../../functions/adapters/twilio-url.ts';

const verify = 'https://verify.twilio.com/v2/Services?PageSize=1';

describe('TWILIO_API_BASE_URL', () => {
  it.each([undefined, ''])('left out (%j) asks Twilio itself', (baseUrl) => {
    expect(twilioAddresses(baseUrl)(verify).href).toBe(verify);
  });

  it.each([
    ['https://proxy.example', verify, 'https://proxy.example/v2/Services?PageSize=1'],
    ['https://proxy.example/', verify, 'https://proxy.example/v2/Services?PageSize=1'],
    [
      'https://proxy.example:8443/twilio/',
      verify,
      'https://proxy.example:8443/twilio/v2/Services?PageSize=1',
    ],
    ['http://127.0.0.1:3001', 'https://verify.dublin.ie1.twilio.com/v2/x', 'http://127.0.0.1:3001/v2/x'],
    ['http://localhost:3001', 'https://lookups.twilio.com/v2/x', 'http://localhost:3001/lookups/v2/x'],
    ['http://[::1]:3001/a', 'https://iam.twilio.com/v1/Keys', 'http://[::1]:3001/a/iam/v1/Keys'],
  ])('%s takes the place of the origin of %s', (baseUrl, asked, expected) => {
    expect(twilioAddresses(baseUrl)(asked).href).toBe(expected);
  });

  it.each([
    'http://proxy.example',
    'http://127.0.0.1.example',
    'http://10.0.0.1',
    'ftp://127.0.0.1',
    'file:///etc/passwd',
    'proxy.example',
    'nonsense',
  ])('refuses %s and names the variable', (baseUrl) => {
    expect(() => twilioAddresses(baseUrl)).toThrowError(
      expect.objectContaining({
        code: 'misconfigured',
        details: { reason: 'twilio_base_url', fix: expect.stringContaining('TWILIO_API_BASE_URL') },
      }),
    );
  });
});
