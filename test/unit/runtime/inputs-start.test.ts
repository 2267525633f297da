import { describe, expect, test } from 'vitest';
import type { Caller } from '../../../functions/runtime/define-function.ts';
import { runFunction } from '../../../functions/runtime/run-function.ts';
import { startVerification } from '../../../functions/start_verification.ts';
import { expectEnvelope } from '../../support/contract.ts';
import { type FakePorts, fakePorts, serviceSid, verificationSid } from '../../support/ports.ts';

const to_phone = '+14155552671';
const otherService = `VA${'f'.repeat(32)}`;

const run = (raw: unknown, ports: FakePorts = fakePorts(), kind: Caller['kind'] = 'http') =>
  runFunction(startVerification, { caller: { kind }, input: () => raw }, () => ports);

/** What the provider was asked for. */
const asked = async (raw: unknown, ports: FakePorts = fakePorts(), kind: Caller['kind'] = 'http') => {
  const { answer } = await run(raw, ports, kind);
  expect(answer).toEqual({
    success: true,
    sid: verificationSid,
    status: 'pending',
    valid: true,
    error: null,
  });
  const [start] = ports.starts;
  return Object.fromEntries(Object.entries(start ?? {}).filter(([, value]) => value !== undefined));
};

/** How it was refused, and that nothing was asked of the provider. */
const refused = async (raw: unknown, ports: FakePorts = fakePorts(), kind: Caller['kind'] = 'http') => {
  const { answer, error } = await run(raw, ports, kind);
  expect(expectEnvelope(answer)).toBe('failed');
  expect(ports.starts).toEqual([]);
  return { code: error?.code, sentence: answer.error };
};

describe('to_phone', () => {
  test.each(['to_phone', 'to'])('may be called %s', async (name) => {
    expect(await asked({ [name]: ' +1 (415) 555-2671 ' })).toEqual({
      service: serviceSid,
      destination: to_phone,
      channel: 'sms',
    });
  });

  test.each([[undefined], [null], [''], [' ']])('is required, so never %j', async (value) => {
    expect(await refused({ to_phone: value })).toEqual({
      code: 'invalid_input',
      sentence:
        'to_phone is required; give a phone number with its country code, or an e-mail address for the email channel',
    });
  });

  test('without its country code is refused where no country is configured', async () => {
    expect(await refused({ to_phone: '415 555 2671' })).toEqual({
      code: 'invalid_input',
      sentence: 'to_phone must be a phone number with a plus sign and its country code',
    });
  });

  test('without its country code is taken where one is configured', async () => {
    const ports = fakePorts({ policy: { default_country: 'US' } });
    expect(await asked({ to_phone: '415 555 2671' }, ports)).toMatchObject({ destination: to_phone });
  });

  test('that is an e-mail address needs the email channel, and the sentence says so', async () => {
    expect(await refused({ to_phone: 'ada@example.com' })).toEqual({
      code: 'invalid_input',
      sentence: 'to_phone is an e-mail address; set channel to email',
    });
    expect(await asked({ to_phone: 'Ada@Example.com', channel: 'email' })).toMatchObject({
      destination: 'Ada@example.com',
      channel: 'email',
    });
  });

  test('that is a number does not go with the email channel', async () => {
    expect(await refused({ to_phone, channel: 'email' })).toEqual({
      code: 'invalid_input',
      sentence: 'to_phone must be an e-mail address, because channel is email',
    });
  });
});

describe('channel', () => {
  test.each([
    [undefined, 'sms'],
    [null, 'sms'],
    ['', 'sms'],
    ['  ', 'sms'],
    ['sms', 'sms'],
    [' SMS ', 'sms'],
    ['Sms', 'sms'],
    ['call', 'call'],
    ['voice', 'call'],
    ['VOICE', 'call'],
    ['rcs', 'sms'],
    ['RCS', 'sms'],
    ['WhatsApp', 'whatsapp'],
  ])('%j is sent as %s', async (channel, sent) => {
    expect(await asked({ to_phone, channel })).toMatchObject({ channel: sent });
  });

  test.each(['pigeon', 'auto', 'sna', 'custom', 'constructor', '__proto__', 'toString', 'sms,call'])(
    '%s is refused with a list of those that are enabled',
    async (channel) => {
      expect(await refused({ to_phone, channel })).toEqual({
        code: 'invalid_input',
        sentence: 'channel must be one of sms, call, email, whatsapp',
      });
    },
  );

  test.each(['voice', 'whatsapp'])('%s is refused where policy does not enable it', async (channel) => {
    const ports = fakePorts({ policy: { channels: ['email'] } });
    expect(await refused({ to_phone, channel }, ports)).toEqual({
      code: 'invalid_input',
      sentence: 'channel must be one of email',
    });
  });

  test('auto may be enabled by policy', async () => {
    expect(
      await asked({ to_phone, channel: 'auto' }, fakePorts({ policy: { channels: ['auto'] } })),
    ).toMatchObject({
      channel: 'auto',
    });
  });

  test('left out is the policy’s default', async () => {
    expect(await asked({ to_phone }, fakePorts({ policy: { default_channel: 'call' } }))).toMatchObject({
      channel: 'call',
    });
  });
});

describe('service_sid', () => {
  test('may be left out, or be the configured one, in any case', async () => {
    const known = `VA${'aB'.repeat(16)}`;
    for (const service_sid of [undefined, null, '', known, known.replaceAll('aB', 'Ab')])
      expect(await asked({ to_phone, service_sid }, fakePorts({ services: [known] }))).toMatchObject({
        service: known,
      });
  });

  test('may be any that is configured', async () => {
    const ports = fakePorts({ services: [serviceSid, otherService] });
    expect(await asked({ to_phone, service_sid: otherService }, ports)).toMatchObject({
      service: otherService,
    });
  });

  test('that is not configured is refused', async () => {
    expect(await refused({ to_phone, service_sid: otherService })).toEqual({
      code: 'invalid_service',
      sentence: 'service_sid is not a service of this deployment; leave it out or use a configured one',
    });
  });

  test('is required where none is configured, and then any is taken', async () => {
    expect(await refused({ to_phone }, fakePorts({ services: [] }))).toEqual({
      code: 'invalid_input',
      sentence: 'service_sid is required; give VA and 32 hexadecimal digits',
    });
    const ports = fakePorts({ services: [] });
    expect(await asked({ to_phone, service_sid: otherService }, ports)).toMatchObject({
      service: otherService,
    });
  });

  test.each([
    'VA1',
    'va00000000000000000000000000000000',
    `AC${'0'.repeat(32)}`,
    `VA${'g'.repeat(32)}`,
    `${serviceSid}0`,
  ])('%s is malformed', async (service_sid) => {
    expect(await refused({ to_phone, service_sid })).toEqual({
      code: 'invalid_input',
      sentence: 'service_sid must be VA and 32 hexadecimal digits',
    });
  });
});

describe('the other fields', () => {
  test('reach the provider as they were given, trimmed', async () => {
    const options = {
      locale: ' pt-BR ',
      app_hash: 'A1b2+/C3d4e',
      custom_friendly_name: 'Acme',
      template_sid: `HJ${'0'.repeat(32)}`,
      amount: '€39.99',
      payee: 'Acme Ltd',
      device_ip: '2001:db8::1',
      tags: { order: '1' },
      idempotency_key: 'a.b_c:d-1',
    };
    expect(await asked({ to_phone, ...options })).toEqual({
      service: serviceSid,
      destination: to_phone,
      channel: 'sms',
      locale: 'pt-BR',
      appHash: 'A1b2+/C3d4e',
      customFriendlyName: 'Acme',
      templateSid: `HJ${'0'.repeat(32)}`,
      amount: '€39.99',
      payee: 'Acme Ltd',
      deviceIp: '2001:db8::1',
      tags: { order: '1' },
    });
  });

  test('tags may be the text of an object', async () => {
    expect(await asked({ to_phone, tags: '{"order":"1"}' })).toMatchObject({ tags: { order: '1' } });
  });

  test('locale left out is the policy’s', async () => {
    expect(await asked({ to_phone }, fakePorts({ policy: { default_locale: 'fr' } }))).toMatchObject({
      locale: 'fr',
    });
  });

  test('app_hash goes with sms only', async () => {
    expect(await refused({ to_phone, channel: 'call', app_hash: 'A1b2+/C3d4e' })).toEqual({
      code: 'invalid_input',
      sentence: 'app_hash goes with the sms channel only',
    });
  });

  test.each([
    ['locale', 'english please'],
    ['app_hash', 'short'],
    ['custom_friendly_name', 'x'.repeat(31)],
    ['template_sid', 'HJ1'],
    ['amount', 39.99],
    ['device_ip', 'localhost'],
    ['tags', { order: 1 }],
    ['idempotency_key', 'two words'],
  ])('%s is refused by name when malformed', async (field, value) => {
    const { code, sentence } = await refused({ to_phone, [field]: value });
    expect(code).toBe('invalid_input');
    expect(sentence).toMatch(new RegExp(`^${field} must be `));
  });

  test.each(['code', 'sid', 'risk_check', 'RiskCheck', 'rate_limits', 'send_digits', 'custom_code'])(
    '%s is not a field of a start',
    async (field) => {
      expect(await refused({ to_phone, [field]: 'x' })).toEqual({
        code: 'invalid_input',
        sentence: `${field} is not a field here; leave it out`,
      });
    },
  );
});

describe('who asks', () => {
  test.each([
    ['identity', 'user-1'],
    ['client_ip', '198.51.100.7'],
  ])('%s is refused over HTTP and honoured from a direct caller', async (field, value) => {
    const raw = { to_phone, [field]: value };
    expect(await refused(raw)).toEqual({
      code: 'invalid_input',
      sentence: `${field} is not taken from a request; leave it out`,
    });
    expect(await asked(raw, fakePorts(), 'direct')).toMatchObject({ destination: to_phone });
  });

  test.each(['198.51.100.7', '2001:db8::1', '::ffff:198.51.100.7'])(
    'client_ip may be %s',
    async (client_ip) => {
      expect(await asked({ to_phone, client_ip }, fakePorts(), 'direct')).toMatchObject({
        destination: to_phone,
      });
    },
  );

  test.each(['localhost', '198.51.100', '198.51.100.7:80', '1.2.3.4, 5.6.7.8'])(
    'client_ip is never %s',
    async (client_ip) => {
      const { code } = await refused({ to_phone, client_ip }, fakePorts(), 'direct');
      expect(code).toBe('invalid_input');
    },
  );
});
