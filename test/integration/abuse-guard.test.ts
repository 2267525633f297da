import { afterEach, describe, expect, test } from 'vitest';
import { startWorld } from '../../local/world.ts';
import { expectHttpAnswer, type HttpAnswer } from '../support/contract.ts';
import { restEvent } from '../support/lambda-events.ts';
import { serve, type TestService, unlimited } from '../support/service.ts';

const one = '+14155552671';
const neighbour = '+14155552672';
const british = '+447911123456';
const landline = '+15005553006';
const prefixBlocked = '+15005560410';
const stopped = '+15005551610';

let service: TestService | undefined;
afterEach(() => service?.world.close());

/** Serves the functions from a world of its own. */
const serving = async (policy: object): Promise<TestService> => {
  service = serve(await startWorld({ twilio: 'emulator', policy }));
  return service;
};
const start = async ({ start }: TestService, to_phone: string, more: object = {}) =>
  (await start(restEvent({ to_phone, ...more }))) as HttpAnswer;
const check = async ({ check }: TestService, to_phone: string, code: string) =>
  (await check(restEvent({ to_phone, code }))) as HttpAnswer;

describe('a start', () => {
  test.each([
    ['the kill switch', { sending: 'off' }],
    ['a denied country', { countries: { deny: ['US'] } }],
    ['a denied country, kinder to known numbers', { countries: { deny: ['US'], deny_verified: [] } }],
  ])('that %s forbids is refused with one sentence for all, and Twilio is not asked', async (_, policy) => {
    const world = await serving(policy);
    const answer = await start(world, one);
    expect(expectHttpAnswer(answer)).toBe('blocked');
    expect(JSON.parse(answer.body).error).toBe(
      'A code cannot be sent there; use another number or address, or contact support',
    );
    expect(await world.twilioRequests()).toBe(0);
  });

  test.each([
    ['replied STOP', stopped],
    ['has a prefix that Fraud Guard blocks', prefixBlocked],
  ])('to a number that %s is refused the second time without Twilio', async (_, to) => {
    const world = await serving(unlimited);
    expect(expectHttpAnswer(await start(world, to))).toBe('blocked');
    const asked = await world.twilioRequests();
    expect(expectHttpAnswer(await start(world, to))).toBe('blocked');
    expect(await world.twilioRequests()).toBe(asked);
  });

  test('that the pumping breaker denies is refused, and its address keeps its place', async () => {
    const world = await serving({
      pumping: { mode: 'deny', prefix_day: { minimum: 1, ratio: 0 } },
      rate_limits: { send_per_ip_per_10m: 2 },
    });
    const codes = [];
    for (const to of [one, neighbour, british]) codes.push(expectHttpAnswer(await start(world, to)));
    expect(codes).toEqual(['ok', 'blocked', 'ok']);
    expect(await world.messages(neighbour)).toEqual([]);
  });

  test('beyond a daily budget is refused, and one that Twilio refused was not counted', async () => {
    const world = await serving({ daily_budget: { messages: { total: 1 } } });
    await world.control('faults', { path: '/Verifications', status: 400, code: 60205 });
    const codes = [];
    for (const to of [one, one, british]) codes.push(expectHttpAnswer(await start(world, to)));
    expect(codes).toEqual(['channel_unavailable', 'ok', 'blocked']);
    expect(await world.messages(british)).toEqual([]);
  });

  test('to a landline is told to use a call, and nothing was spent on it', async () => {
    const world = await serving({
      lookup: { mode: 'on' },
      daily_budget: { messages: { total: 1 } },
      rate_limits: { send_per_to_per_10m: 1 },
    });
    const answer = await start(world, landline);
    expect(expectHttpAnswer(answer)).toBe('channel_unavailable');
    expect(JSON.parse(answer.body).error).toBe('This number takes no text messages; use the channel call');
    expect(expectHttpAnswer(await start(world, landline, { channel: 'call' }))).toBe('ok');
  });
});

test('while Twilio fails, starts are held back and an approval is still repeated', async () => {
  const world = await serving({ ...unlimited, breaker: { min_failures: 2, failure_ratio: 0.01 } });
  await start(world, one);
  const code = (await world.messages(one)).at(-1)?.code ?? '';
  expect(expectHttpAnswer(await check(world, one, code))).toBe('ok');
  await world.control('faults', { path: '/Verifications', status: 500, code: 20500, times: 2 });
  const failed = [await start(world, neighbour), await start(world, british)];
  expect(failed.map(expectHttpAnswer)).toEqual(['upstream_error', 'upstream_error']);

  const asked = await world.twilioRequests();
  const held = await start(world, neighbour);
  expect(expectHttpAnswer(held)).toBe('upstream_unavailable');
  expect(Number(held.headers['Retry-After'])).toBeGreaterThan(10);
  expect(JSON.parse((await check(world, one, code)).body)).toMatchObject({ status: 'approved' });
  expect(await world.twilioRequests()).toBe(asked);
});
