import { inspect } from 'node:util';
import { expect } from 'vitest';
import { createTwilioVerify, type TwilioVerifyOptions } from '../../functions/adapters/twilio-verify.ts';
import { RunError } from '../../functions/runtime/errors.ts';
import type { TwilioSecret } from '../../functions/verify/credentials.ts';
import { phoneDestination } from '../../functions/verify/destination.ts';
import type { CheckRequest, ServiceSid, StartRequest } from '../../functions/verify/provider.ts';

/** The number, code and secret that must never come back in an error. */
export const personal = { number: '+14155552671', code: '738291', password: 'super-secret-password' };

const destination = phoneDestination(personal.number, null);
if (destination === undefined) throw new Error('The test number must be a destination');
/** The embedded world's service. */
export const service = `VA${'0'.repeat(32)}` as ServiceSid;
export const startRequest: StartRequest = { service, destination, channel: 'sms' };
export const checkRequest: CheckRequest = { service, destination, code: personal.code };

/** A secret with that API key secret. */
export const secretWith = (password: string): TwilioSecret => ({
  accountSid: `AC${'0'.repeat(32)}`,
  username: `SK${'0'.repeat(32)}`,
  password,
  services: [service],
});

const secret = secretWith(personal.password);
const fixedSecrets = { current: async () => secret, replacementOf: async () => undefined };

/** The gateway against a base URL, with a clock that stands still and waits that take no time. */
export const gateway = (baseUrl: string, options: Partial<TwilioVerifyOptions> = {}) =>
  createTwilioVerify({
    secrets: fixedSecrets,
    baseUrl,
    region: undefined,
    edge: undefined,
    fallbackChannels: ['call', 'email'],
    clock: () => 1_000,
    ...options,
    timing: { pause: async () => {}, ...options.timing },
  });

/** Everything that could print an error, as one text. */
const printed = (thrown: unknown): string => {
  const { stack = '', cause } = thrown as Error;
  const own = Reflect.ownKeys(thrown as object).map((key) => String(Reflect.get(thrown as object, key)));
  return [
    inspect(thrown, { showHidden: true, depth: 10, getters: true }),
    JSON.stringify(thrown),
    stack,
    ...own,
    ...(cause === undefined ? [] : [printed(cause)]),
  ].join('\n');
};

/** What the call was refused with: always a RunError, and one that gives nobody away. */
export const refusalFrom = async (call: Promise<unknown>): Promise<RunError> => {
  const thrown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(thrown).toBeInstanceOf(RunError);
  const basic = Buffer.from(`${secret.username}:${secret.password}`).toString('base64');
  for (const secretText of [
    personal.number.slice(1),
    personal.code,
    personal.password,
    basic,
    service,
    'Basic',
  ])
    expect(printed(thrown)).not.toContain(secretText);
  return thrown as RunError;
};
