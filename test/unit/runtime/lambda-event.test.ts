import { describe, expect, test } from 'vitest';
import { checkVerification } from '../../../functions/check_verification.ts';
import { maxBodyBytes, readLambdaEvent } from '../../../functions/lambda/lambda-event.ts';
import { RunError } from '../../../functions/runtime/errors.ts';
import { startVerification } from '../../../functions/start_verification.ts';
import { httpApiEvent, proxyEvents, restEvent, scheduledEvent } from '../../support/lambda-events.ts';

const body = { to_phone: '+14155552671', channel: 'sms' };

/** The code with which reading the input is refused, or `ok`. */
const verdict = (event: unknown): string => {
  try {
    readLambdaEvent(event).input(startVerification.input);
    return 'ok';
  } catch (thrown) {
    if (thrown instanceof RunError) return thrown.code;
    throw thrown;
  }
};

const typed = (type: string) => ({ headers: { 'Content-Type': type } });
/** A body of exactly so many bytes, padded with a character. */
const sized = (bytes: number, pad: string): string => {
  const frame = JSON.stringify({ pad: '' });
  return JSON.stringify({ pad: pad.repeat((bytes - frame.length) / Buffer.byteLength(pad)) });
};

describe.each(proxyEvents)('a proxy event of a %s', (_name, event) => {
  test('is an HTTP caller with the gateway’s request id and address', () => {
    const request = readLambdaEvent(event(body, { requestId: 'abc', ip: '203.0.113.7' }));
    expect(request).toMatchObject({ caller: { kind: 'http', ip: '203.0.113.7' }, requestId: 'abc' });
    expect(request.caller.identity).toBeUndefined();
    expect(request.input(startVerification.input)).toEqual(body);
  });

  test('may carry its body in base64', () => {
    expect(readLambdaEvent(event(body, { base64: true })).input(startVerification.input)).toEqual(body);
  });

  test('may begin its body with a byte-order mark', () => {
    expect(verdict(event(`\uFEFF${JSON.stringify(body)}`))).toBe('ok');
  });

  test.each(['GET', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'post'])(
    'is refused with method %s',
    (method) => {
      expect(verdict(event(body, { method }))).toBe('method');
    },
  );

  test.each([
    'application/json',
    'APPLICATION/JSON',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'application/json; charset="utf-8"',
    'application/json ;',
  ])('is accepted with content type %s', (type) => {
    expect(verdict(event(body, typed(type)))).toBe('ok');
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'application/merge-patch+json',
    'application/json; charset=utf-16',
    'application/json; charset=iso-8859-1',
    'xapplication/json',
    'application/json, text/plain',
  ])('is refused with content type %s', (type) => {
    expect(verdict(event(body, typed(type)))).toBe('media_type');
  });

  test('is accepted without a content type', () => {
    expect(verdict(event(body, { headers: {} }))).toBe('ok');
  });

  test.each(['gzip', 'br', 'deflate'])('is refused with content encoding %s', (encoding) => {
    expect(verdict(event(body, { headers: { 'Content-Encoding': encoding } }))).toBe('media_type');
  });

  test.each([
    ['a', false],
    ['é', false],
    ['😀', false],
    ['a', true],
    ['é', true],
  ])('may have 8192 bytes of %s and no more (base64: %s)', (pad, base64) => {
    const fits = sized(maxBodyBytes, pad);
    const largest = fits + ' '.repeat(maxBodyBytes - Buffer.byteLength(fits));
    expect(Buffer.byteLength(largest)).toBe(8192);
    expect(verdict(event(largest, { base64 }))).toBe('ok');
    expect(verdict(event(`${largest} `, { base64 }))).toBe('too_large');
  });

  test.each(['', ' ', 'null', '[]', '"text"', '1', 'true', '{', '{"a":1}}', "{'a':1}", '[{"a":1}]', 'a=1'])(
    'is refused with the body %j',
    (text) => {
      expect(verdict(event(text))).toBe('invalid_input');
    },
  );

  test('is refused without a body', () => {
    expect(verdict(event(null))).toBe('invalid_input');
  });

  test('is refused with bytes that are not UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from('{"to_phone":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
    expect(verdict(event(bytes, { base64: true }))).toBe('invalid_input');
  });

  test('is refused with base64 that is none', () => {
    expect(verdict({ ...event(body), body: '%%%', isBase64Encoded: true })).toBe('invalid_input');
  });

  test.each(['Idempotency-Key', 'idempotency-key', 'IDEMPOTENCY-KEY'])(
    'gives the key in the header %s',
    (name) => {
      expect(
        readLambdaEvent(event(body, { headers: { [name]: 'key-1' } })).input(startVerification.input),
      ).toEqual({
        ...body,
        idempotency_key: 'key-1',
      });
    },
  );

  test('may give the same key in header and body, not two', () => {
    const keyed = (idempotency_key: unknown) =>
      event({ ...body, idempotency_key }, { headers: { 'Idempotency-Key': 'key-1' } });
    expect(verdict(keyed('key-1'))).toBe('ok');
    expect(verdict(keyed(null))).toBe('ok');
    expect(verdict(keyed('key-2'))).toBe('invalid_input');
  });

  test('may have the header where the function has no such field', () => {
    const request = readLambdaEvent(event(body, { headers: { 'Idempotency-Key': 'key-1' } }));
    expect(request.input(checkVerification.input)).toEqual(body);
  });

  test('is never a canary, whatever its body says', () => {
    const request = readLambdaEvent(event({ canary: true, source: 'aws.events' }));
    expect(request.caller.kind).toBe('http');
  });
});

describe('the identity of an HTTP caller', () => {
  test.each([
    ['a Lambda authorizer’s principal', restEvent(body, { authorizer: { principalId: 'user-1' } })],
    ['a Cognito authorizer’s subject', restEvent(body, { authorizer: { claims: { sub: 'user-1' } } })],
    [
      'a JWT authorizer’s subject',
      httpApiEvent(body, { authorizer: { jwt: { claims: { sub: 'user-1' } } } }),
    ],
    [
      'a Lambda authorizer’s context',
      httpApiEvent(body, { authorizer: { lambda: { principalId: 'user-1' } } }),
    ],
    ['an IAM caller’s ARN', httpApiEvent(body, { authorizer: { iam: { userArn: 'user-1' } } })],
    [
      'the identity pool’s user, whose ARN is that of all',
      httpApiEvent(body, {
        authorizer: { iam: { userArn: 'all', cognitoIdentity: { identityId: 'user-1' } } },
      }),
    ],
  ])('is %s', (_name, event) => {
    expect(readLambdaEvent(event).caller.identity).toBe('user-1');
  });

  test('is the identity pool’s user through a REST API too', () => {
    const event = restEvent(body);
    Object.assign(event.requestContext.identity, { userArn: 'all', cognitoIdentityId: 'user-1' });
    expect(readLambdaEvent(event).caller.identity).toBe('user-1');
  });

  test('is what our own authorizer says, before any principal', () => {
    const event = restEvent(body, { authorizer: { principalId: 'caller', identity: 'issuer|user-1' } });
    expect(readLambdaEvent(event).caller.identity).toBe('issuer|user-1');
  });

  test('is none where our own authorizer says that the token tells of no user', () => {
    const event = restEvent(body, { authorizer: { principalId: 'caller', identity: '' } });
    expect(readLambdaEvent(event).caller.identity).toBeUndefined();
  });

  test.each([
    ['a header', restEvent(body, { headers: { 'X-Identity': 'user-1', Identity: 'user-1' } })],
    ['the body', restEvent({ ...body, identity: 'user-1' })],
  ])('is never what %s says', (_name, event) => {
    expect(readLambdaEvent(event).caller.identity).toBeUndefined();
  });

  test('the address is never what X-Forwarded-For says', () => {
    const event = restEvent(body, { ip: '203.0.113.7', headers: { 'X-Forwarded-For': '198.51.100.1' } });
    expect(readLambdaEvent(event).caller.ip).toBe('203.0.113.7');
  });
});

describe('an event that is no proxy event', () => {
  test.each([
    ['a schedule’s own input', { canary: true }],
    ['a schedule’s own input with more', { canary: true, name: 'every-minute' }],
    ['a rule’s event', scheduledEvent()],
  ])('is a canary: %s', (_name, event) => {
    expect(readLambdaEvent(event).caller).toEqual({ kind: 'canary' });
  });

  test.each([
    ['an input', body],
    ['canary as text', { canary: 'true' }],
    ['canary that says no', { canary: false }],
    ['a context without a method', { requestContext: {} }],
    ['a method without a context', { httpMethod: 'POST' }],
    ['a list', []],
    ['null', null],
    ['nothing', undefined],
    ['text', 'text'],
  ])('is a direct input: %s', (_name, event) => {
    const request = readLambdaEvent(event);
    expect(request).toMatchObject({ caller: { kind: 'direct' }, requestId: undefined });
    expect(request.input(startVerification.input)).toBe(event);
  });
});
