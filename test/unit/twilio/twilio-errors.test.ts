import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorCatalogue } from '../../../functions/runtime/errors.ts';
import type { Channel } from '../../../functions/verify/channel.ts';
import { twilioErrorTable } from '../../../functions/verify/twilio-error-table.ts';
import {
  parameterOf,
  type RefusedOperation,
  refusedBy,
  TwilioRefusal,
} from '../../../functions/verify/twilio-errors.ts';

const refusal = (status: number, code?: number, message = '', retryAfter?: number) =>
  new TwilioRefusal({ status, code, parameter: parameterOf(message), retryAfter, requestId: undefined });
const start: RefusedOperation = { notFound: 'misconfigured', alternatives: ['call'] };
const check: RefusedOperation = { notFound: 'no_verification' };
const probe: RefusedOperation = { notFound: 'misconfigured' };

const codesOf = (codes: number | readonly [number, number]): number[] =>
  typeof codes === 'number'
    ? [codes]
    : Array.from({ length: codes[1] - codes[0] + 1 }, (_, offset) => codes[0] + offset);
const listed = twilioErrorTable.flatMap(({ codes }) => codesOf(codes));

// Written down apart from the table: the codes of Twilio's pages on Verify, Lookup and delivery.
const documented =
  `20003 20008 20403 20404 20409 20429 20500 20503 25109 21608 21211 21215 21216 21408 21610 21612 21614
  30001-30008 30022 30032 30034 30410 30450 63024 63036
  60200-60248 60250
  60300-60315 60317 60318 60322-60331 60333-60335 60361-60388 60390-60392
  60401-60413 60420-60441 60500 60510 60511 60517 60519 60520 60531-60535 60540 60550 60001-60008
  60600-60624 60626 60699 60700-60728 68001-68008`
    .split(/\s+/)
    .flatMap((part) => {
      const [first = '', last = first] = part.split('-');
      return codesOf([Number(first), Number(last)]);
    });

describe('the table of Twilio codes', () => {
  it('has every documented code exactly once and no other', () => {
    expect(listed.toSorted()).toEqual(documented.toSorted());
    expect(new Set(listed).size).toBe(listed.length);
  });

  it.each(twilioErrorTable)('classes $codes soundly', ({ error, status, retry, fixer, meaning }) => {
    expect(errorCatalogue).toHaveProperty(error);
    expect(status === null || (status >= 400 && status < 600)).toBe(true);
    expect(error === 'channel_unavailable').toBe(retry === 'other');
    if (error === 'misconfigured') expect(fixer).toBe('operator');
    expect(meaning).toMatch(/^[A-Z].{3,70}[^.]$/);
    expect(['no', 'backoff', 'wait', 'other']).toContain(retry);
    expect(['caller', 'user', 'operator', 'twilio']).toContain(fixer);
  });
});

describe('what a refusal means to the caller', () => {
  it.each([
    ['a start', start],
    ['a check', check],
    ['a probe', probe],
  ])('is complete and discreet for every code and status of %s', (_name, operation) => {
    for (const [code, status] of [...listed, undefined, 12345].flatMap((code) =>
      [302, 400, 401, 403, 404, 409, 418, 429, 500, 502, 503, 504].map((status) => [code, status] as const),
    )) {
      const { code: error, details } = refusedBy(refusal(status, code), operation);
      const { status: ours } = errorCatalogue[error];
      expect(Number.isInteger(details.retryAfter)).toBe(ours === 429 || ours === 503);
      expect(details.sentence ?? '').not.toMatch(/\d{4}|Twilio|VA|undefined|null/);
      expect(details.reason).toMatch(/^twilio_(unknown_)?\d{3,5}$/);
      expect(details.effect).toBe(status >= 400 && status < 500 ? 'none' : 'unknown');
    }
  });

  it('depends on the question where Twilio finds nothing', () => {
    expect(refusedBy(refusal(404, 20404), check).code).toBe('no_verification');
    expect(refusedBy(refusal(404, 20404), start).code).toBe('misconfigured');
    expect(refusedBy(refusal(404, 20404), probe).code).toBe('misconfigured');
    expect(refusedBy(refusal(404), start).code).toBe('misconfigured');
    expect(refusedBy(refusal(404, 60600), start).code).toBe('invalid_input');
  });

  it.each([
    [400, 'upstream_error'],
    [401, 'misconfigured'],
    [403, 'blocked'],
    [404, 'no_verification'],
    [409, 'upstream_error'],
    [429, 'throttled'],
    [500, 'upstream_error'],
    [502, 'upstream_error'],
    [503, 'upstream_unavailable'],
    [504, 'upstream_timeout'],
  ])('falls from HTTP %i to %s where the code is unknown, and counts it', (status, error) => {
    expect(refusedBy(refusal(status, 12345), check)).toMatchObject({
      code: error,
      details: { reason: 'twilio_unknown_12345' },
    });
    expect(refusedBy(refusal(status), check).details.reason).toBe(`twilio_unknown_${status}`);
  });

  it.each([
    [20429, 'throttled'],
    [20403, 'misconfigured'],
    [21610, 'blocked'],
    [60001, 'channel_unavailable'],
    [60008, 'channel_unavailable'],
    [60202, 'max_attempts'],
    [60203, 'throttled'],
    [60212, 'throttled'],
    [60410, 'blocked'],
  ])('is by Twilio’s code %i, not by its status: %s', (code, error) => {
    expect(refusedBy(refusal(500, code), check)).toMatchObject({
      code: error,
      details: { reason: `twilio_${code}` },
    });
  });

  it.each([
    [21211, 400, /^to_phone must be a number in service/],
    [30005, 400, /^to_phone must be a number in service/],
    [60202, 429, /^Too many wrong codes; wait .*, then request a new one$/],
    [60203, 429, /^Too many codes were requested; enter the last one, or wait/],
    [60206, 400, /^amount and payee are required .*; give both$/],
    [60212, 429, /^A code is being sent already; wait a moment/],
    [60227, 400, /^template_sid must be .*; or leave it out$/],
    [60228, 400, /^template_sid must be/],
    [60229, 400, /^template_sid must be/],
    [60331, 400, /^locale must be a supported language/],
    [60408, 400, /^template_sid must be/],
    [60602, 400, /^app_hash goes with the sms channel only$/],
  ])('of %i is told what to do next', (code, status, sentence) => {
    expect(refusedBy(refusal(status, code), start).details.sentence).toMatch(sentence);
  });

  it.each([
    [60204, 403, 'custom_friendly_name is not available here; leave it out'],
    [60248, 400, 'custom_friendly_name holds a word that is not allowed; choose another'],
  ])('is by %i that its own name in the message was wrong, where it gave one', (code, status, sentence) => {
    expect(refusedBy(refusal(status, code), { ...start, named: true })).toMatchObject({
      code: 'invalid_input',
      details: { sentence },
    });
    for (const unnamed of [start, { ...start, named: false }])
      expect(refusedBy(refusal(status, code), unnamed).code).toBe('misconfigured');
    expect(refusedBy(refusal(403, 60220), { ...start, named: true }).code).toBe('misconfigured');
  });

  it('tells the operator what Twilio said, and by which request to ask Twilio about it', () => {
    const facts = { status: 429, parameter: undefined, retryAfter: 7 } as const;
    const refused = new TwilioRefusal({ ...facts, code: 60203, requestId: `RQ${'0'.repeat(32)}` });
    expect(refused).toMatchObject({ name: 'TwilioRefusal', status: 429, code: 60203, retryAfter: 7 });
    expect(refused.message).toBe(
      `Twilio answered 429, code 60203, request RQ${'0'.repeat(32)}: Five sends used up`,
    );
    const unknown = new TwilioRefusal({ ...facts, code: undefined, requestId: undefined });
    expect(unknown.message).toBe('Twilio answered 429, code none: not in the table');
    expect(refusedBy(unknown, start).details.fix).toBe(unknown.message);
  });

  it('names the channels that are left', () => {
    const sentence = (alternatives: readonly Channel[]) =>
      refusedBy(refusal(403, 60205), { notFound: 'misconfigured', alternatives }).details.sentence;
    const cannot = 'This channel cannot reach this destination';
    expect(sentence(['call', 'whatsapp'])).toBe(`${cannot}; try another channel: call, whatsapp`);
    expect(sentence([])).toBe(`${cannot}; use another number or address`);
  });

  it('waits as long as Twilio asks, else as long as the code lasts', () => {
    const wait = (code: number, retryAfter?: number) =>
      refusedBy(refusal(code === 20503 ? 503 : 429, code, '', retryAfter), check).details.retryAfter;
    expect([60202, 60203, 60212, 20429, 20503].map((code) => wait(code))).toEqual([600, 600, 2, 1, 5]);
    expect([21610, 60204, 20500].map((code) => wait(code, 42))).toEqual([undefined, undefined, undefined]);
    expect(wait(60203, 42)).toBe(42);
  });
});

describe('the parameter that a 60200 names', () => {
  it.each([
    ['Invalid parameter: To', 'To', /^to_phone must/],
    ['Invalid parameter `To`: +14155552671', 'To', /^to_phone must/],
    ['Invalid parameter: Channel', 'Channel', /^channel must/],
    ['Invalid parameter To', 'To', /^to_phone must be a number in service/],
    ['Invalid parameter:To', 'To', /^to_phone must/],
    ['Invalid parameter: To.', 'To', /^to_phone must/],
    ['Invalid parameter: Code', 'Code', /^code must be 4 to 10/],
    ['Invalid parameter: AppHash', 'AppHash', /^app_hash must be 11 characters/],
    ['Invalid parameter: TemplateSid', 'TemplateSid', /^template_sid must/],
    ['Invalid parameter: Amount', 'Amount', /^amount must/],
    ['Invalid parameter: Payee', 'Payee', /^payee must/],
    ['Invalid parameter: DeviceIp', 'DeviceIp', /^device_ip must be a public/],
    ['Invalid parameter: Tags', 'Tags', /^tags must be an object of at most 10/],
    ['Invalid parameter: VerificationSid', 'VerificationSid', /^sid must be the sid/],
    ['Invalid parameter: Locale', 'Locale', /^locale must/],
    ['Invalid parameter: FriendlyName', 'FriendlyName', /^custom_friendly_name must/],
    [
      'Invalid parameter `CustomFriendlyName`: to code 123',
      'CustomFriendlyName',
      /^custom_friendly_name must/,
    ],
  ])('is read from "%s"', (message, parameter, sentence) => {
    expect(parameterOf(message)).toBe(parameter);
    const { code, details } = refusedBy(refusal(400, 60200, message), check);
    expect(code).toBe('invalid_input');
    expect(details.sentence).toMatch(sentence);
  });

  it.each(['Invalid parameter (null)', 'Invalid parameter: ServiceSid'])(
    'is the service where Twilio writes "%s"',
    (message) => {
      expect(parameterOf(message)).toBe('ServiceSid');
      const { code, details } = refusedBy(refusal(400, 60200, message), start);
      expect([code, details.sentence]).toEqual(['invalid_service', undefined]);
      expect(refusedBy(refusal(400, 60300, message), start).code).toBe('invalid_input');
    },
  );

  it('is passed over where another code than 60200 comes with it', () => {
    expect(refusedBy(refusal(400, 60300, 'Invalid parameter: To'), start).details.sentence).toBeUndefined();
  });

  it.each([
    'Invalid parameter: CustomCode',
    'Invalid parameter `Tomorrow`: to',
    'Sorry: Invalid parameter: To',
    'The recipient To of the code is wrong',
    'Invalid parameter: constructor',
    'Invalid parameterTo',
    'Invalid parameter: To5',
    'Invalid parameter: 5',
    'Invalid parameter `To',
    'Invalid parameter',
    '',
  ])('is unknown in "%s"', (message) => {
    expect(parameterOf(message)).toBeUndefined();
    const { code, details } = refusedBy(refusal(400, 60200, message), start);
    expect(code).toBe('invalid_input');
    expect(details.sentence).toBeUndefined();
  });

  it('never lets anything else of a message through', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.constantFrom('', 'Invalid parameter: ', 'Invalid parameter `'),
        (tail, head) => {
          const { details } = refusedBy(refusal(400, 60200, `${head}${tail}+14155552671`), start);
          expect(JSON.stringify(details)).not.toContain('4155552671');
        },
      ),
    );
  });
});
