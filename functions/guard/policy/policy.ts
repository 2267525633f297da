import * as v from 'valibot';
import { isRecord } from '../../runtime/inputs.ts';
import { channels } from '../../verify/channel.ts';
import { breakerPolicy } from './breaker-policy.ts';
import { country, rulesPolicy } from './rules-policy.ts';
import { section } from './section.ts';
import { dailyBudgetPolicy, pumpingPolicy } from './spend-policy.ts';
import { testNumbersPolicy } from './test-numbers.ts';

const off = v.null();
const limit = (description: string) =>
  v.pipe(
    v.union([v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(10_000)), off]),
    v.description(description),
  );
const channel = v.picklist(channels);
const rateLimits = section({
  send_per_to_per_10m: v.optional(limit('Sends to one destination in any 10 minutes; 0 or null is off'), 3),
  send_per_to_per_24h: v.optional(limit('Sends to one destination in any 24 hours; 0 or null is off'), 10),
  send_per_ip_per_10m: v.optional(
    limit('Sends asked for by one client address (IPv6: per /64) in any 10 minutes; 0 or null is off'),
    5,
  ),
  send_per_identity_per_10m: v.optional(
    limit('Sends asked for by one identity in any 10 minutes; 0 or null is off'),
    5,
  ),
  check_per_identity_per_10m: v.optional(
    limit(
      'Checks by one identity, or of one destination where none is given, in any 10 minutes; 0 or null is off',
    ),
    5,
  ),
  resend_cooldown_seconds: v.optional(
    limit('Seconds between two messages to one destination on one channel; 0 or null is off'),
    30,
  ),
  cooldown_seconds_after_failed_check: v.optional(
    v.pipe(
      v.array(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(86_400))),
      v.description(
        'Seconds to wait after the 1st, 2nd, … wrong code in a row; the last one repeats; [] is off',
      ),
    ),
    [0, 0, 60, 60, 60],
  ),
});

/** The whole policy; the documentation of its keys is made from it. */
export const policySchema = v.strictObject({
  channels: v.optional(
    v.pipe(v.array(channel), v.minLength(1), v.description('The channels callers may ask for')),
    ['sms', 'call', 'email', 'whatsapp'],
  ),
  default_channel: v.optional(
    v.pipe(channel, v.description('The channel of a start that names none')),
    'sms',
  ),
  fallback_channels: v.optional(
    v.pipe(
      v.array(channel),
      v.description('The channels to suggest, in order, when one cannot reach a destination'),
    ),
    ['call', 'email'],
  ),
  default_locale: v.optional(
    v.pipe(
      v.nullable(v.string()),
      v.description('The language of messages; null lets Twilio choose by country'),
    ),
    null,
  ),
  default_country: v.optional(
    v.pipe(
      v.nullable(country),
      v.description('The country of numbers written without a calling code; null refuses them'),
    ),
    null,
  ),
  explain_ended: v.optional(
    v.pipe(v.boolean(), v.description('Tell an approved or expired verification from one never started')),
    true,
  ),
  require_sid_on_check: v.optional(
    v.pipe(v.boolean(), v.description('A check must name the sid that its start returned')),
    false,
  ),
  code_ttl_seconds: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(120),
      v.maxValue(86_400),
      v.description(
        'Seconds for which a code is valid; must be what Twilio has set for the service, 600 unless asked',
      ),
    ),
    600,
  ),
  rate_limits: rateLimits,
  on_store_failure: section({
    start: v.optional(
      v.pipe(v.picklist(['deny', 'allow']), v.description('Starts while the store is down')),
      'deny',
    ),
    check: v.optional(
      v.pipe(v.picklist(['deny', 'allow']), v.description('Checks while the store is down')),
      'allow',
    ),
  }),
  ...rulesPolicy,
  breaker: breakerPolicy,
  daily_budget: dailyBudgetPolicy,
  pumping: pumpingPolicy,
  test_numbers: testNumbersPolicy,
});

/** What the operator decides: channels, limits, refusals. Every key has a default; the schema says its meaning and unit. */
export type Policy = v.InferOutput<typeof policySchema>;

/**
 * Reads a policy, filling what it leaves out with the defaults.
 *
 * @throws Error whose message names every key that is unknown or wrong, and what it should be.
 */
export const parsePolicy = (raw: unknown): Policy => {
  if (!isRecord(raw)) throw new Error('The policy is not valid. It must be a JSON object');
  const result = v.safeParse(policySchema, raw);
  if (!result.success) {
    const problems = result.issues.map((issue) => `${v.getDotPath(issue) ?? 'policy'}: ${issue.message}`);
    throw new Error(`The policy is not valid. ${problems.join('; ')}`);
  }
  return withUsableDefault(result.output, raw['default_channel'] !== undefined);
};

/** A default channel that was left out follows the enabled ones; one that was chosen must be among them. */
const withUsableDefault = (policy: Policy, chosen: boolean): Policy => {
  const [first = policy.default_channel] = policy.channels;
  if (policy.channels.includes(policy.default_channel)) return policy;
  if (chosen) throw new Error('The policy is not valid. default_channel: must be one of channels');
  return { ...policy, default_channel: first };
};
