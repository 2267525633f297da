import * as v from 'valibot';
import { landlineNumber } from '../magic-numbers.ts';

const numbers = v.array(v.pipe(v.string(), v.regex(/^\+\d{1,15}$/, 'must be a plus sign and digits')));

/** The channels that the emulator carries a code on. */
export const carriers = ['sms', 'call', 'email', 'whatsapp'] as const;

/** What Twilio keeps in its Console rather than in the API; each can be changed at run time. */
const entries = {
  /** `captured`: bodies as real captures show them. `spec`: as the examples of Twilio's OpenAPI file show them. */
  body_form: v.picklist(['captured', 'spec']),
  /** Enabled channels; any other answers 60223. `auto` (off at first, as on most accounts) sends an SMS. */
  channels: v.array(v.picklist([...carriers, 'auto'])),
  /** Without one, e-mail answers 60217. */
  mailer: v.boolean(),
  /** Without one, WhatsApp answers 68008. */
  whatsapp_sender: v.boolean(),
  /** A trial account sends to `verified_numbers` alone and answers 21608 for others. */
  trial: v.boolean(),
  verified_numbers: numbers,
  /** ISO 3166 codes; numbers there answer 60605. */
  geo_blocked_countries: v.array(v.pipe(v.string(), v.regex(/^[A-Z]{2}$/, 'must be two capital letters'))),
  /** SMS to numbers with these prefixes answers 60410. */
  fraud_blocked_prefixes: numbers,
  /** Numbers with these prefixes are landlines: an SMS does not arrive (30006), or is refused (60205) where the service skips them. */
  landline_prefixes: numbers,
  /** Whether the account may use CustomFriendlyName. */
  custom_friendly_name: v.boolean(),
  /** Two creates for one number closer together than this answer 60212; milliseconds, 0 is off. */
  concurrency_window_ms: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** What creating does once the checks are used up: 60202 until the verification expires, or a new verification. */
  create_after_max_checks: v.picklist(['refuse', 'restart']),
  /** How long a verification lives from its first send, in seconds (Twilio: 2 minutes to 24 hours). */
  ttl_seconds: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(86_400)),
};

/** Checks a change of settings; any subset of the keys, nothing else. */
export const settingsPatch = v.partial(v.strictObject(entries));

const settingsSchema = v.strictObject(entries);

/** The emulator's switches. */
export type Settings = v.InferOutput<typeof settingsSchema>;

/** Everything ordinary works. */
export const defaultSettings: Settings = {
  body_form: 'captured',
  channels: [...carriers],
  mailer: true,
  whatsapp_sender: true,
  trial: false,
  verified_numbers: [],
  geo_blocked_countries: [],
  fraud_blocked_prefixes: [],
  landline_prefixes: [landlineNumber],
  custom_friendly_name: false,
  concurrency_window_ms: 0,
  create_after_max_checks: 'refuse',
  ttl_seconds: 600,
};
