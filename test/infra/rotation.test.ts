import { readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { readTwilioAdmin } from '../../functions/adapters/twilio-keys.ts';
import { stateLives } from '../../functions/guard/limits/destination-state.ts';
import { leastDestinationDays } from '../../infra/settings/rotation.ts';
import { readSettings } from '../../infra/settings.ts';
import { type Resource, resourcesOf, templateOf } from './synth.ts';

const rotation = { twilio_days: 30, destination_days: 180 };
const without = templateOf();
const template = templateOf({ rotation, twilio_region: 'ie1', twilio_edge: 'dublin' });

const all = (type: string): readonly (readonly [string, Resource])[] => [...resourcesOf(template, type)];
const only = (type: string, isIt: (properties: Resource['Properties']) => boolean) => {
  const [found, ...others] = all(type).filter(([, { Properties }]) => isIt(Properties));
  if (found === undefined || others.length > 0) throw new Error(`Not exactly one ${type}`);
  return { id: found[0], resource: found[1] };
};
const lambdaNamed = (name: string) =>
  only('AWS::Lambda::Function', ({ FunctionName }) => FunctionName === name);
const secretOf = (description: string) =>
  only('AWS::SecretsManager::Secret', ({ Description }) => Description.startsWith(description));

const twilio = secretOf('Twilio account').id;
const destinationKey = secretOf('The key that destinations').id;
const admin = secretOf('Auth token or Main key');
const referred = (value: { Ref?: string; 'Fn::GetAtt'?: [string, string] }) =>
  value.Ref ?? value['Fn::GetAtt']?.[0] ?? '*';

const statementsOf = (role: string) =>
  all('AWS::IAM::Policy')
    .filter(([, { Properties }]) => Properties.Roles.some((granted: { Ref: string }) => granted.Ref === role))
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement)
    .flatMap(({ Action, Resource: on }) =>
      [Action].flat().map((action: string) => `${action} ${[on].flat().map(referred).sort()}`),
    );

it('is off unless a number of days is given', () => {
  for (const type of ['AWS::SecretsManager::RotationSchedule', 'AWS::SecretsManager::Secret'])
    expect(resourcesOf(without, type).size).toBe(type.endsWith('Secret') ? 2 : 0);
  const names = [...resourcesOf(without, 'AWS::Lambda::Function').values()].map(
    ({ Properties }) => Properties.FunctionName,
  );
  expect(names.filter((name) => name.startsWith('rotate_'))).toEqual([]);
});

it('of one secret brings nothing of the other', () => {
  const one = templateOf({ rotation: { destination_days: 92 } });
  expect(resourcesOf(one, 'AWS::SecretsManager::RotationSchedule').size).toBe(1);
  expect(resourcesOf(one, 'AWS::SecretsManager::Secret').size).toBe(2);
});

describe.each([
  ['rotate_twilio_key', twilio, 30],
  ['rotate_destination_key', destinationKey, 180],
])('%s', (name, secret, days) => {
  const { id, resource } = lambdaNamed(name);

  it('is called by schedule, and not by a deployment', () => {
    const schedule = only('AWS::SecretsManager::RotationSchedule', ({ SecretId }) => SecretId.Ref === secret);
    expect(schedule.resource.Properties).toEqual({
      SecretId: { Ref: secret },
      RotationLambdaARN: { 'Fn::GetAtt': [id, 'Arn'] },
      RotationRules: { AutomaticallyAfterDays: days },
      RotateImmediatelyOnUpdate: false,
    });
  });

  it('may be called by Secrets Manager for this account, before the schedule is made, and by nobody else', () => {
    const permission = only('AWS::Lambda::Permission', ({ FunctionName }) => referred(FunctionName) === id);
    expect(permission.resource.Properties).toMatchObject({
      Principal: 'secretsmanager.amazonaws.com',
      SourceAccount: { Ref: 'AWS::AccountId' },
    });
    const schedule = only('AWS::SecretsManager::RotationSchedule', ({ SecretId }) => SecretId.Ref === secret);
    expect(schedule.resource).toMatchObject({ DependsOn: expect.arrayContaining([permission.id]) });
  });

  it('runs once at a time', () => {
    expect(resource.Properties.ReservedConcurrentExecutions).toBe(1);
  });

  it('may do what its adapters do to its own secret, and nothing else', () => {
    const source = readFileSync('functions/adapters/secret-versions.ts', 'utf8');
    const commands = new Set([...source.matchAll(/\b(\w+)Command\(/g)].map(([, command]) => command));
    const logGroup = resource.Properties.LoggingConfig.LogGroup.Ref;
    const key = all('AWS::KMS::Key')[0]?.[0];
    expect(statementsOf(referred(resource.Properties.Role)).sort()).toEqual(
      [
        ...[...commands].map((command) => `secretsmanager:${command} ${secret}`),
        ...(secret === twilio ? [`secretsmanager:GetSecretValue ${admin.id}`] : []),
        `kms:Decrypt ${key}`,
        `kms:GenerateDataKey ${key}`,
        `logs:CreateLogStream ${logGroup}`,
        `logs:PutLogEvents ${logGroup}`,
        'xray:PutTelemetryRecords *',
        'xray:PutTraceSegments *',
      ].sort(),
    );
  });

  it('is let in by the policies of the secrets that it reads, and by no other', () => {
    const admitting = all('AWS::SecretsManager::ResourcePolicy').filter(([, { Properties }]) => {
      const [{ Condition }] = Properties.ResourcePolicy.Statement;
      const readers: unknown[] = Condition.ArnNotEquals['aws:PrincipalArn'];
      return readers.some((reader) => JSON.stringify(reader) === JSON.stringify(resource.Properties.Role));
    });
    const secrets = admitting.map(([, { Properties }]) => Properties.SecretId.Ref);
    expect(secrets.sort()).toEqual((secret === twilio ? [twilio, admin.id] : [secret]).sort());
  });
});

describe('the admin secret', () => {
  it('holds no credential until the operator gives one, and then takes either kind', () => {
    const empty = JSON.parse(admin.resource.Properties.SecretString);
    expect(Object.values(empty).join('')).toBe('');
    const account = `AC${'0'.repeat(32)}`;
    expect(() => readTwilioAdmin(JSON.stringify(empty), account)).toThrow('misconfigured');
    const filled = { ...empty, twilio_account_sid: account };
    for (const credential of [
      { twilio_auth_token: 'token' },
      { twilio_api_key_sid: `SK${'0'.repeat(32)}`, twilio_api_key_secret: 'token' },
    ])
      expect(readTwilioAdmin(JSON.stringify({ ...filled, ...credential }), account).password).toBe('token');
  });

  it('is read by the rotation alone', () => {
    const readers = all('AWS::IAM::Policy').filter(([, resource]) =>
      JSON.stringify(resource).includes(admin.id),
    );
    expect(readers).toHaveLength(1);
    expect(template.Outputs['TwilioAdminSecretArn']?.Value).toEqual({ Ref: admin.id });
  });

  it('is known to the rotation, with the region that keys are made for', () => {
    expect(lambdaNamed('rotate_twilio_key').resource.Properties.Environment.Variables).toEqual({
      TWILIO_ADMIN_SECRET_ID: { Ref: admin.id },
      TWILIO_REGION: 'ie1',
      TWILIO_EDGE: 'dublin',
    });
  });
});

describe('the settings', () => {
  const settingsFrom = (given: unknown) => readSettings(new App({ context: { rotation: given } }).node);

  it.each([
    [{ twilio_days: 0 }, 'rotation.twilio_days: must be at least 1'],
    [{ destination_days: 91 }, `rotation.destination_days: must be at least ${leastDestinationDays}`],
    [{ destination_days: 1_001 }, 'rotation.destination_days: must be at most 1000'],
    [{ days: 3 }, 'rotation.days'],
  ])('refuse %j', (given, sentence) => {
    expect(() => settingsFrom(given)).toThrow(sentence);
  });

  it('leave the guard the time that it remembers, and a new key the day that it waits', () => {
    const day = 24 * 3_600_000;
    expect((leastDestinationDays - 1) * day).toBeGreaterThan(stateLives);
  });

  it('take what the command line gives as text', () => {
    expect(settingsFrom('{"twilio_days":7}').rotation).toEqual({ twilio_days: 7 });
  });
});
