import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { catalog } from '../../functions/catalog.ts';
import { metricCatalogue } from '../../functions/observability/metric-catalogue.ts';
import { needsOf } from '../../functions/service/ports.ts';
import { isForClients } from '../../infra/declared-function.ts';
import { type Resource, resourcesOf, type Template, templateOf } from './synth.ts';

type Json = ReturnType<typeof JSON.parse>;

const testNumber = { number: '+15005550100', code: '424242', expires: '2999-12-31' };
/** Everything that can be watched, is there. */
const everything = {
  verify: {
    daily_budget: { messages: { total: 10 }, cost: { total: 10 } },
    lookup: { mode: 'on' },
    pumping: { mode: 'deny' },
    on_store_failure: { start: 'allow', check: 'deny' },
    test_numbers: [testNumber],
  },
  acknowledge_test_numbers: true,
  access: { mode: 'token', issuers: [{ issuer: 'https://login.example.com', audience: ['app'] }] },
  rotation: { twilio_days: 30, destination_days: 120 },
  alarms: {
    email: ['ops@example.com'],
    page_topic_arn: 'arn:aws:sns:eu-west-1:123456789012:pager',
    runbook_url: 'https://example.com/runbook.md',
  },
};
const usual = templateOf();
const full = templateOf(everything);
const least = templateOf({
  stage: 'dev',
  canary: false,
  waf: { enabled: false },
  verify: { breaker: { mode: 'off' }, pumping: { mode: 'off' }, test_numbers: [testNumber] },
  alarms: { topic_arn: 'arn:aws:sns:eu-west-1:123456789012:ops' },
});

const signed = templateOf({
  access: { mode: 'iam', accounts: ['123456789012'] },
  canary_minutes: '15',
  waf: { start_check: 'challenge' },
  log_retention_days: 30,
});

const alarmTypes = ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm'];
const alarmsOf = (template: Template): Resource[] =>
  alarmTypes.flatMap((type) => [...resourcesOf(template, type).values()]);
const idOf = ({ Properties }: Resource): string =>
  (Properties.AlarmName ?? Properties.CompositeAlarmName).split('-').at(-1);
const idsOf = (template: Template): string[] => alarmsOf(template).map(idOf).sort();
const actionsOf = ({ Properties }: Resource): string[] =>
  (Properties.AlarmActions ?? []).map((action: Json) => action.Ref ?? action);
const [ownTopic] = resourcesOf(full, 'AWS::SNS::Topic').keys();

const idFor = ({ name }: { readonly name: string }, kind: string): string =>
  `${name.replaceAll(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase())}${kind}`;

type Declared = Parameters<typeof isForClients>[0] &
  Parameters<typeof needsOf>[0] & { readonly name: string };
const forClients = catalog.filter(isForClients);
/** A function that no client waits for has only the alarms that say that it is broken. */
const kindsOf = (declared: Declared): string[] =>
  isForClients(declared)
    ? [
        ...['Failing', 'Misconfigured', 'Slow', 'Errors', 'Throttles', 'CanaryFailed'],
        ...(needsOf(declared).secrets.includes('twilio') ? ['UpstreamErrors'] : []),
      ]
    : ['Misconfigured', 'Errors'];
const ownAlarmsOf = (declared: Declared): string[] => kindsOf(declared).map((kind) => idFor(declared, kind));
/** The parts of the outage, where a deployment has everything. */
const paging = [
  ...forClients.flatMap((declared) => ['CanaryFailed', 'Failing'].map((kind) => idFor(declared, kind))),
  'AuthorizeCallerFailing',
  'GatewayCanaryFailed',
  'GatewayErrors',
].sort();

describe('the runbook', () => {
  const anchors = readFileSync('docs/runbook.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('## '))
    .map((line) => line.slice(3).toLowerCase().replaceAll(' ', '-'));
  const linked = (template: Template) =>
    alarmsOf(template).map(({ Properties }) => Properties.AlarmDescription.split('#')[1]);

  it('has a heading for every alarm, and an alarm for every heading', () => {
    const all = new Set([...linked(usual), ...linked(full)]);
    expect([...all].sort()).toEqual([...anchors].sort());
  });

  it('is linked to from every alarm, where the setting says that it is', () => {
    for (const { Properties } of alarmsOf(full))
      expect(Properties.AlarmDescription).toMatch(/^\S.+\. https:\/\/example\.com\/runbook\.md#[a-z-]+$/);
    for (const { Properties } of alarmsOf(usual))
      expect(Properties.AlarmDescription).toContain('. docs/runbook.md#');
  });
});

describe('the alarms', () => {
  const everyKind = [
    'Failing',
    'Misconfigured',
    'UpstreamErrors',
    'Slow',
    'Errors',
    'Throttles',
    'CanaryFailed',
  ];

  it.each(catalog.map((declared) => [declared.name, declared] as const))(
    'of %s are those of a function of its kind',
    (_name, declared) => {
      const own = idsOf(usual).filter((id) => everyKind.some((kind) => id === idFor(declared, kind)));
      expect(own).toEqual(ownAlarmsOf(declared).sort());
    },
  );

  // All of them by name are in test/integration/alarms.test.ts, where each is made to go off.
  it('are other ones where the policy says what happens while the table fails', () => {
    const swapped = idsOf(usual).filter((id) => !idsOf(full).includes(id));
    expect(swapped).toEqual(['StoreStartsDenied', 'UnguardedChecks']);
  });

  it('are more where the policy and the settings let more happen', () => {
    const more = idsOf(full).filter((id) => !idsOf(usual).includes(id));
    expect(more).toEqual([
      ...['Errors', 'Failing', 'Throttles'].map((kind) => `AuthorizeCaller${kind}`),
      'Budget100',
      'Budget50',
      'Budget80',
      'LookupFailures',
      ...['RotateDestinationKey', 'RotateTwilioKey'].flatMap((name) =>
        ['Errors', 'Failed', 'Throttles'].map((kind) => `${name}${kind}`),
      ),
      'StoreChecksDenied',
      'TestNumberUse',
      'UnguardedStarts',
    ]);
  });

  it('are fewer where less can happen, and a test number in dev is nobody’s business', () => {
    const fewer = idsOf(usual).filter((id) => !idsOf(least).includes(id));
    const canaries = forClients.map((declared) => idFor(declared, 'CanaryFailed'));
    expect(fewer).toEqual(['BreakerOpen', 'GatewayCanaryFailed', 'Pumping', 'WafBlocks', ...canaries].sort());
    expect(idsOf(least).filter((id) => !idsOf(usual).includes(id))).toEqual([]);
  });

  it('wake somebody as one, made of those that mean that users are turned away', () => {
    const outage = alarmsOf(full).find((alarm) => idOf(alarm) === 'Outage');
    const parts = [...JSON.stringify(outage?.Properties.AlarmRule).matchAll(/Alarms(\w+?)[0-9A-F]{8}"/g)];
    expect(parts.map(([, id]) => id).sort()).toEqual(paging);
    expect(outage?.Properties).toMatchObject({
      AlarmActions: ['arn:aws:sns:eu-west-1:123456789012:pager'],
      OKActions: ['arn:aws:sns:eu-west-1:123456789012:pager'],
    });
    for (const alarm of alarmsOf(full).filter((one) => parts.some(([, id]) => id === idOf(one))))
      expect(actionsOf(alarm)).toEqual([]);
  });

  it('tell the topic of all others, and with no topic to page the outage too', () => {
    const silent = alarmsOf(full).filter((alarm) => actionsOf(alarm).length === 0);
    for (const alarm of alarmsOf(full).filter((one) => !silent.includes(one) && idOf(one) !== 'Outage'))
      expect(actionsOf(alarm)).toEqual([ownTopic]);
    expect(silent).toHaveLength(paging.length);
    const [topic] = resourcesOf(usual, 'AWS::SNS::Topic').keys();
    expect(actionsOf(alarmsOf(usual).at(-1) as Resource)).toEqual([topic]);
  });

  it('take a deployment back when a function crashes or is misconfigured', () => {
    for (const { Properties } of resourcesOf(usual, 'AWS::CodeDeploy::DeploymentGroup').values()) {
      const heeded = Properties.AlarmConfiguration.Alarms.map(({ Name }: Json) =>
        usual.Resources[Name.Ref]?.Properties.AlarmName.split('-').at(-1),
      );
      const [moved] = [...resourcesOf(usual, 'AWS::Lambda::Alias').values()].filter(
        ({ UpdatePolicy }) =>
          usual.Resources[UpdatePolicy?.CodeDeployLambdaAliasUpdate.DeploymentGroupName.Ref]?.Properties ===
          Properties,
      );
      const { FunctionName } = usual.Resources[moved?.Properties.FunctionName.Ref]?.Properties ?? {};
      const takingBack = (declared: { readonly name: string }) =>
        ['Errors', 'Misconfigured'].map((kind) => idFor(declared, kind));
      expect(heeded).toEqual(expect.arrayContaining(takingBack({ name: FunctionName })));
      expect(catalog.flatMap(takingBack)).toEqual(expect.arrayContaining(heeded));
      expect(heeded).toHaveLength(Math.min(2 * catalog.length, 10));
    }
  });

  it('miss a canary that does not run', () => {
    const canaries = alarmsOf(full).filter((alarm) => idOf(alarm).endsWith('CanaryFailed'));
    expect(canaries).toHaveLength(forClients.length + 1);
    for (const { Properties } of canaries)
      expect(Properties).toMatchObject({ TreatMissingData: 'breaching', EvaluationPeriods: 2 });
  });
});

describe('the topic', () => {
  it('is encrypted with the key of the stack and writes to the addresses given', () => {
    const [topic] = resourcesOf(full, 'AWS::SNS::Topic').values();
    const [key] = resourcesOf(full, 'AWS::KMS::Key').keys();
    expect(topic?.Properties.KmsMasterKeyId).toEqual({ 'Fn::GetAtt': [key, 'Arn'] });
    expect([...resourcesOf(full, 'AWS::SNS::Subscription').values()]).toMatchObject([
      { Properties: { Protocol: 'email', Endpoint: 'ops@example.com' } },
    ]);
  });

  it('takes what alarms of this account publish, by TLS, and nothing else', () => {
    const [policy] = resourcesOf(full, 'AWS::SNS::TopicPolicy').values();
    const statements = policy?.Properties.PolicyDocument.Statement;
    expect(statements).toHaveLength(2);
    expect(statements).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          Effect: 'Deny',
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        }),
        expect.objectContaining({
          Effect: 'Allow',
          Principal: { Service: 'cloudwatch.amazonaws.com' },
          Action: 'sns:Publish',
          Resource: { Ref: ownTopic },
          Condition: { ArnLike: { 'aws:SourceArn': expect.anything() } },
        }),
      ]),
    );
    expect(JSON.stringify(statements)).toContain(':cloudwatch:');
  });

  it('is not made where another is given', () => {
    expect(resourcesOf(least, 'AWS::SNS::Topic').size).toBe(0);
    expect(new Set(alarmsOf(least).flatMap(actionsOf))).toEqual(
      new Set(['arn:aws:sns:eu-west-1:123456789012:ops']),
    );
  });
});

describe('the dashboards', () => {
  const textOf = ({ Properties }: Resource): string =>
    typeof Properties.DashboardBody === 'string'
      ? Properties.DashboardBody
      : Properties.DashboardBody['Fn::Join'][1]
          .map((part: Json) => (typeof part === 'string' ? part : 'token'))
          .join('');
  const bodies = [...resourcesOf(full, 'AWS::CloudWatch::Dashboard').values()].map(textOf);
  const widgets: Json[] = bodies.flatMap((body) => JSON.parse(body).widgets);

  it('are two, for business and for operations', () => {
    expect(bodies).toHaveLength(2);
    expect(
      [...resourcesOf(full, 'AWS::CloudWatch::Dashboard').values()].map(
        ({ Properties }) => Properties.DashboardName,
      ),
    ).toEqual(['twilio-verify-phone-prod-business', 'twilio-verify-phone-prod-operations']);
  });

  it('show no metric that is not emitted', () => {
    const shown = widgets
      .flatMap(({ properties }) => properties.metrics ?? [])
      .filter(([namespace]: [unknown]) => namespace === 'TwilioVerifyPhone')
      .map(([, name]: [unknown, string]) => name);
    expect(new Set(shown).size).toBeGreaterThan(8);
    for (const name of shown) expect(Object.keys(metricCatalogue)).toContain(name);
  });

  it('show every run function, and to the business those that the guard decides on', () => {
    for (const { name, reserves } of catalog) {
      expect(bodies.at(-1)).toContain(name);
      if (reserves !== 'nothing') expect(bodies[0]).toContain(name);
    }
  });

  it('ask the decisions by country, and never show a log line itself', () => {
    const queries = widgets.filter(({ type }) => type === 'log').map(({ properties }) => properties.query);
    expect(queries).toHaveLength(4);
    for (const query of queries) expect(query).toMatch(/filter event = 'guard_decision'[\s\S]*\| stats /);
    expect(queries.join()).toContain('by decision.country');
  });
});

describe('the canary of the gateway', () => {
  const canaryOf = (template: Template) => {
    const found = [...resourcesOf(template, 'AWS::Lambda::Function')].find(([, { Properties }]) =>
      Properties.FunctionName.startsWith('gateway_canary'),
    );
    if (found === undefined) throw new Error('No canary');
    const [id, { Properties }] = found;
    const role = Properties.Role['Fn::GetAtt'][0];
    const statements = [...resourcesOf(template, 'AWS::IAM::Policy').values()]
      .filter(({ Properties: { Roles } }) => Roles.some(({ Ref }: Json) => Ref === role))
      .flatMap(({ Properties: { PolicyDocument } }) => PolicyDocument.Statement);
    return { id, roleId: role, statements, variables: Properties.Environment.Variables };
  };

  it('knows the address, the test numbers and how the API is guarded', () => {
    expect(canaryOf(full).variables).toMatchObject({
      CANARY_ACCESS: 'token',
      CANARY_TOKEN_HEADER: 'Authorization',
      VERIFY_API_URL: expect.anything(),
    });
    expect(JSON.parse(canaryOf(full).variables.CANARY_TEST_NUMBERS)).toEqual([{ ...testNumber, note: '' }]);
    expect(canaryOf(usual).variables).toMatchObject({ CANARY_ACCESS: 'public', CANARY_TEST_NUMBERS: '[]' });
  });

  it('is told of a puzzle before starts', () => {
    expect(canaryOf(signed).variables).toMatchObject({ CANARY_START: 'puzzled' });
    expect(canaryOf(usual).variables).not.toHaveProperty('CANARY_START');
  });

  it('may write its log and its traces, and where requests are signed post to its two paths', () => {
    const actions = (template: Template) =>
      canaryOf(template)
        .statements.flatMap(({ Action }) => Action)
        .sort();
    const always = [
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ];
    expect(actions(usual)).toEqual(always);
    expect(actions(signed)).toEqual(['execute-api:Invoke', ...always]);
    const { roleId, statements } = canaryOf(signed);
    const granted = statements.find(({ Action }) => Action === 'execute-api:Invoke');
    expect(JSON.stringify(granted.Resource)).toMatch(
      /\/POST\/check_verification".*\/POST\/start_verification"/,
    );
    expect(JSON.stringify(granted.Resource)).not.toContain('*');
    const [api] = resourcesOf(signed, 'AWS::ApiGateway::RestApi').values();
    const [, refusal] = api?.Properties.Policy.Statement ?? [];
    expect(refusal).toMatchObject({
      Effect: 'Deny',
      Condition: { StringNotEquals: { 'aws:PrincipalArn': [{ 'Fn::GetAtt': [roleId, 'Arn'] }] } },
    });
    const rules = [...resourcesOf(signed, 'AWS::Events::Rule').values()];
    expect(rules.map(({ Properties }) => Properties.ScheduleExpression)).toEqual(
      Array(catalog.length + 1).fill('cron(2/15 * * * ? *)'),
    );
  });
});

describe('the stages', () => {
  it('of one account tell their metrics apart', () => {
    const dimensions = (template: Template) =>
      new Set(JSON.stringify(alarmsOf(template)).match(/"Name":"service","Value":"[^"]+"/g));
    const named = (service: string) => new Set([`"Name":"service","Value":"${service}"`]);
    expect(dimensions(usual)).toEqual(named('twilio-verify-phone'));
    expect(dimensions(least)).toEqual(named('twilio-verify-phone-dev'));
    for (const { Properties } of resourcesOf(least, 'AWS::Lambda::Function').values())
      expect(Properties.Environment.Variables.POWERTOOLS_SERVICE_NAME).toBe('twilio-verify-phone-dev');
  });

  it('keep the lines of every log as long as the setting says', () => {
    const days = [...resourcesOf(signed, 'AWS::Logs::LogGroup').values()].map(
      ({ Properties }) => Properties.RetentionInDays,
    );
    expect(days.length).toBeGreaterThan(3);
    expect(new Set(days)).toEqual(new Set([30]));
  });
});
