import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { startWorld, type World } from '../../local/world.ts';
import { expectHttpAnswer, type HttpAnswer } from '../support/contract.ts';
import { restEvent } from '../support/lambda-events.ts';
import {
  cut,
  json,
  type Reaction,
  type ScriptedServer,
  silence,
  startScriptedServer,
} from '../support/scripted-server.ts';
import { serve, type TestService } from '../support/service.ts';

const awsError = (status: number, type: string): Reaction =>
  json(status, { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'Scripted' });

/** How a table fails; undefined where nobody listens. */
const failures: readonly (readonly [string, Reaction | undefined])[] = [
  ['is down', undefined],
  ['cuts each connection', cut],
  ['hangs', silence],
  ['is out of provisioned throughput', awsError(400, 'ProvisionedThroughputExceededException')],
  ['throttles', awsError(400, 'ThrottlingException')],
  ['fails inside', awsError(500, 'InternalServerError')],
];

/** What is written to stdout, where the metrics go as lines of JSON. */
const written: string[] = [];
beforeEach(() => {
  written.length = 0;
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(text.toString());
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});
const storeFailures = () =>
  written
    .filter((line) => line.includes('"StoreFailures"'))
    .map((line) => JSON.parse(line) as { kind: string; done: string })
    .map(({ kind, done }) => `${kind} ${done}`);

let numbers = 0;
const fresh = () => {
  numbers += 1;
  return `+1415555${4_000 + numbers}`;
};

describe.each(failures)('while the table %s', (_how, reaction) => {
  let world: World;
  let table: ScriptedServer;
  let healthy: TestService;
  beforeAll(async () => {
    world = await startWorld({ twilio: 'emulator', policy: {} });
    table = await startScriptedServer({ reactions: [reaction ?? silence] });
    if (reaction === undefined) await table.close();
  });
  afterAll(async () => {
    await world.close();
    if (reaction !== undefined) await table.close();
  });
  beforeEach(() => {
    healthy = serve(world);
  });

  /** A cold container whose table fails. */
  const failing = (policy: object = {}): TestService =>
    serve({
      ...world,
      env: { ...world.env, AWS_ENDPOINT_URL_DYNAMODB: table.url, VERIFY_POLICY: JSON.stringify(policy) },
    });
  /** A code that waits on a phone, sent while all was well. */
  const sent = async (): Promise<{ to_phone: string; code: string }> => {
    const to_phone = fresh();
    expect(await healthy.start({ to_phone })).toMatchObject({ success: true });
    return { to_phone, code: (await healthy.messages(to_phone)).at(-1)?.code ?? '' };
  };
  /** How often the SDK tried what it tried most. */
  const attempts = () =>
    Math.max(
      1,
      ...table.requests.map(({ headers }) =>
        Number(/attempt=(\d+)/.exec(headers['amz-sdk-request'] ?? '')?.[1]),
      ),
    );

  test('a start is refused, tells when to come back, and sends nothing', async () => {
    const to_phone = fresh();
    const service = failing();
    const asked = await service.twilioRequests();
    const answer = (await service.start(restEvent({ to_phone }))) as HttpAnswer;
    expect(expectHttpAnswer(answer)).toBe('store_unavailable');
    expect(answer.headers['Retry-After']).toBe('5');
    expect(storeFailures()).toContain('start denied');
    expect(await service.twilioRequests()).toBe(asked);
    expect(attempts()).toBeLessThanOrEqual(2);
  });

  test('a start is sent where the policy allows it', async () => {
    const to_phone = fresh();
    const service = failing({ on_store_failure: { start: 'allow' } });
    const answer = (await service.start(restEvent({ to_phone }))) as HttpAnswer;
    expect(expectHttpAnswer(answer)).toBe('ok');
    expect(storeFailures()).toContain('start allowed');
    expect(await service.messages(to_phone)).toHaveLength(1);
  });

  test('a rule that is kinder to verified numbers takes each for a new one', async () => {
    const service = failing({
      on_store_failure: { start: 'allow' },
      countries: { deny: ['US'], deny_verified: [] },
    });
    const answer = (await service.start(restEvent({ to_phone: fresh() }))) as HttpAnswer;
    expect(expectHttpAnswer(answer)).toBe('blocked');
  });

  test('a check goes on to Twilio, right or wrong', async () => {
    const { code, to_phone } = await sent();
    const service = failing();
    const wrong = await service.check({ to_phone, code: code === '000000' ? '111111' : '000000' });
    expect(wrong).toMatchObject({ success: true, valid: false });
    const answer = (await service.check(restEvent({ to_phone, code }))) as HttpAnswer;
    expect(expectHttpAnswer(answer)).toBe('ok');
    expect(JSON.parse(answer.body)).toMatchObject({ status: 'approved', valid: true });
    expect(storeFailures()).toContain('check allowed');
  });

  test('a check is refused where the policy denies it, and Twilio is not asked', async () => {
    const { code, to_phone } = await sent();
    const service = failing({ on_store_failure: { check: 'deny' } });
    const asked = await service.twilioRequests();
    const answer = (await service.check(restEvent({ to_phone, code }))) as HttpAnswer;
    expect(expectHttpAnswer(answer)).toBe('store_unavailable');
    expect(answer.headers['Retry-After']).toBe('5');
    expect(storeFailures()).toContain('check denied');
    expect(await service.twilioRequests()).toBe(asked);
  });
});
