import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template as Synthesized } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { RootConstruct } from 'constructs';
import { getCountries } from 'libphonenumber-js';
import { describe, expect, it } from 'vitest';
import { catalog } from '../../functions/catalog.ts';
import { parsePolicy } from '../../functions/guard/policy/policy.ts';
import { errorCatalogue } from '../../functions/runtime/errors.ts';
import { WebAcl } from '../../infra/constructs/edge/web-acl.ts';
import { isForClients } from '../../infra/declared-function.ts';
import { wafRules } from '../../infra/settings/edge.ts';
import { readSettings } from '../../infra/settings.ts';
import { resourcesOf, type Template, templateOf } from './synth.ts';

const own = catalog
  .filter((declared) => isForClients(declared) && declared.reserves !== 'nothing')
  .map(({ name }): string => name);
const shared = catalog.map(({ name }): string => name).filter((name) => !own.includes(name));
const rates = [...own, ...(shared.length > 0 ? ['others'] : [])].map((name) => `rate_${name}`);

const only = (template: Template, type: string) => {
  const [first, ...others] = resourcesOf(template, type).values();
  if (first === undefined || others.length > 0) throw new Error(`Not exactly one ${type}`);
  return first.Properties;
};

type Rules = ReturnType<typeof JSON.parse>;
const rulesOf = (template: Template): Rules[] => only(template, 'AWS::WAFv2::WebACL').Rules;
const ruleOf = (template: Template, name: string): Rules =>
  rulesOf(template).find(({ Name }) => Name === name);

/** The web ACL alone, as these settings make it. */
const alone = (context: Readonly<Record<string, unknown>>): Template => {
  const { node } = new RootConstruct();
  for (const [key, value] of Object.entries(context)) node.setContext(key, value);
  const settings = readSettings(node);
  const stack = new Stack(new App(), 'verify');
  new WebAcl(stack, 'WebAcl', {
    waf: settings.waf,
    countries: parsePolicy(JSON.parse(settings.policy)).countries,
    functions: catalog,
    origins: settings.cors_origins,
    stageArn: 'arn:aws:apigateway:eu-west-1::/restapis/a1b2c3/stages/prod',
    key: new Key(stack, 'Key'),
    removalPolicy: RemovalPolicy.DESTROY,
  });
  return Synthesized.fromStack(stack).toJSON() as Template;
};

const standard = templateOf();
const acl = only(standard, 'AWS::WAFv2::WebACL');

describe('the web ACL', () => {
  it('stands before the one stage of the API', () => {
    const [stage] = resourcesOf(standard, 'AWS::ApiGateway::Stage').keys();
    const { ResourceArn } = only(standard, 'AWS::WAFv2::WebACLAssociation');
    expect(acl).toMatchObject({ Scope: 'REGIONAL', DefaultAction: { Allow: {} } });
    expect(JSON.stringify(ResourceArn)).toContain(`"${stage}"`);
  });

  it('refuses in this order, each rule with a place of its own', () => {
    const order = ['body_size', ...rates, 'ip_reputation', 'anonymous_ip', 'known_bad_inputs', 'common'];
    expect(acl.Rules.map(({ Name }: Rules) => Name)).toEqual(order);
    expect(acl.Rules.map(({ Priority }: Rules) => Priority)).toEqual(order.map((_name, place) => place));
  });

  it('takes AWS’s four managed groups as they are', () => {
    const groups = acl.Rules.filter(({ Statement }: Rules) => Statement.ManagedRuleGroupStatement);
    expect(groups.map(({ Statement }: Rules) => Statement.ManagedRuleGroupStatement)).toEqual(
      ['AmazonIpReputationList', 'AnonymousIpList', 'KnownBadInputsRuleSet', 'CommonRuleSet'].map((name) => ({
        VendorName: 'AWS',
        Name: `AWSManagedRules${name}`,
      })),
    );
    for (const { OverrideAction } of groups) expect(OverrideAction).toEqual({ None: {} });
  });

  it('is measured and keeps no samples of requests', () => {
    for (const { VisibilityConfig } of [acl, ...acl.Rules])
      expect(VisibilityConfig).toMatchObject({
        CloudWatchMetricsEnabled: true,
        SampledRequestsEnabled: false,
      });
    expect(resourcesOf(standard, 'AWS::WAFv2::LoggingConfiguration').size).toBe(0);
  });

  it.each(['body_size', ...rates])('answers what %s refuses in the words of the contract', (name) => {
    const { CustomResponse } = ruleOf(standard, name).Action.Block;
    const headers = Object.fromEntries(
      CustomResponse.ResponseHeaders.map(({ Name, Value }: Rules) => [Name, Value]),
    );
    const code = headers['Verify-Error'] as 'too_large' | 'throttled';
    const { ContentType, Content } = acl.CustomResponseBodies[CustomResponse.CustomResponseBodyKey];
    expect(ContentType).toBe('APPLICATION_JSON');
    expect(JSON.parse(Content)).toEqual({
      success: false,
      sid: null,
      status: null,
      valid: false,
      error: errorCatalogue[code].sentence,
    });
    expect(CustomResponse.ResponseCode).toBe(errorCatalogue[code].status);
    expect(headers).toEqual({
      'Cache-Control': 'no-store',
      'Verify-Error': code,
      ...(code === 'throttled' && { 'Retry-After': '300', 'Verify-Limit': 'requests_per_address' }),
    });
  });

  it('refuses a body of more than 8 KiB, also one that it cannot see the end of', () => {
    expect(ruleOf(standard, 'body_size').Statement.SizeConstraintStatement).toMatchObject({
      FieldToMatch: { Body: { OversizeHandling: 'MATCH' } },
      ComparisonOperator: 'GT',
      Size: 8192,
    });
  });

  it.each(own)('counts what an address asks of /%s by itself, however the path is written', (name) => {
    const { RateBasedStatement } = ruleOf(standard, `rate_${name}`).Statement;
    expect(RateBasedStatement).toMatchObject({
      AggregateKeyType: 'IP',
      Limit: 100,
      EvaluationWindowSec: 300,
    });
    // The stage's name stands before it at the API's own address and not at a custom domain.
    expect(RateBasedStatement.ScopeDownStatement.ByteMatchStatement).toMatchObject({
      FieldToMatch: { UriPath: {} },
      PositionalConstraint: 'CONTAINS',
      SearchString: `/${name}`,
      TextTransformations: [{ Type: 'URL_DECODE' }, { Type: 'NORMALIZE_PATH' }],
    });
    expect(own.filter((other) => `/${other}`.includes(`/${name}`))).toEqual([name]);
  });

  it('knows no countries where the policy denies none', () => {
    expect(JSON.stringify(acl)).not.toContain('GeoMatch');
  });

  it('is not made where it is not wanted', () => {
    const template = templateOf({ stage: 'dev', waf: { enabled: false } });
    expect(resourcesOf(template, 'AWS::WAFv2::WebACL').size).toBe(0);
    expect(resourcesOf(template, 'AWS::WAFv2::WebACLAssociation').size).toBe(0);
  });
});

describe('the web ACL with all that can be asked of it', () => {
  const [named = ''] = own;
  const template = alone({
    stage: 'dev',
    waf: {
      count: wafRules,
      rate_limits: { [named]: 20 },
      rate_window_seconds: 60,
      countries: 'allow',
      start_check: 'challenge',
      logs: true,
    },
    verify: { countries: { allow: ['GB', 'AC'], deny: ['FR', 'DE'], deny_verified: ['DE'] } },
  });

  it('only counts, rule by rule', () => {
    const counting = ({ Action, OverrideAction }: Rules) => [Action, OverrideAction];
    for (const rule of rulesOf(template)) expect(counting(rule)).toContainEqual({ Count: {} });
  });

  it('holds each route to its own rate', () => {
    expect(ruleOf(template, `rate_${named}`).Statement.RateBasedStatement).toMatchObject({
      Limit: 20,
      EvaluationWindowSec: 60,
    });
    for (const other of rates.filter((rate) => rate !== `rate_${named}`))
      expect(ruleOf(template, other).Statement.RateBasedStatement.Limit).toBe(100);
  });

  it('knows the countries denied to everybody, and those not allowed, by the codes that addresses have', () => {
    expect(ruleOf(template, 'countries').Statement).toEqual({ GeoMatchStatement: { CountryCodes: ['DE'] } });
    expect(ruleOf(template, 'countries_others').Statement).toEqual({
      NotStatement: { Statement: { GeoMatchStatement: { CountryCodes: ['GB', 'SH'] } } },
    });
  });

  it('takes more countries than the 50 that fit into one statement', () => {
    const deny = getCountries()
      .filter((country) => !['AC', 'TA'].includes(country))
      .slice(0, 120);
    const many = alone({ verify: { countries: { deny } } });
    const { Statements } = ruleOf(many, 'countries').Statement.OrStatement;
    const parts: string[][] = Statements.map(
      ({ GeoMatchStatement }: Rules) => GeoMatchStatement.CountryCodes,
    );
    expect(parts.map(({ length }) => length)).toEqual([50, 50, 20]);
    expect(parts.flat()).toEqual(deny);
  });

  it('writes down what it refused or counted, without what proves who somebody is', () => {
    const { RedactedFields, LoggingFilter } = only(template, 'AWS::WAFv2::LoggingConfiguration');
    expect(RedactedFields).toEqual(
      expect.arrayContaining([
        { QueryString: {} },
        { SingleHeader: { Name: 'authorization' } },
        { SingleHeader: { Name: 'x-firebase-appcheck' } },
      ]),
    );
    expect(LoggingFilter.DefaultBehavior).toBe('DROP');
    const groups = [...resourcesOf(template, 'AWS::Logs::LogGroup').values()];
    expect(groups.map(({ Properties }) => Properties)).toContainEqual(
      expect.objectContaining({
        LogGroupName: 'aws-waf-logs-verify',
        RetentionInDays: 30,
        KmsKeyId: expect.anything(),
      }),
    );
  });
});

describe('the check before a start', () => {
  const starts = catalog.filter((declared) => isForClients(declared) && declared.reserves === 'send');

  it.each([
    ['captcha', { Captcha: {} }],
    ['challenge', { Challenge: {} }],
  ])('is a %s for POST to what sends a message alone, after everything else', (start_check, action) => {
    const rule = rulesOf(alone({ waf: { start_check } })).at(-1);
    expect(rule.Action).toEqual(action);
    const [method, path] = rule.Statement.AndStatement.Statements;
    expect(method.ByteMatchStatement.SearchString).toBe('POST');
    const paths = path.OrStatement?.Statements ?? [path];
    expect(paths.map(({ ByteMatchStatement }: Rules) => ByteMatchStatement.SearchString)).toEqual(
      starts.map(({ name }) => `/${name}`),
    );
  });
});
