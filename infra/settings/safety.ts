import { catalog } from '../../functions/catalog.ts';
import type { Policy } from '../../functions/guard/policy/policy.ts';
import type { AccessSettings } from './access.ts';
import { type EdgeSettings, wafRules } from './edge.ts';
import type { WatchingSettings } from './watching.ts';

/** What the refusals look at. */
interface SafetySettings extends EdgeSettings, AccessSettings, WatchingSettings {
  readonly stage: string;
  readonly acknowledge_test_numbers: boolean;
}

/** Says what is unsafe and how to fix it; undefined where nothing is. */
type Refusal = (settings: SafetySettings, policy: Policy) => string | undefined;

const openWithoutWaf: Refusal = ({ stage, access, waf }) => {
  if (stage === 'dev' || access.mode !== 'public') return undefined;
  if (!waf.enabled)
    return `waf.enabled: the stage ${stage} is public and would stand without WAF; set it to true, or access to iam or token`;
  return wafRules.every((rule) => waf.count.includes(rule))
    ? `waf.count: the stage ${stage} is public and its WAF would refuse nothing; take rate out of the list at least`
    : undefined;
};

const testNumbers: Refusal = ({ stage, acknowledge_test_numbers: acknowledged }, { test_numbers }) =>
  stage === 'dev' || acknowledged || test_numbers.length === 0
    ? undefined
    : `verify.test_numbers: the stage ${stage} has test numbers, which anybody who learns their code passes; take them out, or set acknowledge_test_numbers to true`;

const pagesOfAnybody: Refusal = ({ stage, cors_origins: origins }) => {
  const loose = origins.find((origin) => !origin.startsWith('https://'));
  return stage === 'dev' || loose === undefined
    ? undefined
    : `cors_origins: ${loose} would let pages of anybody call the stage ${stage}; name https origins`;
};

const wildcardWithToken: Refusal = ({ access, cors_origins: origins }) =>
  access.mode === 'token' && origins.includes('*')
    ? 'cors_origins: * would let every page use the tokens of its visitors; name the origins that need them'
    : undefined;

const allowNobodyNamed: Refusal = ({ waf }, { countries }) =>
  waf.countries === 'allow' && countries.allow === null
    ? 'waf.countries: allow needs the list verify.countries.allow; give it, or set waf.countries to deny'
    : undefined;

const appAsIdentity: Refusal = ({ access }) =>
  access.mode === 'token' &&
  access.issuers.some(
    ({ issuer, identity_claim: claim }) =>
      issuer.startsWith('https://firebaseappcheck.googleapis.com/') && claim !== null,
  )
    ? 'access.issuers: an App Check token names the app, so all users would share one budget; set its identity_claim to null'
    : undefined;

const zoneOfAnother: Refusal = ({ domain }) =>
  domain?.hosted_zone === undefined || `.${domain.name}`.endsWith(`.${domain.hosted_zone.name}`)
    ? undefined
    : 'domain.hosted_zone: the zone does not hold domain.name; give the zone that does';

const unknownRoutes: Refusal = ({ waf, throttle }) => {
  const known = catalog.map(({ name }): string => name);
  const named = { 'waf.rate_limits': waf.rate_limits, 'throttle.routes': throttle.routes };
  const wrong = Object.entries(named).find(
    ([, routes]) => !Object.keys(routes).every((name) => known.includes(name)),
  );
  return wrong && `${wrong[0]}: names a function that there is not; there are ${known.join(', ')}`;
};

const mailNobodySends: Refusal = ({ alarms }) =>
  alarms.topic_arn !== undefined && alarms.email.length > 0
    ? "alarms.email: subscribes to the stack's own topic, which alarms.topic_arn replaces; give one of the two"
    : undefined;

const refusals: readonly Refusal[] = [
  openWithoutWaf,
  testNumbers,
  pagesOfAnybody,
  wildcardWithToken,
  allowNobodyNamed,
  appAsIdentity,
  zoneOfAnother,
  unknownRoutes,
  mailNobodySends,
];

/**
 * Refuses settings that are each valid but unsafe, or senseless, together.
 *
 * @throws Error whose message names the key of each and how to fix it.
 */
export const refuseUnsafe = (settings: SafetySettings, policy: Policy): void => {
  const sentences = refusals.flatMap((refusal) => refusal(settings, policy) ?? []);
  if (sentences.length > 0) throw new Error(`The settings are not safe. ${sentences.join('; ')}`);
};
