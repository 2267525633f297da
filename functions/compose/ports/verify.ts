import { timedCalls } from '../../adapters/timed.ts';
import { createTwilioVerify } from '../../adapters/twilio-verify.ts';
import type { VerifyProvider } from '../../verify/provider.ts';
import type { Base } from '../base.ts';
import { twilioOptions } from '../twilio.ts';
import { policy } from './policy.ts';

/** Twilio Verify. */
export const verify = (base: Base): VerifyProvider => {
  const { fallback_channels: fallbackChannels } = base.get(policy);
  const provider = createTwilioVerify({ ...base.get(twilioOptions), fallbackChannels });
  return timedCalls(provider, base.clock, (millis) => base.durations.took('TwilioDuration', millis));
};
