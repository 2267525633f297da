import type { KeyedHash } from '../privacy/keyed-hash.ts';
import type { Caller } from '../runtime/define-function.ts';
import type { ServiceSid } from '../verify/provider.ts';
import type { Decision } from './decision-log.ts';
import { callerKeys } from './limits/caller-keys.ts';
import type { DestinationFacts } from './rules/destination-facts.ts';
import type { PumpingFacts } from './spend/pumping.ts';

/** What every decision is written down with, but for how it ended. */
export type DecisionFacts = Omit<
  Decision,
  'function' | 'channel' | 'outcome' | 'reason' | 'would_refuse' | 'verified_before'
>;

/** Reduces a request to what may be written down of it. */
export const decisionFacts = (
  request: { readonly caller: Caller; readonly service: ServiceSid },
  facts: DestinationFacts,
  { prefixes }: PumpingFacts,
  hash: KeyedHash,
  at: number,
): DecisionFacts => {
  const { by, identity = null, network = null, trusted } = callerKeys(request.caller, hash);
  const { country, destination, domain, numberType } = facts;
  return {
    at,
    country,
    number_type: numberType,
    is_email: domain !== null,
    to: hash('to', destination),
    service: hash('service', request.service),
    prefixes: [...prefixes],
    by,
    identity,
    network,
    trusted,
  };
};
