import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { envelopeKeys, expectEnvelope, expectHttpAnswer, type HttpAnswer } from '../support/contract.ts';
import { lambdaContext, proxyEvents, restEvent } from '../support/lambda-events.ts';
import { startService, type TestService } from '../support/service.ts';

const to_phone = '+14155552671';
let service: TestService;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.world.close());
beforeEach(async () => {
  await service.control('reset', {});
  service.lines.length = 0;
  service.metrics.length = 0;
});

const codeSentTo = async (to: string): Promise<string> => (await service.messages(to)).at(-1)?.code ?? 'none';

describe.each(proxyEvents)('through a %s', (_name, event) => {
  const start = async (body: unknown, options = {}) =>
    (await service.start(event(body, options))) as HttpAnswer;
  const check = async (body: unknown, options = {}) =>
    (await service.check(event(body, options))) as HttpAnswer;

  test('a code is sent and approved', async () => {
    const started = await start({ to_phone });
    expect(expectHttpAnswer(started)).toBe('ok');
    const [message] = await service.messages(to_phone);
    expect(JSON.parse(started.body)).toEqual({
      success: true,
      sid: message?.sid,
      status: 'pending',
      valid: true,
      error: null,
    });

    const approved = await check({ to_phone, code: message?.code });
    expect(expectHttpAnswer(approved)).toBe('ok');
    expect(JSON.parse(approved.body)).toMatchObject({ success: true, status: 'approved', sid: message?.sid });
  });

  test('a base64 body is as good', async () => {
    expect(expectHttpAnswer(await start({ to_phone }, { base64: true }))).toBe('ok');
    const code = await codeSentTo(to_phone);
    expect(JSON.parse((await check({ to_phone, code }, { base64: true })).body).status).toBe('approved');
  });

  test('a wrong code is 200 and no error', async () => {
    await start({ to_phone });
    const answer = await check({ to_phone, code: 'wrong1' });
    expect(expectHttpAnswer(answer)).toBe('ok');
    expect(answer.body).toBe('{"success":true,"sid":null,"status":"pending","valid":false,"error":null}');
  });

  test('every reply has the envelope’s keys in order and the gateway’s request id', async () => {
    const requestId = 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef';
    const answers = [await start({ to_phone }, { requestId }), await start({}, { requestId })];
    for (const { body, headers } of answers) {
      expect(Object.keys(JSON.parse(body))).toEqual(envelopeKeys);
      expect(headers['X-Request-Id']).toBe(requestId);
    }
  });

  test.each([
    ['a method other than POST', 'method', 405, { to_phone }, { method: 'GET' }],
    ['another media type', 'media_type', 415, { to_phone }, { headers: { 'Content-Type': 'text/plain' } }],
    ['a body over 8 KiB', 'too_large', 413, { to_phone, locale: 'x'.repeat(8192) }, {}],
    ['no body', 'invalid_input', 400, null, {}],
    ['an unknown field', 'invalid_input', 400, { to_phone, phone: 'x' }, {}],
    ['a caller’s own word on who it is', 'invalid_input', 400, { to_phone, identity: 'user-1' }, {}],
    [
      'a service that is not ours',
      'invalid_service',
      400,
      { to_phone, service_sid: `VA${'f'.repeat(32)}` },
      {},
    ],
  ])('%s is refused (%s) before Twilio hears of it', async (_what, code, status, body, options) => {
    const answer = await start(body, options);
    expect(expectHttpAnswer(answer)).toBe(code);
    expect(answer.statusCode).toBe(status);
    expect(await service.twilioRequests()).toBe(0);
  });

  test('a check of what was never started is 404', async () => {
    const answer = await check({ to_phone: '+14155550404', code: '123456' });
    expect(expectHttpAnswer(answer)).toBe('no_verification');
    expect(answer.statusCode).toBe(404);
  });
});

describe('what Twilio refuses becomes the contract’s answer', () => {
  test.each([
    ['60410', 'blocked', 403, '+15005560410', {}],
    ['60605', 'blocked', 403, '+15005550605', {}],
    ['60238', 'blocked', 403, '+15005550238', {}],
    ['21610', 'blocked', 403, '+15005551610', {}],
    ['60205', 'channel_unavailable', 422, '+15005550205', {}],
    ['60223', 'channel_unavailable', 422, '+15005550223', {}],
    ['60203', 'throttled', 429, '+15005550203', {}],
    ['60212', 'throttled', 429, '+15005550212', {}],
    ['20429', 'throttled', 429, '+15005550429', {}],
    ['60200', 'invalid_input', 400, '+15005550200', {}],
    ['21608', 'misconfigured', 500, '+15005551608', {}],
    ['60217', 'misconfigured', 500, 'no-mailer@emulator.test', { channel: 'email' }],
    ['20500', 'upstream_error', 502, '+15005550500', {}],
    ['20503', 'upstream_unavailable', 503, '+15005550503', {}],
  ])('%s is %s', async (twilio, code, status, to, more) => {
    const answer = (await service.start(restEvent({ to_phone: to, ...more }))) as HttpAnswer;
    expect(expectHttpAnswer(answer)).toBe(code);
    expect(answer.statusCode).toBe(status);
    expect(service.lines).toMatchObject([{ fields: { code, reason: `twilio_${twilio}` } }]);
  });

  test('a country, a prefix and a suppressed recipient get one and the same sentence', async () => {
    const blocked = ['+15005560410', '+15005550605', '+15005550238', '+15005551610'];
    const answers = await Promise.all(blocked.map((to) => service.start({ to_phone: to })));
    const sentences = new Set(answers.map((answer) => (answer as { error: string }).error));
    expect([...sentences]).toHaveLength(1);
  });

  test('the sentence of an unavailable channel names those to try', async () => {
    expect(await service.start({ to_phone: '+15005550205' })).toMatchObject({
      error: expect.stringMatching(/\bcall\b/),
    });
  });

  test('too many wrong codes are max_attempts', async () => {
    await service.start({ to_phone });
    for (let guess = 0; guess < 5; guess += 1) await service.check({ to_phone, code: `wrong${guess}` });
    const answer = (await service.check(restEvent({ to_phone, code: 'wrong6' }))) as HttpAnswer;
    expect(expectHttpAnswer(answer)).toBe('max_attempts');
    expect(Number(answer.headers['Retry-After'])).toBeGreaterThanOrEqual(1);
  });
});

describe('a direct caller', () => {
  test('gets the envelope itself, in order', async () => {
    const started = await service.start({ to_phone });
    expect(expectEnvelope(started)).toBe('pending');
    expect(expectEnvelope(await service.check({ to_phone, code: 'wrong1' }))).toBe('wrong');
    expect(expectEnvelope(await service.check({ to_phone, code: await codeSentTo(to_phone) }))).toBe(
      'approved',
    );
  });

  test('may say who it speaks for', async () => {
    const input = { to: to_phone, identity: 'user-1', client_ip: '198.51.100.7' };
    expect(expectEnvelope(await service.start(input))).toBe('pending');
  });

  test.each([[{}], [null], [undefined], [[]], ['text'], [42]])(
    'with the input %j gets an envelope',
    async (input) => {
      expect(expectEnvelope(await service.start(input))).toBe('failed');
      expect(expectEnvelope(await service.check(input))).toBe('failed');
    },
  );

  test('gets an envelope for an upstream failure, with the function’s own sentence', async () => {
    expect(await service.start({ to_phone: '+15005550500' })).toMatchObject({
      error: 'Verification could not be started',
    });
    await service.control('faults', { path: '/VerificationCheck', code: 20500 });
    expect(await service.check({ to_phone, code: '123456' })).toMatchObject({
      error: 'Verification check failed',
    });
  });
});

describe('every channel', () => {
  test.each([
    ['sms', 'sms', to_phone],
    ['RCS', 'sms', to_phone],
    ['voice', 'call', to_phone],
    ['WhatsApp', 'whatsapp', to_phone],
    ['email', 'email', 'ada@example.com'],
  ])('%s reaches the recipient as %s and its code is approved', async (asked, channel, to) => {
    expect(expectEnvelope(await service.start({ to_phone: to, channel: asked }))).toBe('pending');
    const [message] = await service.messages(to);
    expect(message).toMatchObject({ channel });
    expect(expectEnvelope(await service.check({ to_phone: to, code: message?.code }))).toBe('approved');
  });
});

describe('what is observed', () => {
  test('is one line a request and what it and its parts took, with nothing of the caller’s words', async () => {
    await service.start({ to_phone }, lambdaContext('request-1'));
    expect(service.lines).toEqual([
      {
        event: 'request_answered',
        fields: {
          function: 'start_verification',
          request_id: 'request-1',
          caller: 'direct',
          duration: expect.any(Number),
        },
      },
    ]);
    const measured = (name: string) => ({
      name,
      value: expect.any(Number),
      dimensions: { function: 'start_verification' },
    });
    const [requests, ...durations] = service.metrics;
    expect(requests).toEqual({
      name: 'Requests',
      value: 1,
      dimensions: { function: 'start_verification', outcome: 'ok' },
    });
    expect(durations.filter(({ name }) => name !== 'StoreDuration')).toEqual([
      measured('Duration'),
      measured('TwilioDuration'),
    ]);
    expect(durations).toContainEqual(measured('StoreDuration'));
  });

  test.each([
    ['request_refused', { to_phone: 'nobody' }],
    ['upstream_failed', { to_phone: '+15005550500' }],
    ['operator_needed', { to_phone: '+15005551608' }],
  ])('is %s for a failure of its kind', async (event, input) => {
    await service.start(input);
    expect(service.lines.map((line) => line.event)).toEqual([event]);
  });
});

describe('a function that is about to be cut off', () => {
  test('answers upstream_timeout while it still can', async () => {
    await service.control('faults', { path: '/Verifications', delay_ms: 600_000 });
    const context = { ...lambdaContext(), getRemainingTimeInMillis: () => 500 };
    const answer = (await service.start(restEvent({ to_phone }), context)) as HttpAnswer;
    expect(expectHttpAnswer(answer)).toBe('upstream_timeout');
    expect(service.lines).toMatchObject([{ fields: { reason: 'lambda_timeout' } }]);
  });
});
