import { describe, expect, test } from 'vitest';
import { readLambdaEvent } from '../../../functions/lambda/lambda-event.ts';
import { corsHeaders, exposedHeaders } from '../../../functions/runtime/cors.ts';
import { RunError } from '../../../functions/runtime/errors.ts';
import { httpReply } from '../../../functions/runtime/http-reply.ts';
import { failure } from '../../../functions/runtime/run-function.ts';
import { proxyEvents } from '../../support/lambda-events.ts';

const app = 'https://app.example.com';
const www = 'https://www.example.com';

describe('without origins', () => {
  test.each([undefined, app])('a reply to %s says nothing of pages', (origin) => {
    expect(corsHeaders([], origin)).toEqual({});
  });
});

describe('with origins', () => {
  test.each([app, www])('a page of %s may read the reply, and no cache gives it to another', (origin) => {
    expect(corsHeaders([app, www], origin)).toEqual({
      Vary: 'Origin',
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Expose-Headers': exposedHeaders.join(', '),
    });
  });

  test.each([undefined, 'https://app.example.com.evil.example', 'http://app.example.com', 'null', '*'])(
    '%s may not',
    (origin) => {
      expect(corsHeaders([app, www], origin)).toEqual({ Vary: 'Origin' });
    },
  );

  test('* is every page, as itself, so that no page may send cookies', () => {
    expect(corsHeaders(['*'], app)).toMatchObject({ 'Access-Control-Allow-Origin': '*' });
  });
});

test('a page may read every header of ours', () => {
  const error = new RunError('throttled', {
    retryAfter: 1,
    limit: 'send_per_to_per_10m',
    hints: { nextSend: 1, checksLeft: 1, expiresIn: 1, replayed: true },
  });
  const { headers } = httpReply(
    failure(error, { failure: '', response: 'envelope' }),
    'request',
    corsHeaders([app], app),
  );
  // These may be read anyway, or are not for pages.
  const others = /^(Cache-Control|Content-Type|Vary|Access-Control-.*)$/;
  const ours = Object.keys(headers).filter((name) => !others.test(name));
  expect(ours.sort()).toEqual([...exposedHeaders]);
});

describe.each(proxyEvents)('the origin of a request through a %s', (_name, event) => {
  test.each(['Origin', 'origin'])('is its header %s', (name) => {
    expect(readLambdaEvent(event({}, { headers: { [name]: app } })).origin).toBe(app);
  });

  test('is missing where no page asks', () => {
    expect(readLambdaEvent(event({})).origin).toBeUndefined();
  });
});
