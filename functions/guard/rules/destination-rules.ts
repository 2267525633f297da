import type { Refusal } from '../../runtime/errors.ts';
import type { RulesPolicy } from '../policy/rules-policy.ts';
import type { DestinationFacts } from '../request/destination-facts.ts';
import { disposableDomains } from './disposable-domains.ts';

const countryIsDenied = (
  country: string | null,
  { countries }: RulesPolicy,
  verifiedBefore: boolean,
): boolean => {
  const { allow, deny, allow_verified = allow, deny_verified = deny } = countries;
  const [allowed, denied] = verifiedBefore ? [allow_verified, deny_verified] : [allow, deny];
  // A number of no country is on no list: a policy that names the countries to send to does not mean satellites.
  if (country === null) return allowed !== null;
  return denied.includes(country) || (allowed !== null && !allowed.includes(country));
};

/** Whether a list has the domain or one that it lies below. */
const isListed = (domain: string, lists: (name: string) => boolean): boolean => {
  const labels = domain.split('.');
  return labels.some((_, at) => lists(labels.slice(at).join('.')));
};

const emailReason = (domain: string, { emails }: RulesPolicy) => {
  if (isListed(domain, (name) => emails.allow_domains.includes(name))) return undefined;
  if (isListed(domain, (name) => emails.deny_domains.includes(name))) return 'rule_domain';
  const throwAway = emails.deny_disposable && isListed(domain, (name) => disposableDomains().has(name));
  return throwAway ? 'rule_disposable' : undefined;
};

const reasonOf = (facts: DestinationFacts, policy: RulesPolicy, verifiedBefore: boolean) => {
  const { country, destination, domain, numberType } = facts;
  if (policy.sending === 'off') return 'rule_off';
  if (domain !== null) return emailReason(domain, policy);
  if (policy.deny_prefixes.some((prefix) => destination.startsWith(prefix))) return 'rule_prefix';
  if (countryIsDenied(country, policy, verifiedBefore)) return 'rule_country';
  const denied = numberType !== null && policy.number_types.deny.includes(numberType);
  return denied ? 'rule_number_type' : undefined;
};

/** What the policy's rules say of a destination that was never verified, and of one that was. */
export interface Rulings {
  readonly unverified: Refusal | undefined;
  readonly verified: Refusal | undefined;
}

const refusalFor = (reason: string | undefined): Refusal | undefined =>
  reason === undefined ? undefined : { code: 'blocked', reason };

/**
 * What the policy's rules say of a destination, whose reason names the rule. The caller reads one generic sentence,
 * whatever the rule. The policy may be kinder to destinations that were verified before.
 */
export const rulingsOn = (facts: DestinationFacts, policy: RulesPolicy): Rulings => {
  const { allow_verified, deny_verified } = policy.countries;
  const unverified = refusalFor(reasonOf(facts, policy, false));
  const isKinder = allow_verified !== undefined || deny_verified !== undefined;
  return { unverified, verified: isKinder ? refusalFor(reasonOf(facts, policy, true)) : unverified };
};

/** The refusal that holds whatever the history of the destination is: it costs no request to the table. */
export const refusalInAnyCase = ({ unverified, verified }: Rulings): Refusal | undefined =>
  unverified?.reason === verified?.reason ? unverified : undefined;
