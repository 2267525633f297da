import * as v from 'valibot';
import { RunError } from '../runtime/errors.ts';
import type { TwilioSecret } from '../verify/credentials.ts';
import type { ServiceSid } from '../verify/provider.ts';

const sid = (prefix: string) =>
  v.pipe(
    v.string(),
    v.trim(),
    v.regex(new RegExp(`^${prefix}[0-9a-fA-F]{32}$`), `must be ${prefix} and 32 hex digits`),
  );
const nonEmpty = v.pipe(v.string(), v.trim(), v.minLength(1, 'must not be empty'));
const services = v.union([
  v.pipe(
    v.string(),
    v.transform((list) => list.split(/[\s,]+/).filter((word) => word !== '')),
    v.array(sid('VA')),
  ),
  v.array(sid('VA')),
]);

// The console's key/value editor stores every value as text, so an empty one stands for a key that was left out.
const withoutEmpty = (raw: unknown): unknown =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw)
    ? Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== '' && value !== null))
    : raw;

const schema = v.looseObject({
  twilio_account_sid: sid('AC'),
  twilio_auth_token: v.optional(nonEmpty),
  twilio_api_key_sid: v.optional(sid('SK')),
  twilio_api_key_secret: v.optional(nonEmpty),
  service_sid: v.optional(sid('VA')),
  service_sids: v.optional(services),
});

const wrong = (fix: string): RunError => new RunError('misconfigured', { reason: 'twilio_secret', fix });

const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw wrong('The Twilio secret must be a JSON object');
  }
};

const credential = (secret: v.InferOutput<typeof schema>): Pick<TwilioSecret, 'username' | 'password'> => {
  const { twilio_api_key_sid: key, twilio_api_key_secret: keySecret, twilio_auth_token: token } = secret;
  if (key !== undefined && keySecret !== undefined) return { username: key, password: keySecret };
  if (token !== undefined) return { username: secret.twilio_account_sid, password: token };
  if (key !== undefined) throw wrong('The Twilio secret lacks twilio_api_key_secret');
  if (keySecret !== undefined) throw wrong('The Twilio secret lacks twilio_api_key_sid');
  throw wrong('The Twilio secret lacks twilio_api_key_sid and twilio_api_key_secret, or twilio_auth_token');
};

/**
 * Reads the JSON of the Twilio secret (CONTRACT: Environment of a deployed function).
 *
 * @throws RunError `misconfigured` whose `fix` names every key that lacks or is ill-formed, and repeats no value.
 */
export const parseTwilioSecret = (text: string): TwilioSecret => {
  const result = v.safeParse(schema, withoutEmpty(parsedJson(text)));
  if (!result.success) {
    const keys = new Set(
      result.issues.map((issue) => v.getDotPath(issue)?.split('.')[0] ?? 'its JSON object'),
    );
    throw wrong(`The Twilio secret lacks, or holds an ill-formed, ${[...keys].join(', ')}`);
  }
  const { service_sid: first, service_sids: others = [] } = result.output;
  const all = [...new Set([...(first === undefined ? [] : [first]), ...others])];
  return {
    accountSid: result.output.twilio_account_sid,
    ...credential(result.output),
    services: all.map((service) => service as ServiceSid),
  };
};
