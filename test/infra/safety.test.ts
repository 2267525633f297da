import { RootConstruct } from 'constructs';
import { describe, expect, it } from 'vitest';
import { catalog } from '../../functions/catalog.ts';
import { wafRules } from '../../infra/settings/edge.ts';
import { readSettings } from '../../infra/settings.ts';

const settingsOf = (context: Readonly<Record<string, unknown>>) => {
  const { node } = new RootConstruct();
  for (const [key, value] of Object.entries(context)) node.setContext(key, value);
  return readSettings(node);
};

const token = (change: object = {}, issuer: object = {}) => ({
  mode: 'token',
  issuers: [{ issuer: 'https://login.example.com', audience: ['app'], ...issuer }],
  ...change,
});
const appCheck = 'https://firebaseappcheck.googleapis.com/123456789012';
const zone = { id: 'Z0123456789', name: 'example.com' };
const domain = {
  name: 'verify.example.com',
  certificate_arn: 'arn:aws:acm:eu-west-1:123456789012:certificate/1a2b3c4d-0000',
};

describe('what would be unsafe is refused with a sentence that names the key and the fix', () => {
  it.each<[string, object, string]>([
    ['a public stage without WAF', { waf: { enabled: false } }, 'waf.enabled: the stage prod is public'],
    ['the same from the command line', { stage: 'beta', waf: '{"enabled":false}' }, 'stage beta is public'],
    ['a public stage whose WAF refuses nothing', { waf: { count: wafRules } }, 'take rate out of the list'],
    ['pages of anybody', { cors_origins: ['*'] }, 'cors_origins: * would let pages of anybody'],
    ['pages without TLS', { cors_origins: ['http://localhost:5173'] }, 'name https origins'],
    [
      'tokens open to every page, in dev too',
      { stage: 'dev', access: token(), cors_origins: ['*'] },
      'cors_origins: * would let every page use the tokens',
    ],
    [
      'an app taken for a user',
      { access: token({}, { issuer: appCheck }) },
      'set its identity_claim to null',
    ],
    ['only nobody’s countries', { waf: { countries: 'allow' } }, 'give it, or set waf.countries to deny'],
    [
      'a limit for a route that there is not',
      { waf: { rate_limits: { start_verifikation: 10 } } },
      `waf.rate_limits: names a function that there is not; there are ${catalog.map(({ name }) => name).join(', ')}`,
    ],
    [
      'a throttle for a route that there is not',
      { throttle: { routes: { stop_verification: { rate: 1, burst: 1 } } } },
      'throttle.routes: names a function',
    ],
    [
      'a zone of somebody else',
      { domain: { ...domain, name: 'verify.badexample.com', hosted_zone: zone } },
      'domain.hosted_zone: the zone does not hold domain.name',
    ],
    [
      'addresses that no topic writes to',
      { alarms: { email: ['ops@example.com'], topic_arn: 'arn:aws:sns:eu-west-1:123456789012:ops' } },
      'alarms.email: subscribes to the stack',
    ],
  ])('%s', (_what, context, sentence) => {
    expect(() => settingsOf({ ...context })).toThrow(sentence);
  });

  it('all of it at once', () => {
    expect(() => settingsOf({ waf: { enabled: false }, cors_origins: ['*'] })).toThrow(
      /^The settings are not safe\. waf\.enabled: .*; cors_origins: /,
    );
  });
});

describe('what is no more than unusual is taken', () => {
  it.each<[string, object]>([
    ['dev without WAF', { stage: 'dev', waf: { enabled: 'false' } }],
    ['dev for every page', { stage: 'dev', cors_origins: '["*"]' }],
    ['signed requests without WAF', { access: { mode: 'iam' }, waf: { enabled: false } }],
    ['tokens without WAF', { access: token(), waf: { enabled: false } }],
    [
      'rules that only count, but for the rate',
      { waf: { count: wafRules.filter((rule) => rule !== 'rate') } },
    ],
    ['App Check without users', { access: token({}, { issuer: appCheck, identity_claim: null }) }],
    ['a domain in its zone', { domain: { ...domain, hosted_zone: zone } }],
    ['only some countries', { waf: { countries: 'allow' }, verify: { countries: { allow: ['GB'] } } }],
  ])('%s', (_what, context) => {
    expect(settingsOf({ ...context })).toMatchObject({ policy: expect.any(String) });
  });
});

describe('a value that cannot be right is refused by name', () => {
  it.each<[string, object, string]>([
    ['everybody as a caller', { callers: { roles: ['*'] } }, 'callers.roles.0'],
    [
      'an account among the roles',
      { callers: { roles: ['arn:aws:iam::123456789012:root'] } },
      'a whole account belongs into accounts',
    ],
    ['roles of any name', { callers: { roles: ['arn:aws:iam::123456789012:role/*'] } }, 'callers.roles.0'],
    ['an account without quotes', { callers: { accounts: [123456789012] } }, 'callers.accounts.0'],
    ['a mode that there is not', { access: { mode: 'open' } }, 'access.mode'],
    ['a key of another mode', { access: { mode: 'public', issuers: [] } }, 'access.issuers'],
    ['tokens of nobody', { access: { mode: 'token', issuers: [] } }, 'at least one issuer'],
    ['an issuer without TLS', { access: token({}, { issuer: 'http://login.example.com' }) }, 'https'],
    ['tokens for everybody', { access: token({}, { audience: [] }) }, 'at least one audience'],
    ['tokens for any audience', { access: token({}, { audience: ['*'] }) }, 'audience.0'],
    ['an unknown key of WAF', { waf: { rules: [] } }, 'waf.rules'],
    ['a rate that WAF cannot hold', { waf: { rate_limit: 5 } }, 'waf.rate_limit'],
    [
      'more routes with a rate of their own than WAF holds',
      {
        waf: { rate_limits: Object.fromEntries([...'abcdefghij'].map((letter) => [`route_${letter}`, 10])) },
      },
      'waf.rate_limits: must name at most 9 routes',
    ],
    ['an origin with a path', { cors_origins: ['https://example.com/app'] }, 'cors_origins.0'],
    ['a list that is no JSON', { cors_origins: '[https://example.com]' }, 'cors_origins'],
    ['a domain without a certificate', { domain: { name: domain.name } }, 'domain.certificate_arn'],
  ])('%s', (_what, context, named) => {
    expect(() => settingsOf({ ...context })).toThrow(named);
  });
});
