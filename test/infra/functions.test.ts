import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { catalog } from '../../functions/catalog.ts';
import { type Resource, resourcesOf, templateOf } from './synth.ts';

const template = templateOf({ verify: { default_locale: 'en' } });
const lambdas = [...resourcesOf(template, 'AWS::Lambda::Function')];
const names = catalog.map(({ name }) => name);

const lambdaNamed = (name: string): { id: string; resource: Resource } => {
  const found = lambdas.find(([, { Properties }]) => Properties.FunctionName === name);
  if (found === undefined) throw new Error(`No Lambda named ${name}`);
  return { id: found[0], resource: found[1] };
};

const only = (type: string): { id: string; resource: Resource } => {
  const [first, ...others] = resourcesOf(template, type);
  if (first === undefined || others.length > 0) throw new Error(`Not exactly one ${type}`);
  return { id: first[0], resource: first[1] };
};

/** The actions that the adapters' commands of an SDK client need: one of the same name each. */
const actionsCalled = (client: string, service: string): string[] => {
  const imported = readdirSync('functions/adapters')
    .map((name) => readFileSync(join('functions/adapters', name), 'utf8'))
    .flatMap((source) => [
      ...source.matchAll(new RegExp(`import \\{([^}]+)\\} from '@aws-sdk/${client}'`, 'g')),
    ])
    .flatMap(([, words = '']) => [...words.matchAll(/\b(\w+)Command\b/g)]);
  return [...new Set(imported.map(([, command]) => `${service}:${command}`))].sort();
};

const referredBy = (value: { Ref?: string; 'Fn::GetAtt'?: [string, string] }): string | undefined =>
  value.Ref ?? value['Fn::GetAtt']?.[0];

const secretIds = [...resourcesOf(template, 'AWS::SecretsManager::Secret').keys()].sort();

describe('the catalogue', () => {
  it('gives one Lambda a run function, and no other', () => {
    expect(lambdas.map(([, { Properties }]) => Properties.FunctionName).sort()).toEqual([...names].sort());
  });

  it.each(['AWS::IAM::Role', 'AWS::IAM::Policy', 'AWS::Logs::LogGroup', 'AWS::Events::Rule'])(
    'gives one %s a run function, and no other',
    (type) => {
      expect(resourcesOf(template, type).size).toBe(names.length);
    },
  );
});

describe('the outputs', () => {
  it('name two things a run function, and nothing more', () => {
    const ofFunctions = Object.keys(template.Outputs).filter((name) => /Function(Arn|Name)$/.test(name));
    expect(ofFunctions).toHaveLength(2 * names.length);
  });
});

describe.each(names)('%s', (name) => {
  const { id, resource } = lambdaNamed(name);
  const lambda = resource.Properties;

  it('runs on nodejs24.x, on arm64, traced', () => {
    expect(lambda).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      TracingConfig: { Mode: 'Active' },
    });
  });

  it("ends before the gateway's 29 seconds do", () => {
    expect(lambda.Timeout).toBeLessThan(29);
  });

  it('has the variables of the contract that are set, and no other', () => {
    expect(Object.keys(lambda.Environment.Variables).sort()).toEqual([
      'DESTINATION_KEY_SECRET_ID',
      'TWILIO_SECRET_ID',
      'VERIFY_POLICY',
      'VERIFY_TABLE_NAME',
    ]);
  });

  it('is given the policy as the operator wrote it', () => {
    expect(JSON.parse(lambda.Environment.Variables.VERIFY_POLICY)).toEqual({ default_locale: 'en' });
  });

  it('writes to its own log group, which keeps its lines for a stated time', () => {
    const logGroup = lambda.LoggingConfig.LogGroup.Ref;
    const users = lambdas.filter(([, other]) => other.Properties.LoggingConfig.LogGroup.Ref === logGroup);
    expect(users.map(([user]) => user)).toEqual([id]);
    expect(template.Resources[logGroup]?.Properties.RetentionInDays).toBe(90);
  });

  it('may do what it must and nothing else', () => {
    const role = referredBy(lambda.Role);
    const policies = [...resourcesOf(template, 'AWS::IAM::Policy').values()].filter(({ Properties }) =>
      Properties.Roles.some((granted: { Ref: string }) => granted.Ref === role),
    );
    const statements = policies
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .map(({ Effect, Action, Resource: on }) => ({
        effect: Effect,
        actions: [Action].flat().sort(),
        on: [on]
          .flat()
          .map((target) => (target === '*' ? '*' : referredBy(target)))
          .sort(),
      }));
    expect(statements).toHaveLength(4);
    expect(statements).toEqual(
      expect.arrayContaining([
        {
          effect: 'Allow',
          actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
          on: [lambda.LoggingConfig.LogGroup.Ref],
        },
        // X-Ray knows no resources: the one place for a star.
        { effect: 'Allow', actions: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], on: ['*'] },
        {
          effect: 'Allow',
          actions: actionsCalled('client-secrets-manager', 'secretsmanager'),
          on: secretIds,
        },
        {
          effect: 'Allow',
          actions: actionsCalled('client-dynamodb', 'dynamodb'),
          on: [only('AWS::DynamoDB::Table').id],
        },
      ]),
    );
    expect(template.Resources[role ?? '']?.Properties).not.toHaveProperty('ManagedPolicyArns');
  });

  it('is tried every five minutes by a canary that is not repeated', () => {
    const rules = [...resourcesOf(template, 'AWS::Events::Rule').values()].filter(({ Properties }) =>
      Properties.Targets.some((target: { Arn: object }) => referredBy(target.Arn) === id),
    );
    expect(rules.map(({ Properties }) => Properties)).toEqual([
      {
        ScheduleExpression: 'rate(5 minutes)',
        State: 'ENABLED',
        Targets: [
          expect.objectContaining({
            Input: '{"canary":true}',
            RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 },
          }),
        ],
      },
    ]);
  });

  it('can be invoked by its own route and its own canary, and by no other service', () => {
    const permissions = [...resourcesOf(template, 'AWS::Lambda::Permission').values()].filter(
      ({ Properties }) => referredBy(Properties.FunctionName) === id,
    );
    expect(permissions.map(({ Properties }) => Properties.Principal).sort()).toEqual([
      'apigateway.amazonaws.com',
      'events.amazonaws.com',
    ]);
    const sources = permissions.map(({ Properties }) => JSON.stringify(Properties.SourceArn));
    expect(sources.some((source) => source.includes(`/POST/${name}"`))).toBe(true);
    expect(sources.join()).not.toContain('*');
  });

  it('has its name and ARN among the outputs', () => {
    const values = Object.values(template.Outputs).map(({ Value }) => Value);
    expect(values).toEqual(expect.arrayContaining([{ Ref: id }, { 'Fn::GetAtt': [id, 'Arn'] }]));
  });
});
