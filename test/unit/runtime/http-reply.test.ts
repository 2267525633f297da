import { describe, expect, test } from 'vitest';
import { sent } from '../../../functions/runtime/envelope.ts';
import { type ErrorCode, errorCatalogue, RunError } from '../../../functions/runtime/errors.ts';
import { httpReply } from '../../../functions/runtime/http-reply.ts';
import { failure } from '../../../functions/runtime/run-function.ts';
import { expectHttpAnswer } from '../../support/contract.ts';

const definition = { failure: 'Verification could not be started', response: 'envelope' } as const;
const sid = `VE${'0'.repeat(32)}`;

/** CONTRACT §2, written out again so that the catalogue is held against it. */
const contract: Readonly<Record<ErrorCode, number>> = {
  invalid_input: 400,
  invalid_service: 400,
  blocked: 403,
  forbidden: 403,
  no_verification: 404,
  method: 405,
  already_used: 409,
  expired: 410,
  too_large: 413,
  media_type: 415,
  channel_unavailable: 422,
  throttled: 429,
  max_attempts: 429,
  misconfigured: 500,
  upstream_error: 502,
  upstream_unavailable: 503,
  store_unavailable: 503,
  upstream_timeout: 504,
};
const codes = Object.entries(contract) as [ErrorCode, number][];

describe('an error becomes HTTP as the contract says', () => {
  test('the catalogue knows these codes and no others', () => {
    expect(Object.keys(errorCatalogue).sort()).toEqual(Object.keys(contract).sort());
  });

  test.each(codes)('%s is %i', (code, status) => {
    const reply = httpReply(failure(new RunError(code), definition), 'request');
    expect(expectHttpAnswer(reply)).toBe(code);
    expect(reply.statusCode).toBe(status);
    expect(reply.headers['X-Request-Id']).toBe('request');
    expect(reply.isBase64Encoded).toBe(false);
  });

  test.each(codes)(
    'the sentence of %s is for a person and holds no figure that could be a number or code',
    (code) => {
      const { error } = failure(new RunError(code), definition).answer;
      expect(error).toMatch(/^(?:[A-Z]|service_sid )[^\n]{10,120}[^.]$/);
      expect(error).not.toMatch(/\d{4,}|[A-Z]{2}[0-9a-f]{32}/);
    },
  );
});

describe('an operator’s failure keeps its details to itself', () => {
  test.each(codes.filter(([, status]) => status >= 500))('%s says only that it failed', (code) => {
    const thrown = new RunError(code, { sentence: 'secret detail', reason: 'why', fix: 'how' });
    const reply = httpReply(failure(thrown, definition), 'request');
    expect(JSON.parse(reply.body).error).toBe('Verification could not be started');
    expect(JSON.stringify(reply)).not.toMatch(/secret detail|why|how/);
  });

  test('something thrown that nobody foresaw is the operator’s to fix', () => {
    const reply = httpReply(failure(new TypeError('+14155552671 is odd'), definition), 'request');
    expect(expectHttpAnswer(reply)).toBe('misconfigured');
    expect(JSON.stringify(reply)).not.toContain('4155552671');
  });
});

describe('headers that say what comes next', () => {
  test.each(codes.filter(([, status]) => status === 429 || status === 503))(
    '%s tells when to retry',
    (code) => {
      const reply = httpReply(failure(new RunError(code, { retryAfter: 37 }), definition), 'request');
      expect(reply.headers['Retry-After']).toBe('37');
    },
  );

  test('a limit of ours is named', () => {
    const limited = new RunError('throttled', { retryAfter: 9, limit: 'send_per_to_per_10m' });
    const { headers } = httpReply(failure(limited, definition), 'request');
    expect(headers['Verify-Limit']).toBe('send_per_to_per_10m');
  });

  test('hints accompany a success, a zero too', () => {
    const hints = { nextSend: 30, checksLeft: 0, expiresIn: 600, replayed: true };
    const { headers } = httpReply({ answer: sent(sid), hints, error: null }, 'request');
    expect(headers).toEqual({
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      'X-Request-Id': 'request',
      'Verify-Next-Send': '30',
      'Verify-Checks-Left': '0',
      'Verify-Expires-In': '600',
      'Verify-Replayed': 'true',
    });
  });

  test('hints accompany a failure where they are known', () => {
    const limited = new RunError('max_attempts', {
      retryAfter: 600,
      hints: { nextSend: 600, checksLeft: 0 },
    });
    const { headers } = httpReply(failure(limited, definition), 'request');
    expect(headers).toMatchObject({ 'Verify-Next-Send': '600', 'Verify-Checks-Left': '0' });
  });

  test('what is not known is left out', () => {
    const { headers } = httpReply({ answer: sent(sid), hints: { replayed: false }, error: null }, 'request');
    expect(Object.keys(headers)).toEqual(['Content-Type', 'Cache-Control', 'X-Request-Id']);
  });
});
