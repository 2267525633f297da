import type { CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import type { Policy } from '../../../functions/guard/policy/policy.ts';
import { maxBodyBytes } from '../../../functions/lambda/lambda-event.ts';
import { type DeclaredFunction, isForClients } from '../../declared-function.ts';
import { type EdgeSettings, maxOwnRates, type WafRule } from '../../settings/edge.ts';
import { constantHeaders, type GatewayAnswer, gatewayBody } from './gateway-responses.ts';

type Statement = CfnWebACL.StatementProperty;

/** A rule before its place and its metric. */
export type Rule = { readonly name: WafRule } & Pick<CfnWebACL.RuleProperty, 'statement'> & {
    /** Tells the rules of one name apart. */
    readonly route?: string;
    readonly action: CfnWebACL.RuleActionProperty | 'of the group';
  };

/** What the rules depend on. */
export interface RuleSettings {
  readonly waf: EdgeSettings['waf'];
  readonly countries: Policy['countries'];
  /** Their names are the routes' paths. */
  readonly functions: readonly Pick<DeclaredFunction, 'name' | 'callers' | 'reserves'>[];
  /** The web pages that may read an answer. */
  readonly origins: readonly string[];
}

const plain = [{ priority: 0, type: 'NONE' }];
// Before the comparison the path is made what the gateway makes of it.
const asGateway = [
  { priority: 0, type: 'URL_DECODE' },
  { priority: 1, type: 'NORMALIZE_PATH' },
];

/** Requests to a route, whatever stands before it (the stage's name) or after it (a slash). */
const toRoute = (route: string): Statement => ({
  byteMatchStatement: {
    fieldToMatch: { uriPath: {} },
    positionalConstraint: 'CONTAINS',
    searchString: `/${route}`,
    textTransformations: asGateway,
  },
});

const posted: Statement = {
  byteMatchStatement: {
    fieldToMatch: { method: {} },
    positionalConstraint: 'EXACTLY',
    searchString: 'POST',
    textTransformations: plain,
  },
};

/** The bodies of the answers that WAF gives itself, by name. */
export const wafBodies = {
  too_large: { contentType: 'APPLICATION_JSON', content: gatewayBody({ code: 'too_large' }) },
  throttled: { contentType: 'APPLICATION_JSON', content: gatewayBody({ code: 'throttled' }) },
} as const;

const answering = (
  responseCode: number,
  body: keyof typeof wafBodies,
  answer: Omit<GatewayAnswer, 'code'>,
  origins: readonly string[],
): CfnWebACL.RuleActionProperty => ({
  block: {
    customResponse: {
      responseCode,
      customResponseBodyKey: body,
      responseHeaders: Object.entries(constantHeaders({ code: body, ...answer }, origins)).map(
        ([name, value]) => ({ name, value }),
      ),
    },
  },
});

/** A body too large for the contract, also one too large for WAF to see the end of. */
const bodySize = (origins: readonly string[]): Rule => ({
  name: 'body_size',
  action: answering(413, 'too_large', {}, origins),
  statement: {
    sizeConstraintStatement: {
      fieldToMatch: { body: { oversizeHandling: 'MATCH' } },
      comparisonOperator: 'GT',
      size: maxBodyBytes,
      textTransformations: plain,
    },
  },
});

const toAnyOf = (routes: readonly string[]): Statement => {
  const statements = routes.map(toRoute);
  const [first] = statements;
  return first !== undefined && statements.length === 1 ? first : { orStatement: { statements } };
};

const rate = (route: string, to: Statement, { waf, origins }: RuleSettings): Rule => {
  const seconds = waf.rate_window_seconds;
  return {
    name: 'rate',
    route,
    action: answering(429, 'throttled', { retryAfter: seconds, limit: 'requests_per_address' }, origins),
    statement: {
      rateBasedStatement: {
        aggregateKeyType: 'IP',
        limit: waf.rate_limits[route] ?? waf.rate_limit,
        evaluationWindowSec: seconds,
        scopeDownStatement: to,
      },
    },
  };
};

/** Whether a function has a rule of its own: each is paid for by the month, so those have one whose every request costs a place. */
const hasOwnRate = (declared: RuleSettings['functions'][number]): boolean =>
  isForClients(declared) && declared.reserves !== 'nothing';

/** A route that the settings name or that reserves something is counted by itself; all others share what is left. */
const rateRules = (settings: RuleSettings): Rule[] => {
  const named = Object.keys(settings.waf.rate_limits);
  const names = settings.functions.map(({ name }) => name);
  const reserving = settings.functions.filter(hasOwnRate).map(({ name }) => name);
  // The named ones first: where there are too many, they are those that an operator asked for.
  const chosen = [...new Set([...named, ...reserving])].slice(0, maxOwnRates);
  const own = names.filter((name) => chosen.includes(name));
  const rules = own.map((name) => rate(name, toRoute(name), settings));
  if (own.length === names.length) return rules;
  return [...rules, rate('others', toAnyOf(names.filter((name) => !chosen.includes(name))), settings)];
};

// Two islands that the numbering plan knows as countries of their own and WAF's addresses do not.
const addressCountry = (country: string): string => (['AC', 'TA'].includes(country) ? 'SH' : country);
// The most countries that one statement takes; the API says so, the documentation does not.
const countriesAtOnce = 50;

const from = (countries: readonly string[]): Statement => {
  const codes = [...new Set(countries.map(addressCountry))];
  const statements = Array.from({ length: Math.ceil(codes.length / countriesAtOnce) }, (_, part) => ({
    geoMatchStatement: { countryCodes: codes.slice(part * countriesAtOnce, (part + 1) * countriesAtOnce) },
  }));
  const [first] = statements;
  return first !== undefined && statements.length === 1 ? first : { orStatement: { statements } };
};

/**
 * The countries whose addresses are refused. An address is no number: who has a number of a denied country may sit elsewhere and the other
 * way round. So this only spares the gateway what the guard would refuse, and lists for numbers verified before, which are milder, are
 * respected.
 */
const countryRules = ({ waf, countries }: RuleSettings): Rule[] => {
  if (waf.countries === 'off') return [];
  const {
    deny,
    deny_verified: denyVerified = deny,
    allow,
    allow_verified: allowVerified = allow,
  } = countries;
  const denied = deny.filter((country) => denyVerified.includes(country));
  const block = { block: {} };
  const rules: Rule[] = [];
  if (denied.length > 0) rules.push({ name: 'countries', action: block, statement: from(denied) });
  if (waf.countries === 'allow' && allow !== null && allowVerified !== null)
    rules.push({
      name: 'countries',
      route: 'others',
      action: block,
      statement: { notStatement: { statement: from([...allow, ...allowVerified]) } },
    });
  return rules;
};

const managed = (name: WafRule, group: string): Rule => ({
  name,
  action: 'of the group',
  statement: { managedRuleGroupStatement: { vendorName: 'AWS', name: group } },
});

const startCheck = ({ waf, functions }: RuleSettings): Rule[] => {
  // Programs that sign their requests cannot solve anything.
  const starts = functions.filter((declared) => isForClients(declared) && declared.reserves === 'send');
  return waf.start_check === 'off' || starts.length === 0
    ? []
    : [
        {
          name: 'start_check',
          action: { [waf.start_check]: {} },
          // A browser's preflight can solve nothing.
          statement: { andStatement: { statements: [posted, toAnyOf(starts.map(({ name }) => name))] } },
        },
      ];
};

/** The rules in the order in which they are asked: the cheap and certain ones first, what bothers people last. */
export const rulesOf = (settings: RuleSettings): readonly Rule[] => [
  bodySize(settings.origins),
  ...countryRules(settings),
  ...rateRules(settings),
  managed('ip_reputation', 'AWSManagedRulesAmazonIpReputationList'),
  managed('anonymous_ip', 'AWSManagedRulesAnonymousIpList'),
  managed('known_bad_inputs', 'AWSManagedRulesKnownBadInputsRuleSet'),
  managed('common', 'AWSManagedRulesCommonRuleSet'),
  ...startCheck(settings),
];
