import * as v from 'valibot';
import { functionName, jsonValue, onOrOff, wholeNumber } from './values.ts';

/** The rules of the web ACL, by the names under which they can be set to count. */
export const wafRules = [
  'body_size',
  'countries',
  'rate',
  'ip_reputation',
  'anonymous_ip',
  'known_bad_inputs',
  'common',
  'start_check',
] as const;

/** The name of a rule of the web ACL. */
export type WafRule = (typeof wafRules)[number];

/** Routes that are counted by themselves. AWS WAF holds ten rules of this kind a web ACL; the others share the tenth. */
export const maxOwnRates = 9;

// AWS WAF takes 10 as its least and counts these windows only.
const requests = wholeNumber(10, 2_000_000_000);
const windows = v.picklist([60, 120, 300, 600], 'must be 60, 120, 300 or 600');

const waf = v.strictObject({
  enabled: v.optional(
    v.pipe(
      onOrOff,
      v.description('Whether AWS WAF stands before the API; a public stage other than dev needs it'),
    ),
    true,
  ),
  count: v.optional(
    v.pipe(
      v.array(v.picklist(wafRules)),
      v.description(`Rules that only count what they would refuse: ${wafRules.join(', ')}`),
    ),
    [],
  ),
  rate_limit: v.optional(
    v.pipe(
      requests,
      v.description(
        'Requests that one address may make to one route in a window, 10 at least; AWS WAF holds it roughly. Routes that start or check nothing, and those for signed requests alone, share one such limit',
      ),
    ),
    100,
  ),
  rate_limits: v.optional(
    v.pipe(
      v.record(functionName, requests),
      v.maxEntries(maxOwnRates, `must name at most ${maxOwnRates} routes: AWS WAF holds no more such rules`),
      v.description('The same for the routes named here, each by itself: { "start_verification": 50 }'),
    ),
    {},
  ),
  rate_window_seconds: v.optional(
    v.pipe(windows, v.description('Seconds of the window that requests are counted in: 60, 120, 300 or 600')),
    300,
  ),
  countries: v.optional(
    v.pipe(
      v.picklist(['off', 'deny', 'allow']),
      v.description(
        "What the policy's countries mean for addresses: deny refuses those of countries.deny, allow admits only those of countries.allow as well, off neither",
      ),
    ),
    'deny',
  ),
  start_check: v.optional(
    v.pipe(
      v.picklist(['off', 'captcha', 'challenge']),
      v.description(
        'What a start must pass first: a puzzle or a silent challenge, for clients that embed the AWS WAF script or mobile SDK',
      ),
    ),
    'off',
  ),
  logs: v.optional(
    v.pipe(
      onOrOff,
      v.description(
        'Whether refused and counted requests are logged, for 30 days; the lines hold addresses and headers',
      ),
    ),
    false,
  ),
});

const rate = v.strictObject({
  rate: v.pipe(wholeNumber(1, 10_000), v.description('Requests a second')),
  burst: v.pipe(wholeNumber(1, 5_000), v.description('Requests at once')),
});

const throttle = v.strictObject({
  rate: v.optional(
    v.pipe(
      wholeNumber(1, 10_000),
      v.description('Requests a second that each route lets through, all callers together'),
    ),
    50,
  ),
  burst: v.optional(
    v.pipe(wholeNumber(1, 5_000), v.description('Requests at once that each route lets through')),
    100,
  ),
  routes: v.optional(
    v.pipe(
      v.record(functionName, rate),
      v.description(
        'The same for the routes named here: { "start_verification": { "rate": 20, "burst": 40 } }',
      ),
    ),
    {},
  ),
});

const hostName = v.pipe(
  v.string(),
  v.regex(
    /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/,
    'must be a host name in lower case, such as verify.example.com',
  ),
);

const domain = v.strictObject({
  name: v.pipe(
    hostName,
    v.description('The host name that clients use; the execute-api address is then off'),
  ),
  certificate_arn: v.pipe(
    v.string(),
    v.regex(
      /^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/,
      'must be the ARN of an ACM certificate',
    ),
    v.description("The name's certificate, in the stack's own region"),
  ),
  hosted_zone: v.optional(
    v.pipe(
      v.strictObject({
        id: v.pipe(
          v.string(),
          v.regex(/^Z[A-Z0-9]{4,31}$/, 'must be the ID of a hosted zone, such as Z0123456789ABCDEFGHIJ'),
          v.description('The ID of the zone'),
        ),
        name: v.pipe(hostName, v.description('The name of the zone, which the host name must lie in')),
      }),
      v.description('The Route 53 zone to write the address into; left out, the operator does that'),
    ),
  ),
});

const origin = v.pipe(
  v.string(),
  v.regex(
    /^(\*|https:\/\/[a-z0-9.-]+(:\d{1,5})?|http:\/\/localhost(:\d{1,5})?)$/,
    'must be an origin such as https://app.example.com, without a path',
  ),
);

/** What stands between the internet and the functions. */
export const edgeSettings = {
  waf: v.optional(v.pipe(jsonValue, waf, v.description('The web ACL')), {}),
  throttle: v.optional(v.pipe(jsonValue, throttle, v.description('How much the gateway lets through')), {}),
  domain: v.optional(v.pipe(jsonValue, domain, v.description('A host name of your own'))),
  cors_origins: v.optional(
    v.pipe(
      jsonValue,
      v.array(origin),
      v.description(
        'The web pages that may call from a browser, by origin; none by default. * only in the stage dev',
      ),
    ),
    [],
  ),
  gateway_log_role: v.optional(
    v.pipe(
      onOrOff,
      v.description(
        'Whether the stack sets the role with which API Gateway writes its access logs: one an account and region, kept when the stack goes; false where it is set already',
      ),
    ),
    true,
  ),
};

const edgeSchema = v.strictObject(edgeSettings);

/** The part of the settings that the edge reads. */
export type EdgeSettings = v.InferOutput<typeof edgeSchema>;
