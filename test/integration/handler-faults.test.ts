import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createSecretCache, createSecretsManagerClient } from '../../functions/adapters/secret-cache.ts';
import { parseTwilioSecret } from '../../functions/adapters/twilio-secret.ts';
import { createTwilioVerify } from '../../functions/adapters/twilio-verify.ts';
import type { Service } from '../../functions/compose/run-service.ts';
import { startEmulator } from '../../local/emulator/server.ts';
import { startWorld, type World } from '../../local/world.ts';
import { expectHttpAnswer, type HttpAnswer } from '../support/contract.ts';
import { restEvent } from '../support/lambda-events.ts';
import { serve, type TestService, unlimited } from '../support/service.ts';

const to_phone = '+14155552671';
/** Longer than the shortened whole time of a call, in milliseconds. */
const tooLong = 60_000;

/** The composed service with a Twilio gateway that waits less long. */
const impatient =
  (world: World) =>
  ({ log, clock, ports }: Service): Partial<Service> => {
    const secrets = createSecretCache({
      client: createSecretsManagerClient(),
      secretId: world.env['TWILIO_SECRET_ID'] ?? '',
      parse: parseTwilioSecret,
      clock,
      log,
      onStale: () => undefined,
    });
    const verify = createTwilioVerify({
      secrets,
      clock,
      baseUrl: world.env['TWILIO_API_BASE_URL'],
      region: undefined,
      edge: undefined,
      fallbackChannels: ['call'],
      timing: { wholeMs: 300, pause: async () => undefined },
    });
    return { ports: () => ({ ...ports(), verify }) };
  };

let service: TestService;

beforeAll(async () => {
  const world = await startWorld({ twilio: 'emulator', policy: unlimited });
  service = serve(world, impatient(world));
});
afterAll(() => service.world.close());
beforeEach(() => service.control('reset', {}));

/** How Twilio fails, with the code that the contract gives it. */
const faults = [
  ['an error of Twilio’s own', 'upstream_error', { code: 20500 }],
  ['an HTML page with 500', 'upstream_error', { status: 500 }],
  ['an HTML page with 502', 'upstream_error', { status: 502 }],
  ['an HTML page with 503', 'upstream_unavailable', { status: 503 }],
  [
    'a 503 that says when to come back',
    'upstream_unavailable',
    { status: 503, headers: { 'Retry-After': '7' } },
  ],
  ['an HTML page with 504', 'upstream_timeout', { status: 504 }],
  ['a success without a body', 'upstream_error', { status: 201, body: '' }],
  ['a success with half a body', 'upstream_error', { status: 201, body: '{"sid":"VE' }],
  ['a success with another body', 'upstream_error', { status: 200, body: '[]' }],
  ['silence', 'upstream_timeout', { delay_ms: tooLong }],
  ['a cut connection', 'upstream_error', { drop: true }],
] as const;

describe.each([
  ['before it took effect', { after_effect: false }, 0],
  ['after it took effect', { after_effect: true }, 1],
])('a start that fails %s', (_when, effect, sent) => {
  test.each(faults)('with %s is %s, and at most one message goes out', async (_fault, code, fault) => {
    // More times than any client would try, so that one try too many would meet the fault as well.
    await service.control('faults', { path: '/Verifications', times: 9, ...fault, ...effect });
    const answer = (await service.start(restEvent({ to_phone }))) as HttpAnswer;
    expect(expectHttpAnswer(answer)).toBe(code);
    expect(JSON.parse(answer.body).error).toBe('Verification could not be started');
    expect(await service.messages(to_phone)).toHaveLength(sent);
  });
});

describe('a check that fails', () => {
  test.each(faults)('with %s is %s, and the right code is still good', async (_fault, code, fault) => {
    await service.start({ to_phone });
    const [message] = await service.messages(to_phone);
    await service.control('faults', { path: '/VerificationCheck', ...fault });
    const answer = (await service.check(restEvent({ to_phone, code: message?.code }))) as HttpAnswer;
    expect(expectHttpAnswer(answer)).toBe(code);
    expect(JSON.parse(answer.body).error).toBe('Verification check failed');
    const again = await service.check({ to_phone, code: message?.code });
    expect(again).toMatchObject({ status: 'approved' });
  });
});

describe('a start', () => {
  test('whose answer comes late but in time succeeds with one message', async () => {
    await service.control('faults', { path: '/Verifications', delay_ms: 100, after_effect: true });
    expect(await service.start({ to_phone })).toMatchObject({ success: true, status: 'pending' });
    expect(await service.messages(to_phone)).toHaveLength(1);
  });

  test('that Twilio throttled for a moment is repeated, and one message goes out', async () => {
    await service.control('faults', { path: '/Verifications', code: 20429 });
    expect(await service.start({ to_phone })).toMatchObject({ success: true });
    expect(await service.messages(to_phone)).toHaveLength(1);
  });

  test('repeats what Twilio asked to wait for to the caller', async () => {
    await service.control('faults', { path: '/Verifications', status: 503, headers: { 'Retry-After': '7' } });
    const answer = (await service.start(restEvent({ to_phone }))) as HttpAnswer;
    expect(answer.headers['Retry-After']).toBe('7');
  });

  test('in a language that Twilio does not speak goes out once, without it', async () => {
    expect(await service.start({ to_phone, locale: 'tlh' })).toMatchObject({ success: true });
    expect(await service.messages(to_phone)).toHaveLength(1);
  });

  test('that cannot reach Twilio at all says when to try again', async () => {
    const { world } = service;
    const gone = await startEmulator({ port: 0 });
    await gone.close();
    const elsewhere = { ...world, env: { ...world.env, TWILIO_API_BASE_URL: gone.url } };
    const cutOff = serve(elsewhere, impatient(elsewhere));
    const answer = (await cutOff.start(restEvent({ to_phone }))) as HttpAnswer;
    expect(expectHttpAnswer(answer)).toBe('upstream_unavailable');
  });
});
