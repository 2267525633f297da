import {
  InvalidParameterValueException,
  InvalidRequestContentException,
  type InvocationType,
  InvokeCommand,
  LambdaClient,
  RequestTooLargeException,
  ResourceNotFoundException,
} from '@aws-sdk/client-lambda';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startVerification } from '../../functions/start_verification.ts';
import type { Listening } from '../../local/http-server.ts';
import { startServer } from '../../local/server/server.ts';

interface Call {
  readonly event: unknown;
  readonly context: Context;
}

let server: Listening;
let client: LambdaClient;
let calls: Call[];
let answer: (event: unknown) => Promise<unknown>;

beforeAll(async () => {
  const handler = (event: unknown, context: Context) => {
    calls.push({ event, context });
    return answer(event);
  };
  const functions = [{ ...startVerification, handler }];
  server = await startServer({ port: 0, functions, emulatorUrl: null });
  client = new LambdaClient({
    endpoint: server.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
});

beforeEach(() => {
  calls = [];
  answer = async (event) => ({ echo: event });
});

afterAll(async () => {
  client.destroy();
  await server.close();
});

const invoke = (
  payload: string | undefined,
  options: { readonly name?: string; readonly type?: string; readonly qualifier?: string } = {},
) =>
  client.send(
    new InvokeCommand({
      FunctionName: options.name ?? 'start_verification',
      InvocationType: options.type as InvocationType | undefined,
      Qualifier: options.qualifier,
      ...(payload !== undefined && { Payload: payload }),
    }),
  );

const arn = 'arn:aws:lambda:us-east-1:000000000000:function:start_verification';

describe('a direct invoke with the AWS SDK', () => {
  test.each([
    'start_verification',
    'start_verification:$LATEST',
    'start_verification:live',
    'function:start_verification',
    '000000000000:function:start_verification',
    arn,
    `${arn}:7`,
  ])('reaches the function as %s', async (name) => {
    const { StatusCode, Payload, ExecutedVersion, FunctionError } = await invoke('{"a":1}', { name });
    expect({ StatusCode, ExecutedVersion, FunctionError }).toEqual({
      StatusCode: 200,
      ExecutedVersion: '$LATEST',
      FunctionError: undefined,
    });
    expect(JSON.parse(Payload?.transformToString() ?? '')).toEqual({ echo: { a: 1 } });
  });

  test('gives the handler a context like that of Lambda', async () => {
    const { $metadata } = await invoke('{}', { qualifier: 'live' });
    expect(calls[0]?.context).toMatchObject({
      awsRequestId: $metadata.requestId,
      functionName: 'start_verification',
      functionVersion: '$LATEST',
      invokedFunctionArn: arn,
    });
    expect(calls[0]?.context.getRemainingTimeInMillis()).toBeGreaterThan(0);
  });

  test('takes any JSON as the event, and nothing as an empty object', async () => {
    for (const payload of ['null', '"text"', '[1]', '{}', undefined]) await invoke(payload);
    expect(calls.map(({ event }) => event)).toEqual([null, 'text', [1], {}, {}]);
  });

  test('gives null where the function returned nothing', async () => {
    answer = async () => undefined;
    expect((await invoke('{}')).Payload?.transformToString()).toBe('null');
  });

  test('tells a thrown error from an answer', async () => {
    answer = () => Promise.reject(new TypeError('broken'));
    const { StatusCode, FunctionError, Payload } = await invoke('{}');
    expect({ StatusCode, FunctionError }).toEqual({ StatusCode: 200, FunctionError: 'Unhandled' });
    expect(JSON.parse(Payload?.transformToString() ?? '')).toMatchObject({
      errorType: 'TypeError',
      errorMessage: 'broken',
    });
  });

  test('does not wait for an event, whatever becomes of it', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    answer = () => promise.then(() => Promise.reject(new Error('broken')));
    expect((await invoke('{"a":1}', { type: 'Event' })).StatusCode).toBe(202);
    expect(calls.map(({ event }) => event)).toEqual([{ a: 1 }]);
    resolve(undefined);
  });

  test('runs nothing on a dry run', async () => {
    expect((await invoke('{}', { type: 'DryRun' })).StatusCode).toBe(204);
    expect(calls).toEqual([]);
  });
});

describe('what Lambda refuses', () => {
  test.each([
    ['a function that is not there', '{}', { name: 'nothing' }, ResourceNotFoundException, 404],
    ['half a payload', '{"a":', {}, InvalidRequestContentException, 400],
    ['another invocation type', '{}', { type: 'Sometimes' }, InvalidParameterValueException, 400],
    ['over 6 MB', `"${'a'.repeat(6 * 1024 * 1024)}"`, {}, RequestTooLargeException, 413],
  ])('%s', async (_, payload, options, exception, status) => {
    const refused = await invoke(payload, options).catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(exception);
    expect(refused).toMatchObject({
      message: expect.stringMatching(/\w/),
      Type: 'User',
      $metadata: { httpStatusCode: status },
    });
    expect(calls).toEqual([]);
  });
});
