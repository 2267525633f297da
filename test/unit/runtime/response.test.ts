import { describe, expect, test } from 'vitest';
import {
  answered,
  failedAnswer,
  flag,
  healthyAnswer,
  listOf,
  mapOf,
  number,
  object,
  oneOf,
  type ResponseOf,
  text,
  whole,
} from '../../../functions/runtime/response.ts';
import { differenceFrom } from '../../../functions/runtime/response-check.ts';

const declared = {
  status: oneOf('Where it stands', ['none', 'pending']),
  name: text('A name'),
  checks_left: whole('Checks left'),
  rate: number('A rate, 0 to 1'),
  listed: flag('Whether it is listed'),
  attempts: listOf('Attempts', object('One of them', { sid: text('Its sid'), at: whole('When') })),
  channels: mapOf('By channel', whole('Seconds')),
} as const;

const response: ResponseOf<typeof declared> = {
  status: 'pending',
  name: 'a',
  checks_left: 3,
  rate: 0.5,
  listed: false,
  attempts: [{ sid: 'VE', at: null }],
  channels: { sms: 30 },
};
const nulls = {
  status: null,
  name: null,
  checks_left: null,
  rate: null,
  listed: null,
  attempts: null,
  channels: null,
};

describe('a response of its own', () => {
  test('begins with success and error', () => {
    const answer = answered(declared, response);
    expect(JSON.stringify(answer)).toBe(JSON.stringify({ success: true, error: null, ...response }));
    expect(differenceFrom(declared, answer)).toBeUndefined();
  });

  test('holds every key where it failed, and where a canary found all in reach', () => {
    const failed = failedAnswer(declared, 'It failed');
    expect(JSON.stringify(failed)).toBe(JSON.stringify({ success: false, error: 'It failed', ...nulls }));
    expect(differenceFrom(declared, failed)).toBeUndefined();
    const healthy = healthyAnswer(declared);
    expect(JSON.stringify(healthy)).toBe(JSON.stringify({ success: true, error: null, ...nulls }));
    expect(differenceFrom(declared, healthy)).toBeUndefined();
  });

  test('may be nothing but success and error', () => {
    expect(answered({}, {})).toEqual({ success: true, error: null });
    expect(differenceFrom({}, { success: true, error: null })).toBeUndefined();
  });

  test.each([
    ['a key is missing', ({ rate: _, ...rest }: typeof response) => rest, 'the keys of it'],
    ['a key is too many', (right: typeof response) => ({ ...right, more: 1 }), 'the keys of it'],
    ['two keys change places', ({ status, ...rest }: typeof response) => ({ ...rest, status }), 'the keys'],
    [
      'a word is none of those',
      () => ({ ...response, status: 'gone' }),
      'status is not one of none, pending',
    ],
    ['a text is a number', () => ({ ...response, name: 1 }), 'name is not text'],
    ['a count is not whole', () => ({ ...response, checks_left: 0.5 }), 'checks_left is not a whole number'],
    ['a number is none', () => ({ ...response, rate: Number.NaN }), 'rate is not a number'],
    ['a flag is a word', () => ({ ...response, listed: 'no' }), 'listed is not true or false'],
    ['a list is an object', () => ({ ...response, attempts: {} }), 'attempts is not a list'],
    ['an element is null', () => ({ ...response, attempts: [null] }), 'an element of attempts'],
    ['an element lacks a key', () => ({ ...response, attempts: [{ sid: 'a' }] }), 'the keys of an element'],
    ['a map is a list', () => ({ ...response, channels: [] }), 'channels is not an object'],
    ['a value of a map is a text', () => ({ ...response, channels: { sms: 'x' } }), 'an element of channels'],
  ])('differs where %s, which is said without a value', (_what, change, difference) => {
    expect(differenceFrom(declared, answered(declared, change(response)))).toContain(difference);
  });

  test.each([
    ['it succeeded with an error', { success: true, error: 'why', ...response }],
    ['it failed without a sentence', { success: false, error: null, ...nulls }],
    ['it failed and holds a value', { success: false, error: 'why', ...nulls, name: 'a' }],
    ['success is a word', { success: 'yes', error: null, ...response }],
    ['it is a list', []],
    ['it is nothing', undefined],
  ])('differs where %s', (_what, answer) => {
    expect(differenceFrom(declared, answer)).toBeDefined();
  });
});

describe('the envelope', () => {
  const envelope = { success: true, sid: 'VE', status: 'pending', valid: true, error: null };

  test('fits as it is', () => {
    expect(answered('envelope', envelope)).toBe(envelope);
    for (const answer of [envelope, failedAnswer('envelope', 'It failed'), healthyAnswer('envelope')])
      expect(differenceFrom('envelope', answer)).toBeUndefined();
  });

  test.each([
    ['an own response', { success: true, error: null }],
    ['other order', { success: true, error: null, sid: 'VE', status: 'pending', valid: true }],
    ['a status of its own', { ...envelope, status: 'sent' }],
    ['no validity', { ...envelope, valid: null }],
  ])('does not fit with %s', (_what, answer) => {
    expect(differenceFrom('envelope', answer)).toBeDefined();
  });
});
