import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TwilioVerifyOptions } from '../../functions/adapters/twilio-verify.ts';
import type { Channel } from '../../functions/verify/channel.ts';
import { type Destination, emailDestination, phoneDestination } from '../../functions/verify/destination.ts';
import type { ServiceSid, StartRequest } from '../../functions/verify/provider.ts';
import { type Emulator, startEmulator } from '../../local/emulator/server.ts';
import { type EmulatorControl, emulatorControl } from '../support/emulator-control.ts';
import { gateway, refusalFrom, secretWith, service } from '../support/twilio-gateway.ts';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator({ port: 0 });
  return () => emulator.close();
});

const handles = () => emulatorControl({ emulatorUrl: emulator.url });
const control: EmulatorControl['control'] = (route, body) => handles().control(route, body);
const messages = (to: Destination) => handles().messages(to);
beforeEach(() => control('reset', {}));

const phone = (text: string): Destination => {
  const number = phoneDestination(text, null);
  if (number === undefined) throw new Error('not a number');
  return number;
};
const number = phone('+14155552671');
const codeSentTo = async (to: Destination) => (await messages(to)).at(-1)?.code ?? '';
const wrong = (code: string) => (code === '000000' ? '000001' : '000000');

const secret = secretWith('emulator-secret');
const twilio = (options: Partial<TwilioVerifyOptions> = {}) =>
  gateway(emulator.url, {
    secrets: { current: async () => secret, replacementOf: async () => undefined },
    clock: Date.now,
    ...options,
  });
const start = (request: Partial<StartRequest> = {}) =>
  twilio().start({ service, destination: number, channel: 'sms', ...request });
const check = (code: string, destination = number) => twilio().check({ service, destination, code });

describe('the Twilio gateway on the emulator', () => {
  it('starts, resends the same code, tells a wrong code and approves the right one once', async () => {
    const first = await start();
    expect(await start()).toEqual(first);
    const [one, two, ...rest] = await messages(number);
    expect([one?.code, rest]).toEqual([two?.code, []]);
    const code = one?.code ?? '';
    expect(await check(wrong(code))).toEqual({ sid: first.sid, approved: false });
    expect(await check(code)).toEqual({ sid: first.sid, approved: true });
    expect((await refusalFrom(check(code))).code).toBe('no_verification');
  });

  it('tells when the verification was started, which a resend does not move', async () => {
    const { createdAt } = await start();
    await control('clock', { advance_ms: 60_000 });
    expect((await start()).createdAt).toBe(createdAt);
    expect(Math.abs(createdAt - Date.now())).toBeLessThan(60_000);
  });

  it.each(['sms', 'call', 'whatsapp'] satisfies Channel[])('reaches a phone by %s', async (channel) => {
    await start({ channel });
    expect(await messages(number)).toMatchObject([{ channel, to: number }]);
    expect((await check(await codeSentTo(number))).approved).toBe(true);
  });

  it('reaches an address by e-mail', async () => {
    const destination = emailDestination('ann@example.com');
    if (destination === undefined) throw new Error('not an address');
    await start({ channel: 'email', destination });
    expect((await check(await codeSentTo(destination), destination)).approved).toBe(true);
  });

  it('lets five wrong codes pass and refuses the sixth check', async () => {
    await start();
    const bad = wrong(await codeSentTo(number));
    for (let guess = 0; guess < 5; guess += 1) expect((await check(bad)).approved).toBe(false);
    expect(await refusalFrom(check(bad))).toMatchObject({
      code: 'max_attempts',
      details: { retryAfter: 600, reason: 'twilio_60202' },
    });
  });

  it('sends five times and refuses the sixth', async () => {
    for (let send = 0; send < 5; send += 1) await start();
    expect(await refusalFrom(start())).toMatchObject({
      code: 'throttled',
      details: { retryAfter: 600, reason: 'twilio_60203', effect: 'none' },
    });
    expect(await messages(number)).toHaveLength(5);
  });

  it('finds no verification that expired or was never started', async () => {
    expect((await refusalFrom(check('123456'))).code).toBe('no_verification');
    await start();
    const code = await codeSentTo(number);
    await control('clock', { advance_ms: 600_000 });
    expect((await refusalFrom(check(code))).code).toBe('no_verification');
  });

  it('speaks the default language where the one asked for is unknown, in one message', async () => {
    await start({ locale: 'tlh' });
    expect(await messages(number)).toHaveLength(1);
  });

  it.each([
    ['+15005550605', 'sms', 'blocked'],
    ['+15005560410', 'sms', 'blocked'],
    ['+15005550205', 'sms', 'channel_unavailable'],
    ['+15005558008', 'whatsapp', 'channel_unavailable'],
    ['+15005550200', 'sms', 'invalid_input'],
    ['+15005551608', 'sms', 'misconfigured'],
    ['+15005550212', 'sms', 'throttled'],
    ['+15005550500', 'sms', 'upstream_error'],
    ['+15005550503', 'sms', 'upstream_unavailable'],
  ] satisfies [string, Channel, string][])('is refused at %s by %s as %s', async (to, channel, error) => {
    const destination = phone(to);
    expect((await refusalFrom(start({ destination, channel }))).code).toBe(error);
    expect(await messages(destination)).toEqual([]);
  });

  it('proves the credential and the service, and sends nothing', async () => {
    await twilio().probe(service);
    const unknown = `VA${'f'.repeat(32)}` as ServiceSid;
    expect((await refusalFrom(twilio().probe(unknown))).code).toBe('misconfigured');
    const secrets = { current: async () => secretWith('stale'), replacementOf: async () => undefined };
    expect((await refusalFrom(twilio({ secrets }).probe(service))).code).toBe('misconfigured');
    expect(await messages(number)).toEqual([]);
  });

  it('changes to a renewed credential without a failed call', async () => {
    const secrets = { current: async () => secretWith('stale'), replacementOf: async () => secret };
    await twilio({ secrets }).start({ service, destination: number, channel: 'sms' });
    expect(await messages(number)).toHaveLength(1);
  });

  it.each([
    ['an error', { status: 500, code: 20500 }, 'upstream_error'],
    ['an HTML 503', { status: 503 }, 'upstream_unavailable'],
    ['a cut connection', { drop: true }, 'upstream_error'],
  ])('sends at most one message a start when %s stands in the way', async (_name, fault, error) => {
    for (const after_effect of [false, true]) {
      await control('reset', {});
      await control('faults', { path: '/Verifications', times: 5, after_effect, ...fault });
      expect(await refusalFrom(start({ locale: 'en' }))).toMatchObject({
        code: error,
        details: { effect: 'unknown' },
      });
      expect(await messages(number)).toHaveLength(after_effect ? 1 : 0);
    }
  });

  it('sends at most one message when the answer comes too late', async () => {
    await control('faults', { path: '/Verifications', times: 5, after_effect: true, delay_ms: 60_000 });
    const call = twilio({ timing: { wholeMs: 50 } }).start({ service, destination: number, channel: 'sms' });
    expect(await refusalFrom(call)).toMatchObject({
      code: 'upstream_timeout',
      details: { effect: 'unknown' },
    });
    expect((await messages(number)).length).toBeLessThanOrEqual(1);
  });

  it('sends one message after a 429 of the account', async () => {
    await control('faults', { path: '/Verifications', status: 429, code: 20429, times: 2 });
    await start();
    expect(await messages(number)).toHaveLength(1);
  });
});
