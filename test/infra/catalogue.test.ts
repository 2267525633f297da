import { App } from 'aws-cdk-lib';
import { Template as Synthesized } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { optionalText } from '../../functions/runtime/inputs.ts';
import type { DeclaredFunction } from '../../infra/declared-function.ts';
import { readSettings, type Settings } from '../../infra/settings.ts';
import { VerifyStack } from '../../infra/verify-stack.ts';
import { emptyBundles } from '../support/empty-bundles.ts';
import { resourcesOf, type Template } from './synth.ts';

type Json = ReturnType<typeof JSON.parse>;
type Kind = Pick<DeclaredFunction, 'callers' | 'reserves' | 'uses'>;

const extra = (name: string, kind: Kind): DeclaredFunction => ({
  name,
  description: `Of a test only: ${name}`,
  input: { word: optionalText({ description: 'A word', shape: 'a word', maxLength: 10 }) },
  ...kind,
});

/** A catalogue of the test's own, so that it stays as it is when the service's grows. */
const start = extra('send_first', { callers: 'all', reserves: 'send', uses: ['guard', 'policy', 'verify'] });
const check = extra('check_first', {
  callers: 'all',
  reserves: 'check',
  uses: ['guard', 'policy', 'verify'],
});

/** These functions, beside one that sends and one that checks, as a stack. */
const stackOf = (extras: readonly DeclaredFunction[], waf: Partial<Settings['waf']> = {}): Template => {
  const app = new App();
  const functions = [start, check, ...extras];
  const read = readSettings(app.node);
  const settings = { ...read, waf: { ...read.waf, ...waf } };
  const stack = new VerifyStack(app, 'verify', settings, { functions, bundle: emptyBundles });
  return Synthesized.fromStack(stack).toJSON() as Template;
};

const hello = extra('hello_phone', { callers: 'direct', reserves: 'nothing', uses: [] });
const look = extra('look_around', { callers: 'all', reserves: 'nothing', uses: ['store'] });
const ring = extra('ring_phone', {
  callers: 'all',
  reserves: 'send',
  uses: ['guard', 'policy', 'services', 'verify'],
});
const answer = extra('answer_phone', { callers: 'all', reserves: 'check', uses: ['guard', 'policy'] });
const extras = [hello, look, ring, answer];
const template = stackOf(extras, { start_check: 'captcha' });

const properties = (type: string): Json[] =>
  [...resourcesOf(template, type).values()].map((resource) => resource.Properties);
const idOf = (type: string, isIt: (properties: Json) => boolean): string =>
  [...resourcesOf(template, type)].find(([, { Properties }]) => isIt(Properties))?.[0] ?? 'none';
const lambdaOf = ({ name }: DeclaredFunction): Json =>
  properties('AWS::Lambda::Function').find(({ FunctionName }) => FunctionName === name);
const actionsOf = (declared: DeclaredFunction): string[] => {
  const role = lambdaOf(declared).Role['Fn::GetAtt'][0];
  return properties('AWS::IAM::Policy')
    .filter(({ Roles }) => Roles.some(({ Ref }: Json) => Ref === role))
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
    .flatMap(({ Action }) => Action)
    .filter((action) => /^(dynamodb|secretsmanager):/.test(action))
    .sort();
};
const alarmsOf = ({ name }: DeclaredFunction): string[] => {
  const id = name.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return properties('AWS::CloudWatch::Alarm')
    .map(({ AlarmName }) => AlarmName.split('-').at(-1))
    .filter((alarm) => alarm.startsWith(id))
    .map((alarm) => alarm.slice(id.length))
    .sort();
};
const alarmNamed = (name: string): Json =>
  properties('AWS::CloudWatch::Alarm').find(({ AlarmName }) => AlarmName.endsWith(`-${name}`));
const expressionOf = (alarm: Json): string =>
  alarm.Metrics.find(({ Id }: Json) => Id === 'measure').Expression;
const dashboards = () => properties('AWS::CloudWatch::Dashboard').map((body) => JSON.stringify(body));

describe('a function that uses nothing, for direct callers', () => {
  it('has no right to a table or a secret, and no variable', () => {
    expect(actionsOf(hello)).toEqual([]);
    expect(lambdaOf(hello).Environment).toBeUndefined();
  });

  it('wants a signed request, and is not named to callers that found no path', () => {
    const method = properties('AWS::ApiGateway::Method').find(
      ({ OperationName }) => OperationName === hello.name,
    );
    expect(method.AuthorizationType).toBe('AWS_IAM');
    const unsigned = properties('AWS::ApiGateway::GatewayResponse').find(
      ({ ResponseType }) => ResponseType === 'MISSING_AUTHENTICATION_TOKEN',
    );
    expect(unsigned.StatusCode).toBe('403');
    const body = JSON.parse(unsigned.ResponseTemplates['application/json']);
    expect(body.error).toContain('without a valid signature; POST to /send_first');
    expect(body.error).not.toContain(hello.name);
  });

  it('keeps no executions for itself, and has only the alarms that say that it is broken', () => {
    expect(lambdaOf(hello).ReservedConcurrentExecutions).toBeUndefined();
    expect(alarmsOf(hello)).toEqual(['Errors', 'Misconfigured']);
  });

  it('has its canary, its model, its addresses and its row of the dashboard', () => {
    const alias = idOf('AWS::Lambda::Alias', ({ FunctionName }) => /^HelloPhone/.test(FunctionName.Ref));
    const rules = properties('AWS::Events::Rule').map(({ Targets }) => Targets[0].Arn.Ref);
    expect(rules).toContain(alias);
    const [model] = properties('AWS::ApiGateway::Model').filter(({ Schema }) => Schema.title === hello.name);
    expect(model.Schema.properties).toEqual({ word: { description: 'A word: a word' } });
    expect(properties('AWS::SSM::Parameter').map(({ Name }) => Name)).toContain(
      '/twilio-verify-phone/prod/hello_phone-arn',
    );
    expect(Object.keys(template.Outputs)).toEqual(
      expect.arrayContaining(['HelloPhoneFunctionName', 'HelloPhoneFunctionArn']),
    );
    expect(dashboards().filter((body) => body.includes(hello.name))).toHaveLength(1);
  });
});

describe('a function for all that uses the table alone', () => {
  it('may use the table and read no secret', () => {
    expect(actionsOf(look)).toEqual(['dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']);
    expect(Object.keys(lambdaOf(look).Environment.Variables)).toEqual(['VERIFY_TABLE_NAME']);
  });

  it('wakes an operator where it fails, and has no alarm on Twilio', () => {
    expect(alarmsOf(look)).toEqual([
      ...['CanaryFailed', 'Errors', 'Failing', 'Misconfigured', 'Slow', 'Throttles'],
    ]);
    const [outage] = properties('AWS::CloudWatch::CompositeAlarm');
    expect(JSON.stringify(outage.AlarmRule)).toMatch(/LookAroundFailing/);
    expect(JSON.stringify(outage.AlarmRule)).not.toMatch(/HelloPhone/);
  });
});

describe('functions that reserve a send or a check', () => {
  it('count in what is spent and in what is entered', () => {
    const spend = alarmNamed('SpendUnusual');
    expect(expressionOf(spend)).toBe(
      'FILL(sent, 0) + FILL(sent2, 0) + FILL(doubtful, 0) + FILL(doubtful2, 0)',
    );
    expect(JSON.stringify(spend.Metrics)).toContain('"ring_phone"');
    const conversion = alarmNamed('ConversionUnusual');
    expect(expressionOf(conversion)).toBe(
      '100 * (FILL(approved, 0) + FILL(approved2, 0)) / (FILL(sent, 0) + FILL(sent2, 0))',
    );
    expect(JSON.stringify(conversion.Metrics)).toContain('"answer_phone"');
    expect(dashboards().filter((body) => body.includes('answer_phone'))).toHaveLength(2);
  });

  it('are counted by address each, and others together; all that send are behind the check', () => {
    const [{ Rules: rules }] = properties('AWS::WAFv2::WebACL');
    const pathsOf = (rule: Json) =>
      [...JSON.stringify(rule).matchAll(/"SearchString":"\/(\w+)"/g)].map(([, at]) => at);
    const rates = rules.filter(({ Name }: Json) => Name.startsWith('rate_'));
    expect(rates.map((rule: Json) => [rule.Name, ...pathsOf(rule)])).toEqual([
      ['rate_send_first', 'send_first'],
      ['rate_check_first', 'check_first'],
      ['rate_ring_phone', 'ring_phone'],
      ['rate_answer_phone', 'answer_phone'],
      ['rate_others', 'hello_phone', 'look_around'],
    ]);
    expect(pathsOf(rules.at(-1))).toEqual(['send_first', 'ring_phone']);
  });
});

describe('however many functions there are', () => {
  const many = Array.from('abcdefghij', (letter) => ({ ...ring, name: `ring_${letter}` }));
  const crowd = stackOf([...many.slice(0, 8), hello]);

  it('WAF is given at most the ten rate rules that it holds, and routes that a setting names are counted alone', () => {
    const named = stackOf([...many, hello], { rate_limits: { ring_j: 20, hello_phone: 30 } });
    const ratesOf = (made: Template): string[] =>
      [...resourcesOf(made, 'AWS::WAFv2::WebACL').values()]
        .flatMap(({ Properties }) => Properties.Rules.map(({ Name }: Json) => Name))
        .filter((name) => name.startsWith('rate_'));
    for (const made of [crowd, named]) expect(ratesOf(made)).toHaveLength(10);
    expect(ratesOf(named)).toEqual(
      expect.arrayContaining(['rate_ring_j', 'rate_hello_phone', 'rate_others']),
    );
    expect(ratesOf(crowd)).not.toContain('rate_hello_phone');
  });

  it('CodeDeploy is given at most the ten alarms that it takes, a function’s own among them', () => {
    const groups = [...resourcesOf(crowd, 'AWS::CodeDeploy::DeploymentGroup')];
    expect(groups).toHaveLength(2 + 9);
    for (const [id, { Properties }] of groups) {
      const alarms = Properties.AlarmConfiguration.Alarms.map(({ Name }: Json) => Name.Ref);
      expect(alarms).toHaveLength(10);
      const own = id.replace(/^Shift/, '').replace(/[0-9A-F]{8}$/, '');
      expect(
        alarms.filter((alarm: string) =>
          new RegExp(`^WatchingAlarms${own}(Errors|Misconfigured)[0-9A-F]{8}$`).test(alarm),
        ),
      ).toHaveLength(2);
    }
  });

  // CloudFormation takes 500 a stack.
  it.each([
    ['for direct callers', hello, 18],
    ['for all', look, 22],
    ['that sends', ring, 23],
  ])('one %s costs the stack few resources', (_kind, { name }, most) => {
    const ofIt = new RegExp(name.replace('_', ''), 'i');
    const found = Object.keys(template.Resources).filter((id) => ofIt.test(id));
    expect(found.length).toBeGreaterThan(10);
    expect(found.length).toBeLessThanOrEqual(most);
  });
});
