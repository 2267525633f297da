import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWorld } from '../../local/world.ts';
import { expectHttpAnswer, type HttpAnswer } from '../support/contract.ts';
import { type HttpOptions, restEvent } from '../support/lambda-events.ts';
import { serve, type TestService } from '../support/service.ts';

const testNumber = { number: '+15005550100', code: '424242', expires: '2999-12-31', note: 'app review' };

let service: TestService;
beforeAll(async () => {
  service = serve(await startWorld({ twilio: 'emulator', policy: { test_numbers: [testNumber] } }));
});
afterAll(async () => {
  await service.world.close();
});

let last = 0;
/** A number and an address that no other test has used. */
const fresh = () => {
  last += 1;
  const options = (more: HttpOptions = {}): HttpOptions => ({ ip: `198.51.100.${last}`, ...more });
  return { to_phone: `+1415555${3_000 + last}`, options };
};
const start = async (body: object, options: HttpOptions) =>
  (await service.start(restEvent(body, options))) as HttpAnswer;
const check = async (body: object, options: HttpOptions) =>
  (await service.check(restEvent(body, options))) as HttpAnswer;
const codeAt = async (to: string) => (await service.messages(to)).at(-1)?.code ?? '';
const wrong = (code: string) => (code === '000000' ? '111111' : '000000');

describe('a start', () => {
  test('says what the client needs next', async () => {
    const { to_phone, options } = fresh();
    const { headers } = await start({ to_phone }, options());
    expect(headers).toMatchObject({ 'Verify-Next-Send': '30', 'Verify-Checks-Left': '5' });
    expect(Number(headers['Verify-Expires-In'])).toBeGreaterThan(590);
    expect(headers['Verify-Replayed']).toBeUndefined();
  });

  test('repeated within the cooldown is answered with the same sid and sends nothing', async () => {
    const { to_phone, options } = fresh();
    const first = await start({ to_phone }, options());
    const again = await start({ to_phone }, options());
    expect(again.body).toBe(first.body);
    expect(again.headers['Verify-Replayed']).toBe('true');
    expect(await service.messages(to_phone)).toHaveLength(1);
  });

  test('by somebody else within the cooldown is throttled, and learns no sid', async () => {
    const { to_phone, options } = fresh();
    await start({ to_phone }, options());
    const other = await start({ to_phone }, fresh().options());
    expect(expectHttpAnswer(other)).toBe('throttled');
    expect(other.headers).toMatchObject({ 'Verify-Limit': 'resend_cooldown_seconds' });
    expect(Number(other.headers['Retry-After'])).toBeGreaterThan(25);
    expect(await service.messages(to_phone)).toHaveLength(1);
  });

  test('on another channel is a send of its own, and the fourth in ten minutes is refused', async () => {
    const { to_phone, options } = fresh();
    const codes = [];
    for (const channel of ['sms', 'call', 'whatsapp', 'sms'])
      codes.push(expectHttpAnswer(await start({ to_phone, channel }, options())));
    const answer = await start({ to_phone, channel: 'call' }, options({ ip: '198.51.100.250' }));
    expect(codes).toEqual(['ok', 'ok', 'ok', 'ok']); // the fourth is a replay of the first
    expect(expectHttpAnswer(answer)).toBe('throttled');
    expect(answer.headers['Verify-Limit']).toBe('send_per_to_per_10m');
    expect(await service.messages(to_phone)).toHaveLength(3);
  });

  test('is limited by address, whose /64 counts as one', async () => {
    const limits = [];
    for (let host = 1; host <= 6; host += 1)
      limits.push((await start(fresh(), { ip: `2001:db8:7:7::${host}` })).headers['Verify-Limit']);
    expect(limits).toEqual([...Array(5).fill(undefined), 'send_per_ip_per_10m']);
  });

  test('is limited by the identity that the authorizer vouches for', async () => {
    const limits = [];
    for (let host = 1; host <= 6; host += 1)
      limits.push(
        (await start(fresh(), fresh().options({ authorizer: { principalId: 'user-7' } }))).headers[
          'Verify-Limit'
        ],
      );
    expect(limits).toEqual([...Array(5).fill(undefined), 'send_per_identity_per_10m']);
  });

  test('with an Idempotency-Key is one start, and the key fits no other input', async () => {
    const { to_phone, options } = fresh();
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': 'key-1' };
    const first = await start({ to_phone }, options({ headers }));
    const again = await start({ to_phone }, options({ headers }));
    const other = await start({ to_phone, channel: 'call' }, options({ headers }));
    expect(again.body).toBe(first.body);
    expect(again.headers['Verify-Replayed']).toBe('true');
    expect(expectHttpAnswer(other)).toBe('invalid_input');
    expect(JSON.parse(other.body).error).toMatch(/^idempotency_key /);
    expect(await service.messages(to_phone)).toHaveLength(1);
  });

  test('that Twilio refuses spends nothing', async () => {
    const { to_phone, options } = fresh();
    await service.control('faults', { path: '/Verifications', status: 429, code: 60212, times: 3 });
    for (let attempt = 0; attempt < 3; attempt += 1)
      expect(expectHttpAnswer(await start({ to_phone }, options()))).toBe('throttled');
    expect(expectHttpAnswer(await start({ to_phone }, options()))).toBe('ok');
  });

  test('for which no answer came stays counted, and its code can be checked', async () => {
    const { to_phone, options } = fresh();
    await service.control('faults', { path: '/Verifications', drop: true, after_effect: true });
    expect(expectHttpAnswer(await start({ to_phone }, options()))).toBe('upstream_error');
    expect(expectHttpAnswer(await start({ to_phone }, options()))).toBe('throttled');
    expect(await service.messages(to_phone)).toHaveLength(1);
    expect(expectHttpAnswer(await check({ to_phone, code: await codeAt(to_phone) }, options()))).toBe('ok');
  });
});

describe('a check', () => {
  test('with the right code is answered again from our own record, without Twilio', async () => {
    const { to_phone, options } = fresh();
    await start({ to_phone }, options());
    const code = await codeAt(to_phone);
    const first = await check({ to_phone, code }, options());
    const asked = await service.twilioRequests();
    const again = await check({ to_phone, code }, options());
    expect(JSON.parse(first.body).status).toBe('approved');
    expect(again.body).toBe(first.body);
    expect([first, again].map(({ headers }) => headers['Verify-Replayed'])).toEqual([undefined, 'true']);
    expect(await service.twilioRequests()).toBe(asked);
  });

  test('with another code after the approval says that it was used', async () => {
    const { to_phone, options } = fresh();
    await start({ to_phone }, options());
    const code = await codeAt(to_phone);
    await check({ to_phone, code }, options());
    expect(expectHttpAnswer(await check({ to_phone, code: wrong(code) }, options()))).toBe('already_used');
  });

  test('with a wrong code says how many are left, and the third has to wait', async () => {
    const { to_phone, options } = fresh();
    await start({ to_phone }, options());
    const code = wrong(await codeAt(to_phone));
    const answers = [];
    for (let guess = 0; guess < 4; guess += 1) answers.push(await check({ to_phone, code }, options()));
    expect(answers.map(({ headers }) => headers['Verify-Checks-Left'])).toEqual(['4', '3', '2', undefined]);
    expect(answers[3]?.headers).toMatchObject({
      'Verify-Error': 'throttled',
      'Verify-Limit': 'cooldown_seconds_after_failed_check',
    });
    expect(Number(answers[3]?.headers['Retry-After'])).toBeGreaterThan(55);
  });

  test('that Twilio can not judge burns no guess', async () => {
    const { to_phone, options } = fresh();
    await start({ to_phone }, options());
    const code = await codeAt(to_phone);
    await service.control('faults', { path: '/VerificationCheck', status: 500, code: 20500, times: 4 });
    for (let guess = 0; guess < 4; guess += 1)
      expect(expectHttpAnswer(await check({ to_phone, code: wrong(code) }, options()))).toBe(
        'upstream_error',
      );
    const { headers } = await check({ to_phone, code: wrong(code) }, options());
    expect(headers['Verify-Checks-Left']).toBe('4');
  });

  test('with a sid of another start is refused and spends no guess', async () => {
    const { to_phone, options } = fresh();
    await start({ to_phone }, options());
    const stranger = await check({ to_phone, code: '123456', sid: `VE${'f'.repeat(32)}` }, options());
    expect(expectHttpAnswer(stranger)).toBe('no_verification');
    const own = await check({ to_phone, code: wrong(await codeAt(to_phone)) }, options());
    expect(own.headers['Verify-Checks-Left']).toBe('4');
  });

  test('of a verification that ran out at Twilio says so', async () => {
    const { to_phone, options } = fresh();
    await start({ to_phone }, options());
    const code = await codeAt(to_phone);
    await service.control('clock', { advance_ms: 600_000 });
    expect(expectHttpAnswer(await check({ to_phone, code }, options()))).toBe('expired');
  });
});

describe('a test number', () => {
  test('never reaches Twilio, spends no budget, and takes its own code alone', async () => {
    const asked = await service.twilioRequests();
    const { options } = fresh();
    const to_phone = testNumber.number;
    for (let send = 0; send < 10; send += 1)
      expect(expectHttpAnswer(await start({ to_phone }, options()))).toBe('ok');
    const right = await check({ to_phone, code: testNumber.code }, options());
    const other = await check({ to_phone, code: '424243' }, options());
    expect(JSON.parse(right.body)).toMatchObject({ status: 'approved', valid: true });
    expect(JSON.parse(other.body)).toMatchObject({ status: 'pending', valid: false });
    expect(await service.twilioRequests()).toBe(asked);
  });
});
