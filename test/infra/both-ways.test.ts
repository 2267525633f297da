import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { catalog } from '../../functions/catalog.ts';
import { metricCatalogue, metricsNamespace } from '../../functions/observability/metric-catalogue.ts';
import { isForClients } from '../../infra/declared-function.ts';
import { referredTo } from '../support/iam-policy.ts';
import { type Resource, resourcesOf, templateOf } from './synth.ts';

// Everything that a deployment can have.
const template = templateOf({
  rotation: { twilio_days: 30, destination_days: 92 },
  access: { mode: 'token', issuers: [{ issuer: 'https://issuer.example.com', audience: ['app'] }] },
});
const of = (type: string): Resource[] => [...resourcesOf(template, type).values()];
const properties = (type: string) => of(type).map((resource) => resource.Properties);

const runFunctions: string[] = catalog.map(({ name }) => name).sort();
const isOfClients = (name: string): boolean =>
  catalog.some((declared) => declared.name === name && isForClients(declared));
const lambdas = new Map(
  [...resourcesOf(template, 'AWS::Lambda::Function')].map(([id, { Properties }]) => [id, Properties]),
);
const entries = [...lambdas.values()].map(({ FunctionName }) => FunctionName as string).sort();

/** The entry that a reference leads to, by way of an alias where there is one. */
const entryAt = (value: unknown): string => {
  const id = referredTo(value) ?? '';
  const alias = resourcesOf(template, 'AWS::Lambda::Alias').get(id);
  return alias === undefined
    ? (lambdas.get(id)?.FunctionName ?? 'none')
    : entryAt(alias.Properties.FunctionName);
};

/** What there is one of for each run function: the names of the functions that have it, each once for each. */
const oneEach: Readonly<Record<string, () => readonly string[]>> = {
  'a path of the API': () => properties('AWS::ApiGateway::Resource').map(({ PathPart }) => PathPart),
  'a POST that asks it for an answer': () =>
    properties('AWS::ApiGateway::Method')
      .filter(({ HttpMethod }) => HttpMethod === 'POST')
      .map(({ OperationName }) => OperationName),
  'a model of its body': () => properties('AWS::ApiGateway::Model').map(({ Schema }) => Schema.title),
  'its address in SSM': () =>
    properties('AWS::SSM::Parameter')
      .filter(({ Name }) => Name.endsWith('-arn'))
      .map(({ Value }) => entryAt(Value)),
  'a way for events that failed': () =>
    properties('AWS::Lambda::EventInvokeConfig').map(({ FunctionName }) => entryAt(FunctionName)),
  'a gradual deployment': () =>
    of('AWS::Lambda::Alias')
      .filter((alias) => 'UpdatePolicy' in alias)
      .map(({ Properties }) => entryAt(Properties.FunctionName)),
  'a permission for its route': () =>
    properties('AWS::Lambda::Permission')
      .filter(
        ({ Principal, SourceArn }) =>
          Principal.startsWith('apigateway') && !JSON.stringify(SourceArn).includes('/authorizers/'),
      )
      .map(({ FunctionName }) => entryAt(FunctionName)),
  'a scheduled canary': () =>
    properties('AWS::Events::Rule')
      .map(({ Targets }) => entryAt(Targets[0].Arn))
      .filter((entry) => entry !== 'gateway_canary'),
};

describe('the run functions', () => {
  it.each(Object.entries(oneEach))('have %s each, and nothing else has', (_what, having) => {
    expect([...having()].sort()).toEqual(runFunctions);
  });

  it.each(runFunctions)('have alarms on their own metrics, and rows of a dashboard: %s', (name) => {
    const watching = properties('AWS::CloudWatch::Alarm').map((alarm) => JSON.stringify(alarm));
    const least = isOfClients(name) ? 4 : 1;
    expect(watching.filter((alarm) => alarm.includes(`"${name}"`)).length).toBeGreaterThanOrEqual(least);
    expect(JSON.stringify(properties('AWS::CloudWatch::Dashboard'))).toContain(name);
  });

  it('have a rate rule of the web ACL each where a client can take a place of a limit, others share one', () => {
    const own = catalog.filter(({ callers, reserves }) => callers === 'all' && reserves !== 'nothing');
    const shared = own.length < catalog.length ? ['others'] : [];
    const rules = properties('AWS::WAFv2::WebACL')
      .flatMap(({ Rules }) => Rules.map(({ Name }: { Name: string }) => Name))
      .filter((name) => name.startsWith('rate_'));
    expect(rules).toEqual([...own.map(({ name }) => name), ...shared].map((name) => `rate_${name}`));
  });
});

/** What there is one of for each Lambda, run function or not. */
const ownEach: Readonly<Record<string, () => readonly string[]>> = {
  'a version behind the alias live': () =>
    properties('AWS::Lambda::Alias')
      .filter(({ Name }) => Name === 'live')
      .map(({ FunctionName }) => entryAt(FunctionName)),
  // Silence of the gateway's canary is breaching, so that one needs no second alarm.
  'an alarm on what it throws, or on its silence': () =>
    properties('AWS::CloudWatch::Alarm').flatMap(
      ({ Dimensions, MetricName, Namespace, TreatMissingData }) => {
        if (MetricName === 'Errors' && Namespace === 'AWS/Lambda') return [entryAt(Dimensions[0].Value)];
        const silence = MetricName === 'CanarySuccess' && TreatMissingData === 'breaching';
        return silence && JSON.stringify(Dimensions).includes('gateway_canary') ? ['gateway_canary'] : [];
      },
    ),
};

/** The metrics that an alarm reads, alone or in an expression. */
const metricsOf = (alarm: Resource['Properties']): Resource['Properties'][] =>
  alarm.MetricName === undefined
    ? alarm.Metrics.flatMap(({ MetricStat }: Resource['Properties']) => MetricStat?.Metric ?? [])
    : [alarm];

const ourMetrics = properties('AWS::CloudWatch::Alarm')
  .flatMap(metricsOf)
  .filter(({ Namespace }) => Namespace === metricsNamespace);

describe('every Lambda', () => {
  it('is an entry, and every entry is deployed', () => {
    const files = readdirSync('functions/lambda').filter((file) => /^[a-z]+(_[a-z]+)+\.ts$/.test(file));
    const known = new Set([...runFunctions, ...files.map((file) => file.replace('.ts', ''))]);
    expect([...known].sort()).toEqual(entries);
  });

  it.each(Object.entries(ownEach))('has %s, and nothing else has', (_what, having) => {
    expect([...having()].sort()).toEqual(entries);
  });

  it.each(['Role', 'LoggingConfig'] as const)('has its own %s', (property) => {
    const used = [...lambdas.values()].map(({ [property]: value }) => JSON.stringify(value));
    expect(new Set(used).size).toBe(entries.length);
  });

  it('is called through the alias only, but for a rotation, which Secrets Manager calls by its ARN', () => {
    const unqualified = properties('AWS::Lambda::Permission').filter(({ FunctionName }) =>
      lambdas.has(referredTo(FunctionName) ?? ''),
    );
    expect(unqualified.map(({ FunctionName }) => entryAt(FunctionName)).sort()).toEqual(
      entries.filter((entry) => entry.startsWith('rotate_')),
    );
    for (const { Principal, SourceAccount } of unqualified) {
      expect(Principal).toBe('secretsmanager.amazonaws.com');
      expect(SourceAccount).toEqual({ Ref: 'AWS::AccountId' });
    }
  });
});

describe('nothing is left over', () => {
  it('every role is borne by something', () => {
    const roles = [...resourcesOf(template, 'AWS::IAM::Role').keys()];
    const borne = Object.entries(template.Resources)
      .filter(([, { Type }]) => !Type.startsWith('AWS::IAM::'))
      .map(([, resource]) => JSON.stringify(resource.Properties));
    expect(roles.filter((role) => !borne.some((text) => text.includes(`"${role}"`)))).toEqual([]);
  });

  it('every policy is one role’s', () => {
    for (const { Roles, Users, Groups } of properties('AWS::IAM::Policy')) {
      expect(Roles).toHaveLength(1);
      expect([Users, Groups]).toEqual([undefined, undefined]);
    }
  });

  it('every log group is written by one thing', () => {
    const others = Object.values(template.Resources).filter(({ Type }) => /Function$|Stage$/.test(Type));
    for (const id of resourcesOf(template, 'AWS::Logs::LogGroup').keys())
      expect(others.filter(({ Properties }) => JSON.stringify(Properties).includes(`"${id}"`))).toHaveLength(
        1,
      );
  });

  it('every alarm tells somebody', () => {
    const parts = JSON.stringify(properties('AWS::CloudWatch::CompositeAlarm'));
    const mute = [...resourcesOf(template, 'AWS::CloudWatch::Alarm')].filter(
      ([id, { Properties }]) => Properties.AlarmActions === undefined && !parts.includes(`"${id}"`),
    );
    expect(mute.map(([id]) => id)).toEqual([]);
  });

  it('every alarm on a metric of ours reads one that there is, of a Lambda that there is', () => {
    const names = new Set(ourMetrics.map(({ MetricName }) => MetricName));
    const functions = ourMetrics
      .flatMap(({ Dimensions }) => Dimensions)
      .filter(({ Name }) => Name === 'function')
      .map(({ Value }) => Value);
    expect(Object.keys(metricCatalogue)).toEqual(expect.arrayContaining([...names]));
    expect(entries).toEqual(expect.arrayContaining([...new Set(functions)]));
  });
});

/** Where each kind of thing that holds data says how it is encrypted. */
const keys: Readonly<Record<string, (found: Resource['Properties']) => unknown>> = {
  'AWS::DynamoDB::Table': ({ SSESpecification }) => SSESpecification?.KMSMasterKeyId,
  'AWS::Logs::LogGroup': ({ KmsKeyId }) => KmsKeyId,
  'AWS::SNS::Topic': ({ KmsMasterKeyId }) => KmsMasterKeyId,
  'AWS::SQS::Queue': ({ KmsMasterKeyId }) => KmsMasterKeyId,
  'AWS::SecretsManager::Secret': ({ KmsKeyId }) => KmsKeyId,
};

describe('what holds data', () => {
  it.each(Object.keys(keys))('%s is encrypted with the key of the stack', (type) => {
    const found = properties(type);
    expect(found).not.toHaveLength(0);
    const [key] = resourcesOf(template, 'AWS::KMS::Key').keys();
    for (const one of found) expect(referredTo(keys[type]?.(one))).toBe(key);
  });

  it('is deleted with dev and kept with any other stage', () => {
    const policies = (stage: string) => {
      const stateful = Object.values(templateOf({ stage }).Resources).filter(({ Type }) =>
        /^AWS::(DynamoDB::Table|SecretsManager::Secret|Logs::LogGroup|KMS::Key)$/.test(Type),
      );
      return new Set(stateful.map(({ DeletionPolicy }) => DeletionPolicy));
    };
    expect(policies('dev')).toEqual(new Set(['Delete']));
    expect(policies('staging')).toEqual(new Set(['Retain']));
  });
});
