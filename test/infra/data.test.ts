import { describe, expect, it } from 'vitest';
import { parseTwilioSecret } from '../../functions/adapters/twilio-secret.ts';
import { catalog } from '../../functions/catalog.ts';
import { needsOf } from '../../functions/service/ports.ts';
import { type Resource, resourcesOf, type Template, templateOf } from './synth.ts';

const template = templateOf({ secret_readers: ['arn:aws:iam::123456789012:role/auditor'] });
const other = templateOf({
  stage: 'dev',
  canary: 'false',
  twilio_region: 'ie1',
  twilio_edge: 'dublin',
  contributor_insights: 'true',
});

const kept = ['AWS::DynamoDB::Table', 'AWS::SecretsManager::Secret', 'AWS::Logs::LogGroup', 'AWS::KMS::Key'];

const propertiesOf = (of: Template, type: string): Resource['Properties'][] =>
  [...resourcesOf(of, type).values()].map(({ Properties }) => Properties);

const [keyId, ...otherKeys] = resourcesOf(template, 'AWS::KMS::Key').keys();
const keyArn = { 'Fn::GetAtt': [keyId, 'Arn'] };

describe('the key', () => {
  const [key] = propertiesOf(template, 'AWS::KMS::Key');
  const statements: { Principal: Record<string, unknown>; Condition?: object; Action: string[] }[] =
    key.KeyPolicy.Statement;

  it('is one, and renewed every year', () => {
    expect(otherKeys).toEqual([]);
    expect(key.EnableKeyRotation).toBe(true);
  });

  it("is the account's to give, and two services' to use for this stack and account", () => {
    const services = statements.filter(({ Principal }) => Principal['Service'] !== undefined);
    expect(services.map(({ Condition }) => JSON.stringify(Condition))).toEqual([
      expect.stringMatching(/kms:EncryptionContext:aws:logs:arn.*twilio-verify-phone-prod/),
      expect.stringMatching(/aws:SourceArn.*AWS::AccountId/),
    ]);
    for (const { Principal } of statements)
      expect(Principal['Service'] ?? JSON.stringify(Principal['AWS'])).not.toBe('*');
  });

  it('encrypts all that keeps data', () => {
    expect(propertiesOf(template, 'AWS::DynamoDB::Table')).toMatchObject([
      { SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: keyArn } },
    ]);
    for (const type of ['AWS::SecretsManager::Secret', 'AWS::Logs::LogGroup'])
      for (const properties of propertiesOf(template, type)) expect(properties.KmsKeyId).toEqual(keyArn);
    for (const type of ['AWS::SQS::Queue', 'AWS::SNS::Topic'])
      for (const { KmsMasterKeyId } of propertiesOf(template, type))
        expect([keyArn, { Ref: keyId }]).toContainEqual(KmsMasterKeyId);
  });
});

describe('the table', () => {
  it('has the string key pk, expires by expires_at and is paid by request', () => {
    expect(propertiesOf(template, 'AWS::DynamoDB::Table')).toEqual([
      {
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        TimeToLiveSpecification: { AttributeName: 'expires_at', Enabled: true },
        BillingMode: 'PAY_PER_REQUEST',
        SSESpecification: expect.anything(),
        DeletionProtectionEnabled: true,
      },
    ]);
  });

  it('can be deleted in dev, and tells of its keys where that is asked for', () => {
    const [table] = propertiesOf(other, 'AWS::DynamoDB::Table');
    expect(table.DeletionProtectionEnabled).not.toBe(true);
    expect(table.ContributorInsightsSpecification).toEqual({ Enabled: true });
  });
});

describe('the failure queue', () => {
  it('keeps an event for a day at most', () => {
    expect(propertiesOf(template, 'AWS::SQS::Queue')).toMatchObject([{ MessageRetentionPeriod: 86_400 }]);
  });

  it('takes encrypted connections only', () => {
    const statements = propertiesOf(template, 'AWS::SQS::QueuePolicy').flatMap(
      ({ PolicyDocument }) => PolicyDocument.Statement,
    );
    expect(statements).toEqual([
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    ]);
  });
});

describe('the secrets', () => {
  const secrets = [...resourcesOf(template, 'AWS::SecretsManager::Secret')];
  const policyOf = (secretId: string) =>
    propertiesOf(template, 'AWS::SecretsManager::ResourcePolicy').find(
      ({ SecretId }) => SecretId.Ref === secretId,
    )?.ResourcePolicy.Statement;

  it.each(secrets.map(([id]) => id))(
    'deny the value of %s to all but who must read it, and nothing else',
    (id) => {
      const [denial, ...more] = policyOf(id);
      expect(more).toEqual([]);
      expect(denial).toMatchObject({
        Effect: 'Deny',
        Action: 'secretsmanager:GetSecretValue',
        Principal: { AWS: '*' },
      });
      const readers: unknown[] = denial.Condition.ArnNotEquals['aws:PrincipalArn'];
      const roles = readers.filter((reader) => JSON.stringify(reader).includes('Fn::GetAtt'));
      const mayRead = [...resourcesOf(template, 'AWS::IAM::Policy').values()]
        .filter(({ Properties }) =>
          Properties.PolicyDocument.Statement.some(
            ({ Action, Resource }: { Action: string | string[]; Resource: unknown }) =>
              [Action].flat().includes('secretsmanager:GetSecretValue') &&
              JSON.stringify(Resource).includes(`"${id}"`),
          ),
        )
        .map(({ Properties }) => ({ 'Fn::GetAtt': [Properties.Roles[0].Ref, 'Arn'] }));
      expect(roles).toHaveLength(mayRead.length);
      expect(roles).toEqual(expect.arrayContaining(mayRead));
      // The account's root and the role that deploys keep a way in.
      const [root, deployer, ...named] = readers.filter((reader) => !roles.includes(reader));
      expect(JSON.stringify(root)).toMatch(/:root"/);
      expect(JSON.stringify(deployer)).toContain('cfn-exec-role');
      expect(named).toEqual(['arn:aws:iam::123456789012:role/auditor']);
    },
  );

  it('hold no credential of Twilio until the operator gives one', () => {
    const [twilio] = propertiesOf(template, 'AWS::SecretsManager::Secret').filter(({ SecretString }) =>
      SecretString?.includes('service_sid'),
    );
    expect(() => parseTwilioSecret(twilio.SecretString)).toThrow(
      expect.objectContaining({ code: 'misconfigured' }),
    );
    expect(Object.values(JSON.parse(twilio.SecretString)).join('')).toBe('');
  });

  it('have the key of destinations made by AWS, long and readable as JSON', () => {
    const [key] = propertiesOf(template, 'AWS::SecretsManager::Secret').filter(
      ({ GenerateSecretString }) => GenerateSecretString !== undefined,
    );
    expect(key.GenerateSecretString).toEqual({
      SecretStringTemplate: '{}',
      GenerateStringKey: 'current',
      PasswordLength: 64,
      ExcludePunctuation: true,
    });
  });
});

describe('the stage', () => {
  it.each(kept)('keeps its %s when it is deleted or replaced, but for dev', (type) => {
    const policies = (of: Template) =>
      new Set([...resourcesOf(of, type).values()].flatMap((r) => [r.DeletionPolicy, r.UpdateReplacePolicy]));
    expect(policies(template)).toEqual(new Set(['Retain']));
    expect(policies(other)).toEqual(new Set(['Delete']));
  });

  it('other than production bears another name, so that both fit one account', () => {
    const names = [...resourcesOf(other, 'AWS::Lambda::Function').values()].map(
      (l) => l.Properties.FunctionName,
    );
    expect(names).toEqual(expect.arrayContaining(catalog.map(({ name }) => `${name}-dev`)));
    expect(names.filter((name) => !name.endsWith('-dev'))).toEqual([]);
  });

  it('has no canary where that is switched off', () => {
    expect(resourcesOf(other, 'AWS::Events::Rule').size).toBe(0);
  });

  it('tells the functions that ask Twilio its region and edge where they are set', () => {
    for (const { Properties } of resourcesOf(other, 'AWS::Lambda::Function').values()) {
      const declared = catalog.find(({ name }) => Properties.FunctionName === `${name}-dev`);
      const asks = declared !== undefined && needsOf(declared).secrets.includes('twilio');
      const { TWILIO_REGION, TWILIO_EDGE } = Properties.Environment.Variables;
      expect([TWILIO_REGION, TWILIO_EDGE]).toEqual(asks ? ['ie1', 'dublin'] : [undefined, undefined]);
    }
  });

  it('says where it is reached and where its data is', () => {
    expect(Object.keys(template.Outputs)).toEqual(
      expect.arrayContaining(['ApiUrl', 'TableName', 'TwilioSecretArn', 'DestinationKeySecretArn']),
    );
  });
});
