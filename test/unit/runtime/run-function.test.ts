import { describe, expect, test } from 'vitest';
import { readLambdaEvent } from '../../../functions/lambda/lambda-event.ts';
import { type Caller, type Callers, defineFunction } from '../../../functions/runtime/define-function.ts';
import { RunError } from '../../../functions/runtime/errors.ts';
import { httpReply } from '../../../functions/runtime/http-reply.ts';
import { optionalText, requiredText } from '../../../functions/runtime/inputs.ts';
import { text } from '../../../functions/runtime/response.ts';
import { runFunction } from '../../../functions/runtime/run-function.ts';
import { signedHttpApiEvent, signedRestEvent } from '../../support/function-events.ts';
import { httpApiEvent, restEvent, scheduledEvent } from '../../support/lambda-events.ts';

interface FakePorts {
  readonly used: { readonly calls: string[] };
  readonly unused: never;
}

const greet = (callers: Callers) =>
  defineFunction<FakePorts>()({
    name: 'greet_user',
    description: 'Greets',
    callers,
    reserves: 'nothing',
    uses: ['used'],
    input: {
      name: requiredText({ description: 'A name', shape: 'a name' }),
      identity: optionalText({ description: 'For whom', shape: 'text', source: 'direct' }),
    },
    response: { greeting: text('The greeting'), whose: text('For whom') },
    failure: 'The greeting failed',
    async steps({ input, caller, used }) {
      used.calls.push('steps');
      if (input.name === 'nobody')
        throw new RunError('no_verification', { sentence: 'There is no such user' });
      return { response: { greeting: `Hello ${input.name}`, whose: caller.identity ?? null } };
    },
    async canary({ used }) {
      used.calls.push('canary');
    },
  });

const run = async (raw: unknown, caller: Caller, callers: Callers = 'all') => {
  const calls: string[] = [];
  const ports = () => ({ used: { calls } });
  const outcome = await runFunction(greet(callers), { caller, input: () => raw }, ports);
  return { ...outcome, calls };
};

describe('a function with a response of its own', () => {
  test('answers with success, error and its keys', async () => {
    const { answer, error } = await run({ name: 'Ada', identity: 'user-1' }, { kind: 'direct' });
    expect(JSON.stringify(answer)).toBe(
      '{"success":true,"error":null,"greeting":"Hello Ada","whose":"user-1"}',
    );
    expect(error).toBeNull();
  });

  test.each([
    ['a wrong input', {}, 'name is required; give a name', 400],
    ['a failure that was foreseen', { name: 'nobody' }, 'There is no such user', 404],
  ])('answers %s with its keys, all null', async (_what, raw, sentence, status) => {
    const outcome = await run(raw, { kind: 'http' });
    expect(JSON.stringify(outcome.answer)).toBe(
      `{"success":false,"error":"${sentence}","greeting":null,"whose":null}`,
    );
    const reply = httpReply(outcome, 'request');
    expect(reply.statusCode).toBe(status);
    expect(reply.body).toBe(JSON.stringify(outcome.answer));
  });

  test('answers its canary with its keys, all null', async () => {
    const { answer, calls } = await run({}, { kind: 'canary' });
    expect(answer).toEqual({ success: true, error: null, greeting: null, whose: null });
    expect(calls).toEqual(['canary']);
  });

  test('fails as its own where its ports cannot be had', async () => {
    const { answer, error } = await runFunction(
      greet('all'),
      { caller: { kind: 'direct' }, input: () => ({ name: 'Ada' }) },
      () => {
        throw new RunError('misconfigured', { fix: 'Set it' });
      },
    );
    expect(answer.error).toBe('The greeting failed');
    expect(error?.code).toBe('misconfigured');
  });
});

describe('who may call', () => {
  const input = { name: 'Ada' };
  const forged = {
    'Content-Type': 'application/json',
    Authorization: 'AWS4-HMAC-SHA256 Credential=a',
    userArn: 'arn:aws:iam::000000000000:user/ops',
  };

  test.each([
    ['a direct caller', input],
    ['a canary', { canary: true }],
    ['a schedule', scheduledEvent()],
    ['a signed request through a REST API', signedRestEvent(input)],
    ['a signed request through an HTTP API', signedHttpApiEvent(input)],
  ])('%s calls a function for direct callers', async (_who, event) => {
    const { caller } = readLambdaEvent(event);
    const { answer, calls } = await run(input, caller, 'direct');
    expect(answer.success).toBe(true);
    expect(calls).toHaveLength(1);
  });

  test.each([
    ['nothing', restEvent(input)],
    ['nothing, through an HTTP API', httpApiEvent(input)],
    ['a token', restEvent(input, { authorizer: { principalId: 'user-1' } })],
    [
      'a token that calls itself a signature',
      restEvent(input, { authorizer: { iam: { userArn: 'arn:aws:iam::0' } } }),
    ],
    ['a token, through an HTTP API', httpApiEvent(input, { authorizer: { jwt: { claims: { sub: 'a' } } } })],
    ['headers that claim a signature', restEvent(input, { headers: forged })],
    ['headers that claim one, through an HTTP API', httpApiEvent(input, { headers: forged })],
    ['a body that claims one', restEvent({ ...input, signed: true, userArn: 'arn:aws:iam::0' })],
    ['a body that calls itself a canary', restEvent({ canary: true })],
    ['no body', restEvent(null)],
    ['another method', restEvent(input, { method: 'GET' })],
  ])('a request with %s is forbidden there, and nothing happens', async (_what, event) => {
    const { caller, input: read } = readLambdaEvent(event);
    const calls: string[] = [];
    const outcome = await runFunction(greet('direct'), { caller, input: read }, () => ({ used: { calls } }));
    const reply = httpReply(outcome, 'request');
    expect(reply).toMatchObject({ statusCode: 403, headers: { 'Verify-Error': 'forbidden' } });
    expect(JSON.parse(reply.body)).toEqual({
      success: false,
      error: expect.stringMatching(/signed request/),
      greeting: null,
      whose: null,
    });
    expect(calls).toEqual([]);
  });

  test('any of them calls a function for all', async () => {
    for (const event of [restEvent(input), httpApiEvent(input), signedRestEvent(input)])
      expect((await run(input, readLambdaEvent(event).caller)).answer.success).toBe(true);
  });
});
