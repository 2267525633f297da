import { describe, expect, it } from 'vitest';
import { allows, asText, type Grant, grantsOf } from '../../support/iam-policy.ts';

const grant = (action: string, resource: string, rest: Partial<Grant> = {}): Grant => ({
  effect: 'Allow',
  action,
  resource,
  condition: {},
  ...rest,
});
const read = { action: 'secretsmanager:GetSecretValue', resource: 'Secret' };
const viaDynamoDb = { StringEquals: { 'kms:ViaService': `dynamodb.\${AWS::Region}.amazonaws.com` } };

describe('grants allow', () => {
  it.each([
    ['what one names', [grant(read.action, 'Secret')], read, true],
    ['nothing of another resource', [grant(read.action, 'Other')], read, false],
    ['nothing of another action', [grant('secretsmanager:PutSecretValue', 'Secret')], read, false],
    ['what a pattern covers', [grant('secretsmanager:Get*', 'S?cret')], read, true],
    ['nothing where there is none', [], read, false],
    [
      'nothing that one denies',
      [grant(read.action, '*'), grant(read.action, 'Secret', { effect: 'Deny' })],
      read,
      false,
    ],
    ['an action in any case', [grant('SecretsManager:getsecretvalue', 'Secret')], read, true],
  ] as const)('%s', (_what, grants, asked, allowed) => {
    expect(allows(grants, asked)).toBe(allowed);
  });

  it('only where their condition holds', () => {
    const grants = [grant('kms:Decrypt', 'Key', { condition: viaDynamoDb })];
    const asked = { action: 'kms:Decrypt', resource: 'Key' };
    const via = (service: string) => ({
      context: { 'kms:ViaService': `${service}.\${AWS::Region}.amazonaws.com` },
    });
    expect(allows(grants, { ...asked, ...via('dynamodb') })).toBe(true);
    expect(allows(grants, { ...asked, ...via('sqs') })).toBe(false);
    expect(allows(grants, asked)).toBe(false);
  });

  it('nobody whom a denial does not leave out', () => {
    const condition = { ArnNotEquals: { 'aws:PrincipalArn': [{ 'Fn::GetAtt': ['Role', 'Arn'] }] } };
    const grants = [
      grant(read.action, 'Secret'),
      grant(read.action, 'Secret', { effect: 'Deny', condition }),
    ];
    const by = (principal: string) => ({ ...read, context: { 'aws:PrincipalArn': principal } });
    expect(allows(grants, by('Role'))).toBe(true);
    expect(allows(grants, by('OtherRole'))).toBe(false);
  });
});

describe('what is not read is refused and never overlooked', () => {
  it.each([
    [
      'an unknown condition',
      () =>
        allows([grant('a:b', '*', { condition: { IpAddress: { x: 'y' } } })], {
          action: 'a:b',
          resource: 'c',
        }),
    ],
    ['an unknown function of CloudFormation', () => asText({ 'Fn::Select': [0, []] })],
    [
      'a managed policy',
      () =>
        grantsOf(
          {
            Resources: { Role: { Type: 'AWS::IAM::Role', Properties: { ManagedPolicyArns: ['x'] } } },
            Outputs: {},
          },
          'Role',
        ),
    ],
    [
      'NotAction',
      () => {
        const Statement = [{ Effect: 'Allow', Action: 'a:b', NotAction: 'c:d', Resource: '*' }];
        const Policies = [{ PolicyDocument: { Statement } }];
        return grantsOf(
          { Resources: { Role: { Type: 'AWS::IAM::Role', Properties: { Policies } } }, Outputs: {} },
          'Role',
        );
      },
    ],
  ])('%s', (_what, reading) => {
    expect(reading).toThrow(/Not read|managed policies/);
  });
});
