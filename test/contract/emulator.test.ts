import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultServiceSid } from '../../local/emulator/sids.ts';
import {
  type Harness,
  newestCode,
  startHarness,
  startTime,
  wrongCode,
} from '../support/openapi/emulator-harness.ts';

const to = '+14155552671';
const tenMinutes = 600_000;

let world: Harness;
beforeEach(async () => {
  world = await startHarness();
});
afterEach(async () => {
  await world.close();
  expect(world.http.problems).toEqual([]);
});

const refusal = (status: number, code: number, message?: string | RegExp) =>
  expect.objectContaining({
    status,
    code,
    moreInfo: `https://www.twilio.com/docs/errors/${code}`,
    ...(message === undefined ? {} : { message: expect.stringMatching(message) }),
  });

const notFound = refusal(404, 20404, /^The requested resource \/v2\/Services\/VA0{32}\/\S+ was not found$/);

const wrongChecks = async (count: number) => {
  const wrong = wrongCode(await newestCode(world, to));
  for (let index = 0; index < count; index += 1)
    expect(await world.check(to, wrong)).toMatchObject({ status: 'pending', valid: false });
  return wrong;
};

test('a start sends one message and answers as captures show it', async () => {
  const verification = await world.start(to);
  expect(verification).toMatchObject({ to, channel: 'sms', status: 'pending', valid: false, amount: null });
  expect(verification.sid).toMatch(/^VE[0-9a-f]{32}$/);
  expect(verification.lookup).toEqual({ carrier: null });
  expect(verification.sendCodeAttempts).toEqual([
    {
      channel: 'sms',
      time: '2026-01-02T03:04:05.678Z',
      attempt_sid: expect.stringMatching(/^VL[0-9a-f]{32}$/),
    },
  ]);
  expect(verification.dateCreated).toEqual(new Date('2026-01-02T03:04:05Z'));
  expect(await world.messages(to)).toEqual([
    {
      to,
      channel: 'sms',
      code: expect.stringMatching(/^\d{6}$/),
      sid: verification.sid,
      service_sid: defaultServiceSid,
      sent_at: new Date(startTime).toISOString(),
    },
  ]);
});

test('every reply carries the headers of Twilio', async () => {
  await world.start(to);
  expect(world.http.lastHeaders).toMatchObject({
    'content-type': 'application/json;charset=utf-8',
    'twilio-request-id': expect.stringMatching(/^RQ[0-9a-f]{32}$/),
  });
});

test('the right code approves once; then the verification is gone everywhere', async () => {
  const { sid } = await world.start(to);
  const code = await newestCode(world, to);
  expect(await world.check(to, code)).toMatchObject({ sid, status: 'approved', valid: true });
  await expect(world.check(to, code)).rejects.toEqual(notFound);
  await expect(world.service.verifications(sid).fetch()).rejects.toEqual(notFound);
  await expect(world.service.verifications(to).fetch()).rejects.toEqual(notFound);
  expect((await world.start(to)).sid).not.toBe(sid);
});

test('a check by SID approves too', async () => {
  const { sid } = await world.start(to);
  const code = await newestCode(world, to);
  const checks = world.service.verificationChecks;
  await expect(checks.create({ verificationSid: `VE${'0'.repeat(32)}`, code })).rejects.toEqual(notFound);
  await expect(checks.create({ verificationSid: sid, to: '+14155552672', code })).rejects.toEqual(notFound);
  expect(await checks.create({ verificationSid: sid, code })).toMatchObject({ status: 'approved' });
});

test('five wrong codes are answers, the sixth check is refused, even with the right code', async () => {
  const { sid } = await world.start(to);
  await wrongChecks(5);
  const exhausted = refusal(429, 60202, 'Max check attempts reached');
  await expect(world.check(to, await newestCode(world, to))).rejects.toEqual(exhausted);
  expect((await world.service.verifications(sid).fetch()).status).toBe('max_attempts_reached');
  await expect(world.start(to)).rejects.toEqual(exhausted);
  await world.advance(tenMinutes);
  await expect(world.service.verifications(sid).fetch()).rejects.toEqual(notFound);
  expect((await world.start(to)).status).toBe('pending');
});

test('a new start after the checks are used up begins anew where that is switched on', async () => {
  await world.control('POST', 'settings', { create_after_max_checks: 'restart' });
  const { sid } = await world.start(to);
  const wrong = await wrongChecks(5);
  await expect(world.check(to, wrong)).rejects.toEqual(refusal(429, 60202));
  expect((await world.start(to)).sid).not.toBe(sid);
});

test('of 200 wrong checks at once exactly five are judged', async () => {
  await world.start(to);
  const wrong = wrongCode(await newestCode(world, to));
  const results = await Promise.allSettled(Array.from({ length: 200 }, () => world.check(to, wrong)));
  const judged = results.filter((result) => result.status === 'fulfilled');
  expect(judged).toHaveLength(5);
  expect(judged.every((result) => result.value.status === 'pending')).toBe(true);
  const codes = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
  expect(new Set(codes)).toEqual(new Set([60202]));
});

test('of 50 right checks at once exactly one approves', async () => {
  await world.start(to);
  const code = await newestCode(world, to);
  const results = await Promise.allSettled(Array.from({ length: 50 }, () => world.check(to, code)));
  expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
});

test('a resend repeats SID and code, appends an attempt, and follows the newest channel', async () => {
  const first = await world.start(to);
  await world.advance(62_000);
  await world.start(to, 'call');
  await world.advance(1000);
  const third = await world.start(to, 'whatsapp');
  expect(third).toMatchObject({ sid: first.sid, channel: 'whatsapp', dateCreated: first.dateCreated });
  expect(third.dateUpdated.getTime() - third.dateCreated.getTime()).toBe(63_000);
  expect(third.sendCodeAttempts.map((attempt) => (attempt as { channel: string }).channel)).toEqual([
    'sms',
    'call',
    'whatsapp',
  ]);
  const messages = await world.messages(to);
  expect(messages.map(({ channel }) => channel)).toEqual(['sms', 'call', 'whatsapp']);
  expect(new Set(messages.map(({ code }) => code)).size).toBe(1);
});

test('five sends are made, the sixth is refused until the verification ends', async () => {
  const { sid } = await world.start(to);
  for (let index = 0; index < 4; index += 1) await world.start(to);
  await expect(world.start(to)).rejects.toEqual(refusal(429, 60203, 'Max send attempts reached'));
  expect(await world.messages(to)).toHaveLength(5);
  await world.service.verifications(sid).update({ status: 'canceled' });
  expect((await world.start(to)).sid).not.toBe(sid);
});

test('of 500 parallel starts for one number five are sent, for 500 numbers all are', async () => {
  const same = await Promise.allSettled(Array.from({ length: 500 }, () => world.start(to)));
  const sent = same.flatMap((result) => (result.status === 'fulfilled' ? [result.value.sid] : []));
  expect(sent).toHaveLength(5);
  expect(new Set(sent).size).toBe(1);
  expect(await world.messages(to)).toHaveLength(5);
  const others = Array.from({ length: 500 }, (_, index) => `+1415556${String(index).padStart(4, '0')}`);
  await Promise.all(others.map((other) => world.start(other)));
  const { body } = await world.control('GET', 'messages');
  expect(body).toHaveLength(505);
});

test('a verification ends ten minutes after its first send; a resend does not move the end', async () => {
  await world.start(to);
  const code = await newestCode(world, to);
  await world.advance(tenMinutes - 1);
  await world.start(to);
  expect(await world.check(to, wrongCode(code))).toMatchObject({ status: 'pending' });
  await world.advance(1);
  await expect(world.check(to, code)).rejects.toEqual(notFound);
  await expect(world.service.verifications(to).fetch()).rejects.toEqual(notFound);
});

test('canceling frees the number and leaves the SID to be fetched', async () => {
  const { sid } = await world.start(to);
  const code = await newestCode(world, to);
  const canceled = await world.service.verifications(sid).update({ status: 'canceled' });
  expect(canceled).toMatchObject({ sid, status: 'canceled', valid: false });
  expect((await world.service.verifications(sid).fetch()).status).toBe('canceled');
  await expect(world.check(to, code)).rejects.toEqual(notFound);
  await expect(world.service.verifications(to).fetch()).rejects.toEqual(notFound);
  expect((await world.start(to)).sid).not.toBe(sid);
});

test('a verification is fetched and updated by its destination, a number or an address', async () => {
  const { sid } = await world.start('somebody@example.com', 'email');
  expect((await world.service.verifications('somebody@example.com').fetch()).sid).toBe(sid);
  await world.start(to);
  const approved = await world.service.verifications(to).update({ status: 'approved' });
  expect(approved).toMatchObject({ status: 'approved', valid: true });
  await expect(world.service.verifications(to).fetch()).rejects.toEqual(notFound);
});

test('a status that cannot be set is refused', async () => {
  const { sid } = await world.start(to);
  const update = world.service.verifications(sid).update({ status: 'pending' as 'approved' });
  await expect(update).rejects.toEqual(refusal(400, 60200, /^Invalid parameter: Status$/));
});

test.each(['', '4155552671', '+1415555267', '+19995551234', '+10005551234', '+12115551234', '+999', 'a@b.c'])(
  'a number that cannot be one is refused and repeated: %j',
  async (number) => {
    const message = number === '' ? 'Invalid parameter: To' : `Invalid parameter \`To\`: ${number}`;
    await expect(world.start(number)).rejects.toMatchObject({ status: 400, code: 60200, message });
  },
);

test.each(['+15551234567', '+15005550006', '+447700900123', '+14165550100', '+995555123456'])(
  'an ordinary number works on every channel that carries to numbers: %s',
  async (number) => {
    for (const channel of ['sms', 'call', 'whatsapp'])
      expect(await world.start(number, channel)).toMatchObject({ channel, status: 'pending' });
    expect(await world.check(number, await newestCode(world, number))).toMatchObject({ valid: true });
  },
);

test('a number is no address for e-mail', async () => {
  await expect(world.start(to, 'email')).rejects.toEqual(refusal(400, 60200, /^Invalid parameter `To`/));
});

test.each(['SMS', 'voice', 'rcs', 'custom', 'auto', 'constructor'])('%s is no channel', async (channel) => {
  await expect(world.start(to, channel)).rejects.toEqual(refusal(400, 60200, /^Invalid parameter: Channel$/));
});

test('auto chooses a channel where the account has it', async () => {
  await world.control('POST', 'settings', { channels: ['sms', 'auto'] });
  expect((await world.start(to, 'auto')).channel).toBe('sms');
});

test.each([
  [{ locale: 'xx' }, 400, 60200, 'Invalid parameter: Locale'],
  [{ customCode: '1234' }, 403, 60204, ''],
  [{ customCode: '123' }, 400, 60200, 'Invalid parameter: CustomCode'],
  [{ customFriendlyName: 'Shop' }, 403, 60204, ''],
  [{ channel: 'call', appHash: 'ABCDEFGHIJK' }, 400, 60602, ''],
  [{ templateSid: 'HJ1' }, 400, 60200, 'Invalid parameter: TemplateSid'],
  [{ templateCustomSubstitutions: 'no' }, 400, 60224, ''],
  [{ tags: '{"a":1}' }, 400, 60200, 'Invalid parameter: Tags'],
  [{ deviceIp: '1.2.3' }, 400, 60200, 'Invalid parameter: DeviceIp'],
])('a wrong parameter is refused: %j', async (parameters, status, code, message) => {
  const start = world.service.verifications.create({ to, channel: 'sms', ...parameters });
  await expect(start).rejects.toEqual(refusal(status, code, message));
  expect(await world.messages(to)).toEqual([]);
});

test('parameters of ordinary use are taken', async () => {
  const start = world.service.verifications.create({
    to,
    channel: 'sms',
    locale: 'de',
    appHash: 'ABCDEFGHIJK',
    templateSid: `HJ${'a'.repeat(32)}`,
    templateCustomSubstitutions: '{"name":"x"}',
    tags: JSON.stringify({ order: '7' }),
    deviceIp: '2001:db8::1',
    rateLimits: { unknown: '1' },
    riskCheck: 'enable',
  });
  expect(await start).toMatchObject({ status: 'pending' });
});

test('checks are refused without a destination, with a wrong one, and with a code of wrong length', async () => {
  const checks = world.service.verificationChecks;
  await expect(checks.create({ code: '123456' })).rejects.toEqual(refusal(400, 60221));
  await expect(world.check('+19995551234', '123456')).rejects.toEqual(refusal(400, 60200, /`To`/));
  for (const code of ['', '123', '12345678901'])
    await expect(world.check(to, code)).rejects.toEqual(refusal(400, 60200, 'Invalid parameter: Code'));
  await expect(world.check(to, '123456')).rejects.toEqual(notFound);
});

test('a service has to exist, and its SID to look like one', async () => {
  const create = (sid: string) =>
    world.client.verify.v2.services(sid).verifications.create({ to, channel: 'sms' });
  await expect(create(`VA${'1'.repeat(32)}`)).rejects.toEqual(refusal(404, 20404));
  await expect(create(`AC${'0'.repeat(32)}`)).rejects.toEqual(
    refusal(400, 60200, /^Invalid parameter \(null\)$/),
  );
});

test('services are made, changed, listed and deleted, and their properties take effect', async () => {
  const { services } = world.client.verify.v2;
  const made = await services.create({ friendlyName: 'Shop', codeLength: 8, lookupEnabled: true });
  expect(made).toMatchObject({ friendlyName: 'Shop', codeLength: 8, dtmfInputRequired: true });
  const service = services(made.sid);
  const verification = await service.verifications.create({ to, channel: 'sms' });
  expect(await newestCode(world, to)).toMatch(/^\d{8}$/);
  expect(verification.lookup).toMatchObject({ carrier: { type: 'mobile', error_code: null } });
  await service.update({ customCodeEnabled: true });
  await service.verifications.create({ to, channel: 'sms', customCode: '4711' });
  expect(await newestCode(world, to)).toBe('4711');
  expect((await services.list()).map(({ sid }) => sid)).toEqual([defaultServiceSid, made.sid]);
  for (const codeLength of [3, 11])
    await expect(service.update({ codeLength })).rejects.toEqual(refusal(400, 60200, /CodeLength/));
  await expect(services.create({ friendlyName: 'Shop 12345' })).rejects.toEqual(refusal(400, 60200));
  expect(await service.remove()).toBe(true);
  await expect(service.fetch()).rejects.toEqual(refusal(404, 20404));
});

test('a payment service binds the code to amount and payee', async () => {
  await world.service.update({ psd2Enabled: true });
  const { verifications, verificationChecks } = world.service;
  await expect(world.start(to)).rejects.toEqual(refusal(400, 60206));
  const payment = { to, amount: '€39.99', payee: 'Acme' };
  await expect(verifications.create({ ...payment, channel: 'call' })).rejects.toEqual(refusal(400, 60214));
  expect(await verifications.create({ ...payment, channel: 'sms' })).toMatchObject({ payee: 'Acme' });
  const code = await newestCode(world, to);
  const other = await verificationChecks.create({ ...payment, amount: '€1', code });
  expect(other).toMatchObject({ valid: false });
  expect(await verificationChecks.create({ ...payment, code })).toMatchObject({ valid: true });
});

test('Service Rate Limits refuse with headers that tell when to come again', async () => {
  const limit = await world.service.rateLimits.create({ uniqueName: 'end_user_ip' });
  await world.service.rateLimits(limit.sid).buckets.create({ max: 2, interval: 60 });
  const start = (number: string, address: string) =>
    world.service.verifications.create({ to: number, channel: 'sms', rateLimits: { end_user_ip: address } });
  await start('+14155552671', '192.0.2.1');
  await world.advance(20_000);
  await start('+14155552672', '192.0.2.1');
  await expect(start('+14155552673', '192.0.2.1')).rejects.toEqual(refusal(429, 20429, 'Too many requests'));
  expect(world.http.lastHeaders).toMatchObject({
    'retry-after': '40',
    'twilio-reached-rate-limit': 'end_user_ip',
  });
  await start('+14155552673', '192.0.2.2');
  await world.advance(40_000);
  await start('+14155552673', '192.0.2.1');
  await expect(start('+14155552674', '192.0.2.1')).rejects.toEqual(refusal(429, 20429));
});

test('attempts are listed newest first, filtered, paged and summed up', async () => {
  await world.start('+34600000000');
  await world.start(to);
  await world.advance(60_000);
  await world.start(to, 'call');
  await world.check(to, await newestCode(world, to));
  const { verificationAttempts, verificationAttemptsSummary } = world.client.verify.v2;
  const all = await verificationAttempts.list({ pageSize: 2 });
  expect(all.map(({ channel }) => channel)).toEqual(['call', 'sms', 'sms']);
  const converted = await verificationAttempts.list({ status: 'converted', channel: 'sms' });
  expect(converted).toHaveLength(1);
  expect(converted[0]?.channelData).toMatchObject({ to, country: 'US', message_status: 'delivered' });
  expect((await verificationAttempts(all[0]?.sid ?? '').fetch()).conversionStatus).toBe('converted');
  expect(await verificationAttempts.list({ country: 'ES' })).toHaveLength(1);
  const later = new Date(startTime + 1000);
  expect(await verificationAttempts.list({ dateCreatedAfter: later })).toHaveLength(1);
  expect(await verificationAttemptsSummary().fetch()).toMatchObject({
    totalAttempts: 3,
    totalConverted: 2,
    totalUnconverted: 1,
    conversionRatePercentage: '66.666666667',
  });
  const spanish = await verificationAttemptsSummary().fetch({ destinationPrefix: '+34' });
  expect(spanish).toMatchObject({ totalAttempts: 1, conversionRatePercentage: '0' });
});

test('an SMS to a landline is sent but does not arrive, a call does', async () => {
  const landline = '+14155550199';
  await world.control('POST', 'settings', { landline_prefixes: [landline] });
  await world.start(landline);
  expect(await world.messages(landline)).toEqual([]);
  const [attempt] = await world.client.verify.v2.verificationAttempts.list();
  expect(attempt?.channelData).toMatchObject({ message_status: 'undelivered', error_code: '30006' });
  await world.start(landline, 'call');
  expect(await world.messages(landline)).toHaveLength(1);
  await world.service.update({ skipSmsToLandlines: true });
  await expect(world.start(landline)).rejects.toEqual(refusal(403, 60205));
});

test.each([
  [{ channels: ['call'] }, 'sms', 400, 60223, 'Delivery channel disabled: SMS'],
  [{ whatsapp_sender: false }, 'whatsapp', 400, 68008, ''],
  [{ geo_blocked_countries: ['US'] }, 'sms', 403, 60605, /\+1 is blocked for sms channel/],
  [{ fraud_blocked_prefixes: ['+1415'] }, 'sms', 403, 60410, /prefix is blocked for the SMS channel$/],
  [{ trial: true }, 'sms', 403, 21608, ''],
])('a switch of the Console takes effect: %j', async (settings, channel, status, code, message) => {
  await world.control('POST', 'settings', settings);
  await expect(world.start(to, channel)).rejects.toEqual(refusal(status, code, message));
});

test('e-mail needs a mailer', async () => {
  await world.control('POST', 'settings', { mailer: false });
  await expect(world.start('a@example.com', 'email')).rejects.toEqual(refusal(400, 60217, /^A Mailer must/));
});

test('two starts at the same time for one number are refused where that is switched on', async () => {
  await world.control('POST', 'settings', { concurrency_window_ms: 1000 });
  const results = await Promise.allSettled([world.start(to), world.start(to)]);
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  await expect(world.start(to)).rejects.toEqual(refusal(429, 60212));
  await world.advance(1000);
  expect(await world.start(to)).toMatchObject({ status: 'pending' });
});

test.each([
  ['+15005550429', 'sms', 429, 20429],
  ['+15005550503', 'sms', 503, 20503],
  ['+15005550200', 'sms', 400, 60200],
  ['+15005550203', 'sms', 429, 60203],
  ['+15005550205', 'sms', 403, 60205],
  ['+15005550212', 'sms', 429, 60212],
  ['+15005550223', 'sms', 400, 60223],
  ['+15005560410', 'sms', 403, 60410],
  ['+15005550605', 'call', 403, 60605],
  ['+15005551608', 'sms', 403, 21608],
  ['+15005558008', 'whatsapp', 400, 68008],
  ['no-mailer@emulator.test', 'email', 400, 60217],
])('%s by %s stands for its error', async (number, channel, status, code) => {
  await expect(world.start(number, channel)).rejects.toEqual(refusal(status, code));
});

test('a number stands for used-up checks, and one for an undelivered message', async () => {
  await world.start('+15005550202');
  const code = await newestCode(world, '+15005550202');
  await expect(world.check('+15005550202', code)).rejects.toEqual(refusal(429, 60202));
  await world.start('+15005553003');
  expect(await world.messages('+15005553003')).toEqual([]);
});

test('credentials are checked: API key and token open the account, anything else does not', async () => {
  const fetchService = (user: string, password: string) =>
    world.connect(user, password).verify.v2.services(defaultServiceSid).fetch();
  const key = `SK${'0'.repeat(32)}`;
  expect(await fetchService(key, 'emulator-secret')).toMatchObject({ sid: defaultServiceSid });
  for (const [user, password] of [
    [key, 'emulator-secre'],
    [key, 'emulator-token'],
    [`SK${'1'.repeat(32)}`, 'emulator-secret'],
    [`AC${'1'.repeat(32)}`, 'emulator-token'],
  ] as const)
    await expect(fetchService(user, password)).rejects.toEqual(refusal(401, 20003, 'Authenticate'));
  const anonymous = await fetch(`${world.url}/v2/Services`);
  expect(anonymous.status).toBe(401);
  expect(await anonymous.json()).toEqual({
    code: 20003,
    detail: '',
    message: 'Authenticate',
    more_info: 'https://www.twilio.com/docs/errors/20003',
    status: 401,
  });
});

test('unknown paths and methods answer as Twilio does', async () => {
  const unknown = await fetch(`${world.url}/v2/Nothing`);
  expect([unknown.status, await unknown.json()]).toEqual([404, expect.objectContaining({ code: 20404 })]);
  const method = await fetch(`${world.url}/v2/Services`, { method: 'PUT' });
  expect([method.status, await method.json()]).toEqual([405, expect.objectContaining({ code: 20004 })]);
  const badEscape = await fetch(`${world.url}/v2/Services/%zz`);
  expect(badEscape.status).toBe(404);
});
