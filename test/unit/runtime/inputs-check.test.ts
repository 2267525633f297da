import { describe, expect, test } from 'vitest';
import { checkVerification } from '../../../functions/check_verification.ts';
import type { Caller } from '../../../functions/runtime/define-function.ts';
import { runFunction } from '../../../functions/runtime/run-function.ts';
import { expectEnvelope } from '../../support/contract.ts';
import { type FakePorts, fakePorts, rightCode, serviceSid, verificationSid } from '../../support/ports.ts';

const to_phone = '+14155552671';
const code = rightCode;

const run = (raw: unknown, ports: FakePorts = fakePorts(), kind: Caller['kind'] = 'http') =>
  runFunction(checkVerification, { caller: { kind }, input: () => raw }, () => ports);

/** How it was refused, and that no guess was spent. */
const refused = async (raw: unknown, kind: Caller['kind'] = 'http') => {
  const ports = fakePorts();
  const { answer, error } = await run(raw, ports, kind);
  expect(expectEnvelope(answer)).toBe('failed');
  expect(error?.code).toBe('invalid_input');
  expect(ports.checks).toEqual([]);
  return answer.error;
};

describe('a check', () => {
  test('with the right code is approved', async () => {
    const ports = fakePorts();
    const { answer } = await run({ to: ' +1 415 555 2671', code: ` ${code} ` }, ports);
    expect(answer).toEqual({
      success: true,
      sid: verificationSid,
      status: 'approved',
      valid: true,
      error: null,
    });
    expect(ports.checks).toMatchObject([{ service: serviceSid, destination: to_phone, code }]);
  });

  test('with a wrong code is pending, and names no sid', async () => {
    const { answer } = await run({ to_phone, code: '000000' });
    expect(answer).toEqual({ success: true, sid: null, status: 'pending', valid: false, error: null });
  });

  test('takes an e-mail address without naming a channel', async () => {
    const ports = fakePorts();
    expect(expectEnvelope((await run({ to_phone: 'ada@Example.com', code }, ports)).answer)).toBe('approved');
    expect(ports.checks).toMatchObject([{ destination: 'ada@example.com' }]);
  });

  test('passes on what a payment is bound to', async () => {
    const ports = fakePorts();
    await run({ to_phone, code, amount: '5', payee: 'Acme' }, ports);
    expect(ports.checks).toMatchObject([{ amount: '5', payee: 'Acme' }]);
  });

  test.each(['1234', '1234567890', 'aB3d', 'ABCDEFGHIJ'])('takes the code %s', async (given) => {
    const ports = fakePorts();
    expect(expectEnvelope((await run({ to_phone, code: given }, ports)).answer)).toBe('wrong');
    expect(ports.checks).toMatchObject([{ code: given }]);
  });

  test.each(['123', '12345678901', '12 34', '12-34', '１２３４', 'ünï1', '<b>1', '1234\n5'])(
    'refuses the code %j',
    async (given) => {
      expect(await refused({ to_phone, code: given })).toBe('code must be 4 to 10 letters or digits');
    },
  );

  test('refuses a code that is a number, since leading zeros would be lost', async () => {
    expect(await refused({ to_phone, code: 123456 })).toBe(
      'code must be text in quotes, 4 to 10 letters or digits',
    );
  });

  test.each([[undefined], [null], [''], [' ']])('requires a code, so not %j', async (given) => {
    expect(await refused({ to_phone, code: given })).toBe('code is required; give 4 to 10 letters or digits');
  });

  test('says what a half-typed e-mail address lacks without speaking of a channel', async () => {
    expect(await refused({ to_phone: 'ada@example', code })).toBe(
      'to_phone must be a whole e-mail address or a phone number',
    );
  });

  test('may name the start that it belongs to', async () => {
    expect(expectEnvelope((await run({ to_phone, code, sid: verificationSid })).answer)).toBe('approved');
    expect(await refused({ to_phone, code, sid: 'VE1' })).toBe('sid must be VE and 32 hexadecimal digits');
  });

  test.each(['channel', 'locale', 'tags', 'app_hash', 'verification_sid'])(
    '%s is no field of it',
    async (field) => {
      expect(await refused({ to_phone, code, [field]: 'sms' })).toBe(
        `${field} is not a field here; leave it out`,
      );
    },
  );

  test.each([
    ['identity', 'user-1'],
    ['client_ip', '198.51.100.7'],
  ])('hears %s from a direct caller only', async (field, value) => {
    const raw = { to_phone, code, [field]: value };
    expect(await refused(raw)).toBe(`${field} is not taken from a request; leave it out`);
    expect(expectEnvelope((await run(raw, fakePorts(), 'direct')).answer)).toBe('approved');
  });
});
