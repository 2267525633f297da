import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startVerification } from '../../functions/start_verification.ts';
import type { Listening } from '../../local/http-server.ts';
import { startServer } from '../../local/server/server.ts';
import { expectHttpAnswer } from '../support/contract.ts';
import { postJson, send } from '../support/http-request.ts';

let server: Listening;
let seen: APIGatewayProxyEvent;
let result: () => APIGatewayProxyResult;

beforeAll(async () => {
  const handler = async (event: unknown) => {
    seen = event as APIGatewayProxyEvent;
    return result();
  };
  const functions = [{ ...startVerification, handler }];
  server = await startServer({ port: 0, functions, emulatorUrl: null });
});

afterAll(() => server.close());

test('a request becomes the event of a REST API', async () => {
  result = () => ({ statusCode: 200, body: '' });
  await send(
    `${server.url}/start_verification?a=1&a=2&b=%2B`,
    { method: 'POST', headers: { 'X-Two': ['one', 'two'], 'User-Agent': 'app/1' } },
    '{"é":1}',
  );
  expect(seen).toMatchObject({
    resource: '/start_verification',
    path: '/start_verification',
    httpMethod: 'POST',
    headers: { 'X-Two': 'two', 'User-Agent': 'app/1' },
    multiValueHeaders: { 'X-Two': ['one', 'two'], 'User-Agent': ['app/1'] },
    queryStringParameters: { a: '2', b: '+' },
    multiValueQueryStringParameters: { a: ['1', '2'], b: ['+'] },
    pathParameters: null,
    stageVariables: null,
    body: '{"é":1}',
    isBase64Encoded: false,
    requestContext: {
      stage: 'local',
      httpMethod: 'POST',
      path: '/local/start_verification',
      requestId: expect.stringMatching(/^[\da-f-]{36}$/),
      identity: { sourceIp: '127.0.0.1', userAgent: 'app/1' },
    },
  });
});

test('a request without query and body says so as the gateway does', async () => {
  result = () => ({ statusCode: 200, body: '' });
  await send(`${server.url}/start_verification`, { method: 'GET' });
  expect(seen).toMatchObject({
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    body: null,
    isBase64Encoded: false,
  });
});

test('a body that is no text travels as base64', async () => {
  result = () => ({ statusCode: 200, body: '' });
  await postJson(`${server.url}/start_verification`, Uint8Array.of(0x1f, 0x8b, 0xff));
  expect(seen).toMatchObject({ body: 'H4v/', isBase64Encoded: true });
});

test("a result's status, headers and base64 body become the response", async () => {
  result = () => ({
    statusCode: 418,
    headers: { 'X-Number': 7 },
    multiValueHeaders: { 'X-Many': ['a', 'b'] },
    body: 'aMOp',
    isBase64Encoded: true,
  });
  expect(await postJson(`${server.url}/start_verification`, '{}')).toMatchObject({
    statusCode: 418,
    headers: { 'X-Number': '7', 'X-Many': 'b', 'Content-Length': '3' },
    body: 'hé',
  });
});

test.each<[string, () => APIGatewayProxyResult]>([
  [
    'throws',
    () => {
      throw new Error('a text of its own');
    },
  ],
  ['gives no proxy result', () => JSON.parse('{"success":true}')],
])("a handler that %s is a fault of the function, told in the contract's words", async (_, wrong) => {
  result = wrong;
  const answer = await postJson(`${server.url}/start_verification`, '{}');
  expect(expectHttpAnswer(answer)).toBe('upstream_error');
  expect(answer.body).not.toContain('a text of its own');
});
