import type { SecretCache } from '../adapters/secret-cache.ts';
import type { TwilioSecret } from '../verify/credentials.ts';
import type { Base } from './base.ts';
import type { Environment } from './environment.ts';
import { twilioSecret } from './secrets.ts';

/** Where Twilio's calls go. */
export const twilioPlace = (environment: Environment) => ({
  baseUrl: environment.optional('TWILIO_API_BASE_URL'),
  region: environment.optional('TWILIO_REGION'),
  edge: environment.optional('TWILIO_EDGE'),
});

/** How every client of Twilio's calls it. */
export const twilioOptions = (base: Base) => {
  const secrets: SecretCache<TwilioSecret> = base.get(twilioSecret);
  return { secrets, clock: base.clock, ...twilioPlace(base.environment) };
};
