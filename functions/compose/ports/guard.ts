import { createTwilioLookup } from '../../adapters/twilio-lookup.ts';
import type { AbuseGuard } from '../../guard/abuse-guard.ts';
import { assembleGuard } from '../../guard/assemble-guard.ts';
import { estimatedCost } from '../../guard/spend/daily-budget-shares.ts';
import { createGuardWatch } from '../../observability/guard-watch.ts';
import { hashAt } from '../../privacy/keyed-hash.ts';
import type { Base } from '../base.ts';
import { destinationHash } from '../secrets.ts';
import { twilioOptions } from '../twilio.ts';
import { policy as policyPort } from './policy.ts';
import { store as storePort } from './store.ts';

/** The abuse guard over the table. */
export const guard = (base: Base): AbuseGuard => {
  const policy = base.get(policyPort);
  // First the secrets, whose reading takes longest.
  const twilio = base.get(twilioOptions);
  const hash = base.get(destinationHash);
  const { clock, log, metrics } = base;
  return assembleGuard({
    store: base.get(storePort),
    hash: async () => hashAt(await hash.current(), clock()),
    policy,
    clock,
    lookup: createTwilioLookup(twilio),
    watch: createGuardWatch(log, metrics, (country, isEmail) =>
      estimatedCost(policy.daily_budget, country, isEmail),
    ),
  });
};
