import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { expectEnvelope, expectHttpAnswer } from '../support/contract.ts';
import { restEvent, scheduledEvent } from '../support/lambda-events.ts';
import { serve, startService, type TestService } from '../support/service.ts';

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

/** The value of the one `CanarySuccess` there should be. */
const canarySuccess = () =>
  service.metrics.filter(({ name }) => name === 'CanarySuccess').map(({ value }) => value);

const events = [
  ['a schedule’s input', { canary: true }],
  ['a schedule’s input with more', { canary: true, every: 'minute' }],
  ['a rule’s event', scheduledEvent()],
] as const;

describe.each(['start', 'check'] as const)('a canary of %s', (name) => {
  test.each(events)('that comes as %s finds everything in reach and sends nothing', async (_name, event) => {
    expect(expectEnvelope(await service[name](event))).toBe('healthy');
    expect(canarySuccess()).toEqual([1]);
    const requests = await (await fetch(`${service.world.emulatorUrl}/_emulator/requests`)).json();
    expect(requests).toMatchObject([{ method: 'GET', status: 200 }]);
  });

  test('fails when Twilio does', async () => {
    await service.control('faults', { path: '/Services', code: 20500 });
    expect(expectEnvelope(await service[name]({ canary: true }))).toBe('failed');
    expect(canarySuccess()).toEqual([0]);
    expect(service.lines).toMatchObject([{ fields: { caller: 'canary', code: 'upstream_error' } }]);
  });

  test('fails when the service does not exist', async () => {
    await service.control('faults', { path: '/Services', code: 20404 });
    expect(expectEnvelope(await service[name]({ canary: true }))).toBe('failed');
    expect(service.lines).toMatchObject([{ event: 'operator_needed', fields: { code: 'misconfigured' } }]);
  });

  test('fails when the table is not there', async () => {
    const { world } = service;
    const env = { ...world.env, VERIFY_TABLE_NAME: 'nowhere' };
    const other = serve({ ...world, env });
    expect(expectEnvelope(await other[name]({ canary: true }))).toBe('failed');
    expect(other.lines).toMatchObject([{ fields: { code: 'store_unavailable' } }]);
    expect(other.metrics).toContainEqual(expect.objectContaining({ name: 'CanarySuccess', value: 0 }));
  });

  test('fails when the secret is not there', async () => {
    const { world } = service;
    const env = { ...world.env, TWILIO_SECRET_ID: 'nowhere' };
    const other = serve({ ...world, env });
    expect(expectEnvelope(await other[name]({ canary: true }))).toBe('failed');
    expect(other.lines).toMatchObject([{ fields: { code: 'misconfigured', reason: 'secret_unreadable' } }]);
  });
});

test('a request over HTTP is never taken for a canary', async () => {
  const answer = await service.start(restEvent({ canary: true }));
  expect(expectHttpAnswer(answer)).toBe('invalid_input');
  expect(JSON.parse((answer as { body: string }).body).error).toContain('canary is not a field here');
  expect(canarySuccess()).toEqual([]);
});
