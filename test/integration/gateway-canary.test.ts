import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type GatewayClientOptions, gatewayClient } from '../../functions/adapters/gateway-client.ts';
import type { CanaryScope } from '../../functions/canary/canary-steps.ts';
import { gatewayCanary } from '../../functions/canary/gateway-canary.ts';
import { testNumberOf } from '../../functions/guard/policy/test-numbers.ts';
import type { LogFields } from '../../functions/observability/log-catalogue.ts';
import { systemClock } from '../../functions/runtime/clock.ts';
import type { Destination } from '../../functions/verify/destination.ts';
import { gatewayBody, gatewayHeaders } from '../../infra/constructs/edge/gateway-responses.ts';
import { expectEnvelope } from '../support/contract.ts';
import { type FrontDoor, openFrontDoor, type Tamper } from '../support/front-door.ts';
import { serve, startService, type TestService } from '../support/service.ts';

const number = '+15005550100';
const testNumber = { number, code: '424242', expires: '2999-12-31' };

let service: TestService;
let door: FrontDoor;
beforeAll(async () => {
  service = await startService({ test_numbers: [testNumber] });
  door = await openFrontDoor({ start_verification: service.start, check_verification: service.check });
});
afterAll(async () => {
  await door.close();
  await service.world.close();
});
afterEach(async () => {
  door.tamper(() => false);
  await service.control('reset', {});
});

const known = testNumberOf(number as Destination, [{ ...testNumber, note: '' }], systemClock());
if (known === undefined) throw new Error('The test number does not hold');
const scopes = {
  'with a test number': { access: 'public', startIsPuzzled: false, testNumber: { ...known, to: number } },
  'without one': { access: 'public', startIsPuzzled: false, testNumber: undefined },
} as const satisfies Record<string, CanaryScope>;

/** Runs the canary once, with all that it says. */
const run = async (scope: CanaryScope, client: Partial<GatewayClientOptions> = {}) => {
  const lines: (LogFields & { event: string })[] = [];
  const metrics: object[] = [];
  const canary = gatewayCanary({
    post: gatewayClient({ url: door.url, patience: 300, ...client }),
    scope: () => scope,
    log: (event, fields) => void lines.push({ event, ...fields }),
    metrics: (values, dimensions) => void metrics.push({ ...values, ...dimensions }),
    clock: systemClock,
  });
  const envelope = expectEnvelope(await canary());
  const [line] = lines;
  expect(lines).toHaveLength(1);
  return { envelope, line, metrics };
};

const passed = { CanarySuccess: 1, function: 'gateway_canary' };
const failed = { CanarySuccess: 0, function: 'gateway_canary' };

/** Answers in place of the functions. */
const answering =
  (status: number, body: string, headers: Record<string, string> = {}): Tamper =>
  (_request, response) => {
    const all = {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      'X-Request-Id': 'id',
      ...headers,
    };
    response.writeHead(status, all).end(body);
    return true;
  };
const only =
  (path: string, tamper: Tamper): Tamper =>
  (request, response) =>
    request.url === `/${path}` && tamper(request, response);

const sentBody = JSON.stringify({
  success: true,
  sid: known.sid,
  status: 'pending',
  valid: true,
  error: null,
});

describe.each(Object.entries(scopes))('the canary %s', (_name, scope) => {
  test('passes while the API answers as it should, and sends nothing', async () => {
    const { envelope, line, metrics } = await run(scope);
    expect(line).toMatchObject({ event: 'canary_passed', function: 'gateway_canary' });
    expect(envelope).toBe('healthy');
    expect(metrics).toContainEqual(passed);
    expect(await service.twilioRequests()).toBe(0);
  });

  test('passes while Twilio is down, which the functions’ own canaries tell', async () => {
    await service.control('faults', { path: '/Services', code: 20500, times: 100 });
    expect((await run(scope)).metrics).toContainEqual(passed);
  });

  test('passes while the table is down, which the functions’ own canaries tell', async () => {
    const { world } = service;
    const env = { ...world.env, AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:9' };
    const other = serve({ ...world, env });
    const otherDoor = await openFrontDoor({
      start_verification: other.start,
      check_verification: other.check,
    });
    expect((await run(scope, { url: otherDoor.url })).metrics).toContainEqual(passed);
    await otherDoor.close();
  });

  const failures: [name: string, tamper: Tamper, reason: string][] = [
    ['a connection is cut', (request) => request.socket.destroy() !== undefined, 'unreachable'],
    ['nobody answers', () => true, 'timeout'],
    ['the web ACL refuses it', answering(403, gatewayBody({ code: 'blocked' })), 'status_403'],
    ['there is nothing at the path', answering(404, '{}'), 'status_404'],
    ['the function crashes', answering(502, '{"message": "Internal server error"}'), 'status_502'],
    ['the API sends it elsewhere', answering(301, '', { Location: 'https://example.com/' }), 'status_301'],
  ];
  test.each(failures)('fails when %s', async (_case, tamper, reason) => {
    door.tamper(tamper);
    const { envelope, line, metrics } = await run(scope);
    expect(line).toMatchObject({ event: 'canary_failed', reason });
    expect(envelope).toBe('failed');
    expect(metrics).toContainEqual(failed);
  });

  test('fails when nothing listens', async () => {
    const { line } = await run(scope, { url: 'http://127.0.0.1:9/' });
    expect(line).toMatchObject({ event: 'canary_failed', reason: 'unreachable' });
  });
});

describe('the canary with a test number', () => {
  const scope = scopes['with a test number'];

  test('counts each use of the number that the service counts', async () => {
    const written: string[] = [];
    const write = process.stdout.write;
    process.stdout.write = (line: string | Uint8Array) => written.push(line.toString()) > 0;
    const { metrics } = await run(scope).finally(() => {
      process.stdout.write = write;
    });
    const uses = written.filter((line) => line.includes('"TestNumberUses"'));
    expect(uses).toHaveLength(3);
    expect(metrics.filter((emitted) => 'CanaryTestNumberUses' in emitted)).toHaveLength(3);
  });

  test.each<[name: string, path: string, tamper: Tamper, step: string, reason: string]>([
    [
      'an answer may be kept by caches',
      'start_verification',
      answering(200, sentBody, { 'Cache-Control': 'max-age=60' }),
      'start',
      'cache_control',
    ],
    [
      'an answer is not called JSON',
      'start_verification',
      answering(200, sentBody, { 'Content-Type': 'text/html' }),
      'start',
      'content_type',
    ],
    [
      'an answer has no id',
      'start_verification',
      answering(200, sentBody, { 'X-Request-Id': '' }),
      'start',
      'request_id',
    ],
    [
      'an envelope has a key too many',
      'start_verification',
      answering(200, sentBody.replace('}', ',"more":1}')),
      'start',
      'envelope',
    ],
    [
      'a success bears an error',
      'start_verification',
      answering(200, sentBody, { 'Verify-Error': 'blocked' }),
      'start',
      'verify_error',
    ],
    [
      'the right code is not approved',
      'check_verification',
      answering(200, sentBody),
      'right_code',
      'envelope',
    ],
    [
      'every code is approved',
      'check_verification',
      answering(200, sentBody.replace('pending', 'approved')),
      'wrong_code',
      'envelope',
    ],
  ])('fails when %s', async (_case, path, tamper, step, reason) => {
    door.tamper(only(path, tamper));
    const { line, metrics } = await run(scope);
    expect(line).toMatchObject({ event: 'canary_failed', step, reason });
    expect(metrics).toContainEqual(failed);
  });

  test('leaves out the start that a puzzle guards', async () => {
    door.tamper(only('start_verification', answering(405, '')));
    expect((await run({ ...scope, startIsPuzzled: true })).metrics).toContainEqual(passed);
  });
});

describe('the canary of an API that takes tokens', () => {
  const scope: CanaryScope = { access: 'token', startIsPuzzled: false, testNumber: undefined };
  const refusal = { code: 'blocked', sentence: 'This request is not allowed' } as const;
  const headers = Object.fromEntries(
    Object.entries(gatewayHeaders(refusal, [])).map(([name, value]) => [
      name,
      value.startsWith("'") ? value.slice(1, -1) : 'id',
    ]),
  );

  test('passes when a forged token is refused, another one each time', async () => {
    const tokens = new Set<string | undefined>();
    door.tamper((request, response) => {
      tokens.add(request.headers['authorization']);
      return answering(403, gatewayBody(refusal), headers)(request, response);
    });
    expect((await run(scope, { forgeIn: 'Authorization' })).metrics).toContainEqual(passed);
    expect((await run(scope, { forgeIn: 'Authorization' })).metrics).toContainEqual(passed);
    const [first] = tokens;
    expect(tokens.size).toBe(2);
    expect(first).toMatch(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/);
  });

  test('fails when it is let in', async () => {
    const { line } = await run(scope, { forgeIn: 'Authorization' });
    expect(line).toMatchObject({ step: 'forged_token', reason: 'status_400' });
  });

  test('fails when nothing judges tokens', async () => {
    door.tamper(answering(500, gatewayBody({ code: 'misconfigured' })));
    expect((await run(scope, { forgeIn: 'Authorization' })).line).toMatchObject({ reason: 'status_500' });
  });
});

describe('the canary of an API that takes signed requests', () => {
  const keys = {
    region: 'us-east-1',
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'a secret key of nobody',
    sessionToken: 'a session',
  };

  const sha256 = (input: string) => createHash('sha256').update(input).digest('hex');
  const hmac = (key: string | Buffer, input: string) => createHmac('sha256', key).update(input).digest();

  /** The signature as AWS computes it from a request. */
  const signatureOf = (request: IncomingMessage, body: string, signedHeaders: string): string => {
    const time = String(request.headers['x-amz-date']);
    const scope = `${time.slice(0, 8)}/${keys.region}/execute-api/aws4_request`;
    const lines = signedHeaders.split(';').map((name) => `${name}:${request.headers[name]}\n`);
    const canonical = `POST\n${request.url}\n\n${lines.join('')}\n${signedHeaders}\n${sha256(body)}`;
    const key = ['execute-api', 'aws4_request'].reduce(
      hmac,
      hmac(hmac(`AWS4${keys.secretAccessKey}`, time.slice(0, 8)), keys.region),
    );
    return hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`).toString('hex');
  };

  test('signs what it sends', async () => {
    const checks: Promise<void>[] = [];
    const checked = async (request: IncomingMessage) => {
      const { authorization = '' } = request.headers;
      const [, signedHeaders = '', signature] =
        /SignedHeaders=([\w;-]+), Signature=(\w+)$/.exec(authorization) ?? [];
      expect(signedHeaders.split(';')).toEqual(
        expect.arrayContaining(['content-type', 'host', 'x-amz-date', 'x-amz-security-token']),
      );
      expect(signatureOf(request, await text(request), signedHeaders)).toBe(signature);
    };
    door.tamper((request, response) => {
      checks.push(
        checked(request).then(() => void answering(403, gatewayBody({ code: 'blocked' }))(request, response)),
      );
      return true;
    });
    const { line } = await run({ ...scopes['without one'], access: 'iam' }, { signWith: keys });
    await Promise.all(checks);
    expect(checks).toHaveLength(1);
    expect(line).toMatchObject({ reason: 'status_403' });
  });

  test('passes when its signature admits it', async () => {
    const { metrics } = await run({ ...scopes['with a test number'], access: 'iam' }, { signWith: keys });
    expect(metrics).toContainEqual(passed);
  });
});
