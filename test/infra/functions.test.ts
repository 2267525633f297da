import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { catalog } from '../../functions/catalog.ts';
import type { Ports } from '../../functions/service/ports.ts';
import { isForClients } from '../../infra/declared-function.ts';
import { type Resource, resourcesOf, templateOf } from './synth.ts';

const template = templateOf({ verify: { default_locale: 'en' } });
const lambdas = [...resourcesOf(template, 'AWS::Lambda::Function')];
const names = catalog.map(({ name }) => name);
const allNames: string[] = lambdas.map(([, { Properties }]) => Properties.FunctionName);

const lambdaNamed = (name: string): { id: string; resource: Resource } => {
  const found = lambdas.find(([, { Properties }]) => Properties.FunctionName === name);
  if (found === undefined) throw new Error(`No Lambda named ${name}`);
  return { id: found[0], resource: found[1] };
};

const only = (type: string): string => {
  const [first, ...others] = resourcesOf(template, type).keys();
  if (first === undefined || others.length > 0) throw new Error(`Not exactly one ${type}`);
  return first;
};

const referredBy = (value: { Ref?: string; 'Fn::GetAtt'?: [string, string] }): string | undefined =>
  value.Ref ?? value['Fn::GetAtt']?.[0];

/** The resources of a type that name a function in a property. */
const ofFunction = (type: string, functionId: string): [string, Resource][] =>
  [...resourcesOf(template, type)].filter(
    ([, { Properties }]) => referredBy(Properties.FunctionName) === functionId,
  );

const aliasOf = (functionId: string): { id: string; resource: Resource } => {
  const [alias, ...others] = ofFunction('AWS::Lambda::Alias', functionId);
  if (alias === undefined || others.length > 0) throw new Error(`Not exactly one alias of ${functionId}`);
  return { id: alias[0], resource: alias[1] };
};

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: object | string | (object | string)[];
  readonly Condition?: object;
}

const statementsOf = (lambda: Resource): Statement[] => {
  const role = referredBy(lambda.Properties.Role);
  return [...resourcesOf(template, 'AWS::IAM::Policy').values()]
    .filter(({ Properties }) => Properties.Roles.some((granted: { Ref: string }) => granted.Ref === role))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
};

/** The actions that the commands of an SDK client need which the store's and the secrets' adapters use: one of the same name each. */
const actionsCalled = (client: string, service: string): string[] => {
  const imported = readdirSync('functions/adapters')
    .filter((name) => /^(dynamodb|secret-cache|twilio-secret)/.test(name))
    .map((name) => readFileSync(join('functions/adapters', name), 'utf8'))
    .flatMap((source) => [
      ...source.matchAll(new RegExp(`import \\{([^}]+)\\} from '@aws-sdk/${client}'`, 'g')),
    ])
    .flatMap(([, words = '']) => [...words.matchAll(/\b(\w+)Command\b/g)]);
  return [...new Set(imported.map(([, command]) => `${service}:${command}`))].sort();
};

const throughService = (service: string): object => ({
  StringEquals: {
    'kms:ViaService': { 'Fn::Join': ['', [`${service}.`, { Ref: 'AWS::Region' }, '.amazonaws.com']] },
  },
});

describe('the catalogue', () => {
  it('gives one Lambda a run function; any other has its entry too', () => {
    const entries = readdirSync('functions/lambda').map((file) => basename(file, '.ts'));
    expect(new Set(allNames).size).toBe(allNames.length);
    expect(allNames).toEqual(expect.arrayContaining(names));
    expect([...names, ...entries]).toEqual(expect.arrayContaining(allNames));
  });
});

describe.each(allNames)('the Lambda %s', (name) => {
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

  it('is called by the alias live of a version that stays when a newer one replaces it', () => {
    const { resource: alias } = aliasOf(id);
    const version = template.Resources[referredBy(alias.Properties.FunctionVersion) ?? ''];
    expect(alias.Properties.Name).toBe('live');
    expect(version).toMatchObject({ Type: 'AWS::Lambda::Version', DeletionPolicy: 'Retain' });
  });

  it('lets itself be invoked by that alias only, and by nobody unnamed', () => {
    expect(ofFunction('AWS::Lambda::Permission', id)).toEqual([]);
    for (const [, { Properties }] of ofFunction('AWS::Lambda::Permission', aliasOf(id).id)) {
      expect(Properties.Principal).not.toBe('*');
      expect(JSON.stringify(Properties.SourceArn ?? '')).not.toContain('*');
    }
  });

  it('writes to its own encrypted log group, which keeps its lines for a stated time', () => {
    const logGroup = lambda.LoggingConfig.LogGroup.Ref;
    const users = lambdas.filter(([, other]) => other.Properties.LoggingConfig.LogGroup.Ref === logGroup);
    expect(users.map(([user]) => user)).toEqual([id]);
    expect(template.Resources[logGroup]?.Properties).toMatchObject({
      RetentionInDays: expect.any(Number),
      KmsKeyId: { 'Fn::GetAtt': [only('AWS::KMS::Key'), 'Arn'] },
    });
  });

  it('has a role of its own with no right on everything, but to trace', () => {
    const role = referredBy(lambda.Role) ?? '';
    expect(lambdas.filter(([, other]) => referredBy(other.Properties.Role) === role)).toHaveLength(1);
    expect(template.Resources[role]?.Properties).not.toHaveProperty('ManagedPolicyArns');
    for (const { Action, Resource: on } of statementsOf(resource)) {
      expect([Action].flat().join()).not.toContain('*');
      if (JSON.stringify(on).includes('*'))
        expect([Action].flat().sort()).toEqual(['xray:PutTelemetryRecords', 'xray:PutTraceSegments']);
    }
  });
});

/** The variables that a port needs. */
const variablesOf: Readonly<Record<keyof Ports, readonly string[]>> = {
  guard: ['DESTINATION_KEY_SECRET_ID', 'TWILIO_SECRET_ID', 'VERIFY_POLICY', 'VERIFY_TABLE_NAME'],
  policy: ['VERIFY_POLICY'],
  services: ['TWILIO_SECRET_ID'],
  store: ['VERIFY_TABLE_NAME'],
  verify: ['TWILIO_SECRET_ID', 'VERIFY_POLICY'],
};

describe.each(catalog.map((declared) => [declared.name, declared] as const))(
  'the run function %s',
  (name, declared) => {
    const uses: readonly (keyof Ports)[] = declared.uses;
    const variables = new Set(uses.flatMap((port) => variablesOf[port]));
    const { id, resource } = lambdaNamed(name);
    const lambda = resource.Properties;
    const alias = aliasOf(id);

    it("ends before the gateway's 29 seconds do", () => {
      expect(lambda.Timeout).toBeLessThan(29);
    });

    it('has the variables of the contract that its ports need, and no other', () => {
      expect(Object.keys(lambda.Environment?.Variables ?? {}).sort()).toEqual([...variables].sort());
    });

    it.runIf(variables.has('VERIFY_POLICY'))('is given the policy as the operator wrote it', () => {
      expect(JSON.parse(lambda.Environment.Variables.VERIFY_POLICY)).toEqual({ default_locale: 'en' });
    });

    it('may do what it must and nothing else', () => {
      const key = only('AWS::KMS::Key');
      const allowed = (actions: string[], on: (string | undefined)[], condition?: object) => ({
        actions,
        on,
        ...(condition && { condition }),
      });
      const statements = statementsOf(resource).map(({ Action, Condition, Effect, Resource: on }) => {
        expect(Effect).toBe('Allow');
        const targets = [on]
          .flat()
          .map((target) => (typeof target === 'string' ? target : referredBy(target)));
        return allowed([Action].flat().sort(), targets.sort(), Condition);
      });
      const secrets = ['TWILIO_SECRET_ID', 'DESTINATION_KEY_SECRET_ID'].filter((secret) =>
        variables.has(secret),
      );
      const toReadSecrets = [
        allowed(
          actionsCalled('client-secrets-manager', 'secretsmanager'),
          secrets.map((secret) => lambda.Environment?.Variables[secret].Ref).sort(),
        ),
        allowed(['kms:Decrypt'], [key], throughService('secretsmanager')),
      ];
      const toUseTheTable = [
        allowed(actionsCalled('client-dynamodb', 'dynamodb'), [only('AWS::DynamoDB::Table')]),
        // The least that AWS names for a table's key (DynamoDB's notes on encryption at rest).
        allowed(
          [
            'kms:Decrypt',
            'kms:DescribeKey',
            'kms:Encrypt',
            'kms:GenerateDataKey',
            'kms:GenerateDataKeyWithoutPlaintext',
            'kms:ReEncryptFrom',
            'kms:ReEncryptTo',
          ],
          [key],
          throughService('dynamodb'),
        ),
      ];
      const expected = [
        allowed(['logs:CreateLogStream', 'logs:PutLogEvents'], [lambda.LoggingConfig.LogGroup.Ref]),
        // X-Ray knows no resources: the one place for a star.
        allowed(['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], ['*']),
        allowed(['sqs:SendMessage'], [only('AWS::SQS::Queue')]),
        allowed(['kms:Decrypt', 'kms:GenerateDataKey'], [key], throughService('sqs')),
        ...(secrets.length > 0 ? toReadSecrets : []),
        ...(variables.has('VERIFY_TABLE_NAME') ? toUseTheTable : []),
      ];
      expect(statements).toHaveLength(expected.length);
      expect(statements).toEqual(expect.arrayContaining(expected));
    });

    it('is not tried again where its caller did not wait; the event goes to the failure queue', () => {
      const [config, ...others] = ofFunction('AWS::Lambda::EventInvokeConfig', id);
      expect(others).toEqual([]);
      expect(config?.[1].Properties).toMatchObject({
        MaximumRetryAttempts: 0,
        MaximumEventAgeInSeconds: 60,
        DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [only('AWS::SQS::Queue'), 'Arn'] } } },
        Qualifier: { 'Fn::Select': [7, { 'Fn::Split': [':', { Ref: alias.id }] }] },
      });
    });

    it('is tried by a canary that is not repeated', () => {
      const rules = [...resourcesOf(template, 'AWS::Events::Rule').values()].filter(({ Properties }) =>
        Properties.Targets.some((target: { Arn: object }) => referredBy(target.Arn) === alias.id),
      );
      expect(rules.map(({ Properties }) => Properties.Targets)).toEqual([
        [
          expect.objectContaining({
            Input: '{"canary":true}',
            RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 },
          }),
        ],
      ]);
    });

    it('can be invoked by its own route and its own canary, and by no other service', () => {
      const permissions = ofFunction('AWS::Lambda::Permission', alias.id).map(
        ([, { Properties }]) => Properties,
      );
      expect(permissions.map(({ Principal }) => Principal).sort()).toEqual([
        'apigateway.amazonaws.com',
        'events.amazonaws.com',
      ]);
      const sources = permissions.map(({ SourceArn }) => JSON.stringify(SourceArn));
      expect(sources.some((source) => source.includes(`/POST/${name}"`))).toBe(true);
    });

    it('has its name and the ARN of its alias among the outputs', () => {
      const values = Object.values(template.Outputs).map(({ Value }) => Value);
      expect(values).toEqual(expect.arrayContaining([{ Ref: id }, { Ref: alias.id }]));
    });

    it('moves to a new version bit by bit, and back when the deployment fails or an alarm goes off', () => {
      const { CodeDeployLambdaAliasUpdate: shift } = alias.resource.UpdatePolicy ?? {};
      const group = template.Resources[shift?.DeploymentGroupName.Ref ?? '']?.Properties;
      expect(group).toMatchObject({
        DeploymentConfigName: 'CodeDeployDefault.LambdaCanary10Percent10Minutes',
        AutoRollbackConfiguration: {
          Enabled: true,
          Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_REQUEST', 'DEPLOYMENT_STOP_ON_ALARM'],
        },
        AlarmConfiguration: { Enabled: true },
      });
      const alarms: { Name: { Ref: string } }[] = group.AlarmConfiguration.Alarms;
      // What CodeDeploy takes.
      expect(alarms.length).toBeLessThanOrEqual(10);
      expect(new Set(alarms.map(({ Name }) => template.Resources[Name.Ref]?.Type))).toEqual(
        new Set(['AWS::CloudWatch::Alarm']),
      );
    });
  },
);

describe('what moves the aliases', () => {
  const [group] = [...resourcesOf(template, 'AWS::CodeDeploy::DeploymentGroup').values()];
  const role = template.Resources[referredBy(group?.Properties.ServiceRoleArn) ?? '']?.Properties;
  const [shift, see, ...others]: Statement[] = role.Policies.flatMap(
    ({ PolicyDocument }: { PolicyDocument: { Statement: Statement[] } }) => PolicyDocument.Statement,
  );

  it('may move those of the run functions, see alarms, and nothing else', () => {
    expect(role.ManagedPolicyArns).toBeUndefined();
    expect(others).toEqual([]);
    expect(see).toEqual({ Effect: 'Allow', Action: 'cloudwatch:DescribeAlarms', Resource: '*' });
    expect(shift?.Action).toEqual([
      'lambda:GetAlias',
      'lambda:GetProvisionedConcurrencyConfig',
      'lambda:UpdateAlias',
    ]);
    const arns = names.map((name) => ({ 'Fn::GetAtt': [lambdaNamed(name).id, 'Arn'] }));
    const aliases = arns.map((arn) => ({ 'Fn::Join': ['', [arn, ':live']] }));
    expect(shift?.Resource).toHaveLength(2 * names.length);
    expect(shift?.Resource).toEqual(expect.arrayContaining([...arns, ...aliases]));
  });
});

const namesOfVersions = (of: typeof template) => [...resourcesOf(of, 'AWS::Lambda::Version').keys()];

/** The executions that each run function keeps for itself, those for clients and the others. */
const reserved = (of: typeof template) => {
  const kept = (declared: (typeof catalog)[number]) =>
    [...resourcesOf(of, 'AWS::Lambda::Function').values()].find(({ Properties }) =>
      [declared.name, `${declared.name}-dev`].includes(Properties.FunctionName),
    )?.Properties.ReservedConcurrentExecutions;
  const others = catalog.filter((declared) => !isForClients(declared));
  return {
    clients: new Set(catalog.filter(isForClients).map(kept)),
    others: others.map(kept).filter((executions) => executions !== undefined),
  };
};

describe('other settings', () => {
  const other = templateOf({ verify: { default_locale: 'de' }, reserved_concurrency: '25' });

  it('that the functions see make new versions of them', () => {
    const before = new Set(namesOfVersions(template));
    const seeing = catalog.filter(({ uses }) =>
      uses.some((port: keyof Ports) => variablesOf[port].includes('VERIFY_POLICY')),
    );
    // Reserved executions are no part of a version.
    expect(namesOfVersions(other).filter((version) => before.has(version))).toHaveLength(
      allNames.length - seeing.length,
    );
  });

  it('reserve as many executions for each run function that clients call as they say', () => {
    expect(reserved(template)).toEqual({ clients: new Set([100]), others: [] });
    expect(reserved(other)).toEqual({ clients: new Set([25]), others: [] });
  });
});

describe('dev', () => {
  const dev = templateOf({ stage: 'dev' });

  it('moves its aliases at once, without CodeDeploy', () => {
    const aliases = [...resourcesOf(dev, 'AWS::Lambda::Alias').values()];
    expect(aliases.map(({ UpdatePolicy }) => UpdatePolicy)).toEqual(aliases.map(() => undefined));
    expect(resourcesOf(dev, 'AWS::CodeDeploy::DeploymentGroup').size).toBe(0);
  });

  it('reserves no executions', () => {
    expect(reserved(dev)).toEqual({ clients: new Set([undefined]), others: [] });
  });
});
