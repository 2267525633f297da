import { describe, expect, it } from 'vitest';
import { parseTwilioSecret } from '../../functions/adapters/twilio-secret.ts';
import { resourcesOf, templateOf } from './synth.ts';

const template = templateOf();
const other = templateOf({ stage: 'dev', canary: 'false', twilio_region: 'ie1', twilio_edge: 'dublin' });

const kept = ['AWS::DynamoDB::Table', 'AWS::SecretsManager::Secret', 'AWS::Logs::LogGroup'];

describe('the table', () => {
  it('has the string key pk, expires by expires_at and is paid by request', () => {
    expect(
      [...resourcesOf(template, 'AWS::DynamoDB::Table').values()].map((table) => table.Properties),
    ).toEqual([
      {
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        TimeToLiveSpecification: { AttributeName: 'expires_at', Enabled: true },
        BillingMode: 'PAY_PER_REQUEST',
      },
    ]);
  });
});

describe('the secrets', () => {
  const secrets = [...resourcesOf(template, 'AWS::SecretsManager::Secret').values()].map((s) => s.Properties);

  it('are two', () => {
    expect(secrets).toHaveLength(2);
  });

  it('hold no credential of Twilio until the operator gives one', () => {
    const [twilio] = secrets.filter(({ SecretString }) => SecretString !== undefined);
    expect(() => parseTwilioSecret(twilio.SecretString)).toThrow(
      expect.objectContaining({ code: 'misconfigured' }),
    );
    expect(Object.values(JSON.parse(twilio.SecretString)).join('')).toBe('');
  });

  it('have the key of destinations made by AWS, long and readable as JSON', () => {
    const [key] = secrets.filter(({ GenerateSecretString }) => GenerateSecretString !== undefined);
    expect(key.GenerateSecretString).toEqual({
      SecretStringTemplate: '{}',
      GenerateStringKey: 'current',
      PasswordLength: 64,
      ExcludePunctuation: true,
    });
  });
});

describe('the stage', () => {
  it.each(kept)('keeps its %s when production is deleted, and only then', (type) => {
    const policies = (of: typeof template) =>
      new Set([...resourcesOf(of, type).values()].map(({ DeletionPolicy }) => DeletionPolicy));
    expect(policies(template)).toEqual(new Set(['Retain']));
    expect(policies(other)).toEqual(new Set(['Delete']));
  });

  it('other than production bears another name, so that both fit one account', () => {
    const names = [...resourcesOf(other, 'AWS::Lambda::Function').values()].map(
      (l) => l.Properties.FunctionName,
    );
    expect(names).toContain('start_verification-dev');
  });

  it('has no canary where that is switched off', () => {
    expect(resourcesOf(other, 'AWS::Events::Rule').size).toBe(0);
  });

  it("tells the functions Twilio's region and edge where they are set", () => {
    for (const { Properties } of resourcesOf(other, 'AWS::Lambda::Function').values())
      expect(Properties.Environment.Variables).toMatchObject({ TWILIO_REGION: 'ie1', TWILIO_EDGE: 'dublin' });
  });

  it('says where it is reached and where its data is', () => {
    const ofFunctions = /Function(Arn|Name)$/;
    expect(Object.keys(template.Outputs).filter((name) => !ofFunctions.test(name))).toEqual([
      'ApiUrl',
      'TableName',
      'TwilioSecretArn',
      'DestinationKeySecretArn',
    ]);
  });
});
