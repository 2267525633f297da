import { expect } from 'vitest';
import { errorCatalogue } from '../../functions/runtime/errors.ts';
import type { ResponseDeclaration } from '../../functions/runtime/response.ts';
import { differenceFrom } from '../../functions/runtime/response-check.ts';

/** The envelope's keys, in the contract's order. */
export const envelopeKeys = ['success', 'sid', 'status', 'valid', 'error'];

const sid = expect.stringMatching(/^VE[0-9a-fA-F]{32}$/);
const legalEnvelopes = {
  pending: { success: true, sid, status: 'pending', valid: true, error: null },
  approved: { success: true, sid, status: 'approved', valid: true, error: null },
  wrong: { success: true, sid: null, status: 'pending', valid: false, error: null },
  healthy: { success: true, sid: null, status: null, valid: true, error: null },
  failed: { success: false, sid: null, status: null, valid: false, error: expect.any(String) },
};

type LegalEnvelope = keyof typeof legalEnvelopes;

const kindOf = (envelope: Readonly<Record<string, unknown>>): LegalEnvelope => {
  if (envelope['success'] !== true) return 'failed';
  if (envelope['status'] === null) return 'healthy';
  if (envelope['status'] === 'approved') return 'approved';
  return envelope['valid'] === true ? 'pending' : 'wrong';
};

/**
 * Holds a value against the contract's table of envelopes.
 *
 * @returns which row it is.
 */
export const expectEnvelope = (value: unknown): LegalEnvelope => {
  expect(Object.keys(value as object)).toEqual(envelopeKeys);
  const kind = kindOf(value as Record<string, unknown>);
  expect(value).toEqual(legalEnvelopes[kind]);
  return kind;
};

/** Holds an answer against what its function declares. */
export const expectAnswerOf = (response: ResponseDeclaration, value: unknown): void => {
  expect(differenceFrom(response, value)).toBeUndefined();
  if (response === 'envelope') expectEnvelope(value);
};

/** A proxy result, as a test reads it. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const statusOf = new Map<string, number>(
  Object.entries(errorCatalogue).map(([code, { status }]) => [code, status]),
);

/**
 * Holds a proxy result against the contract's table: its status, its headers and its envelope or own response.
 *
 * @param response - as the function declares it.
 * @returns the `Verify-Error` code, or `ok`.
 */
export const expectHttpAnswerOf = (response: ResponseDeclaration, value: unknown): string => {
  const { statusCode, headers, body } = value as HttpAnswer;
  expect(headers).toMatchObject({
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'X-Request-Id': expect.stringMatching(/./),
  });
  const answer = JSON.parse(body);
  expectAnswerOf(response, answer);
  const code = headers['Verify-Error'];
  expect(statusCode).toBe(code === undefined ? 200 : statusOf.get(code));
  expect(answer.success).toBe(code === undefined);
  const waits = statusCode === 429 || statusCode === 503;
  expect(headers['Retry-After']).toEqual(waits ? expect.stringMatching(/^[1-9]\d*$/) : undefined);
  expect(headers['Allow']).toBe(statusCode === 405 ? 'POST' : undefined);
  return code ?? 'ok';
};

/** The same of a function that answers with the envelope. */
export const expectHttpAnswer = (value: unknown): string => expectHttpAnswerOf('envelope', value);
