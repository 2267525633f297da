import { timedCalls } from '../../adapters/part-durations.ts';
import { createTwilioVerify } from '../../adapters/twilio-verify.ts';
import type { VerifyProvider } from '../../verify/provider.ts';
import type { Base } from '../base.ts';
import { twilioOptions } from '../twilio.ts';
import { policy } from './policy.ts';

/** Twilio Verify. */
export const verify = (base: Base): VerifyProvider => {
  const { fallback_channels: fallbackChannels } = base.get(policy);
  return timedCalls(createTwilioVerify({ ...base.get(twilioOptions), fallbackChannels }), base.durations);
};
