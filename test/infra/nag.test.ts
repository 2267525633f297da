import { describe, expect, it } from 'vitest';
import { synth } from './synth.ts';

// The app itself runs cdk-nag's AWS Solutions rules and fails at a finding that no construct gives a reason for.
describe.each([
  ['production as it stands', {}],
  [
    'a stack with all that can be switched on',
    {
      stage: 'dev',
      access: { mode: 'token', issuers: [{ issuer: 'https://issuer.example.com', audience: ['app'] }] },
      callers: { accounts: ['123456789012'] },
      contributor_insights: true,
      cors_origins: ['https://app.example.com'],
      domain: {
        name: 'verify.example.com',
        certificate_arn: `arn:aws:acm:eu-west-1:123456789012:certificate/${crypto.randomUUID()}`,
      },
      rotation: { twilio_days: 30, destination_days: 100 },
      waf: { logs: true, start_check: 'challenge' },
    },
  ],
  ['a stack for signed requests, without WAF', { access: { mode: 'iam' }, waf: { enabled: false } }],
])('%s', (_case, context) => {
  const result = synth(context);

  it("keeps AWS's rules for a solution, or says why not", () => {
    expect(result).toMatchObject({ status: 0, stderr: '' });
  });

  it('is protected from being deleted, but for dev', () => {
    expect(result.terminationProtection).toBe(!('stage' in context && context.stage === 'dev'));
  });
});
