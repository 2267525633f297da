import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  composeDestinationKeyRotation,
  composeTwilioKeyRotation,
  type RotationBasis,
} from '../../functions/compose-rotation.ts';
import { rotationHandler } from '../../functions/lambda/rotation-handler.ts';
import { rotationSteps } from '../../functions/rotation/rotate.ts';
import { startWorld, type World } from '../../local/world.ts';
import { startIamFront } from '../support/iam-front.ts';
import {
  allows,
  asText,
  type Grant,
  grantsOf,
  lineOf,
  neededFor,
  referredTo,
  secretDenials,
} from '../support/iam-policy.ts';
import { resourcesOf, templateOf } from './synth.ts';

const template = templateOf({ rotation: { twilio_days: 30, destination_days: 180 } });
const denials = secretDenials(template);
const adminId = 'verify/twilio-admin';
const account = `AC${'0'.repeat(32)}`;

/** What Lambda and X-Ray do in the role's name; test/infra/grants.test.ts says why no call shows it. */
const unseen = /^(logs:(CreateLogStream|PutLogEvents)|xray:Put\w+)$/;
const nameOf = (grant: Grant): string =>
  lineOf({ ...grant, via: grant.condition['StringEquals']?.['kms:ViaService'] });

const secretNamed = (name: string): string => asText(template.Outputs[`${name}Arn`]?.Value);
const logicalIds = new Map([
  ['verify/twilio', secretNamed('TwilioSecret')],
  ['verify/destination-key', secretNamed('DestinationKeySecret')],
  [adminId, secretNamed('TwilioAdminSecret')],
]);

let world: World;
beforeAll(async () => {
  world = await startWorld({ twilio: 'emulator', policy: {} });
  const admin = { twilio_account_sid: account, twilio_auth_token: 'emulator-token' };
  world.secrets.put(adminId, JSON.stringify(admin));
});
afterAll(() => world.close());

const rotations = [
  ['rotate_twilio_key', 'verify/twilio', composeTwilioKeyRotation],
  ['rotate_destination_key', 'verify/destination-key', composeDestinationKeyRotation],
] as const;

describe.each(rotations)('the role of %s', (name, secretId, compose) => {
  const lambda = [...resourcesOf(template, 'AWS::Lambda::Function').values()].find(
    ({ Properties }) => Properties.FunctionName === name,
  );
  const role = referredTo(lambda?.Properties.Role) ?? '';
  const granted = grantsOf(template, role);
  const seen = granted.filter(({ action }) => !unseen.test(action));

  /** A whole rotation under these grants. */
  const rotated = async (grants: readonly Grant[], principal = role) => {
    // As it is when a rotation is due.
    const key = { current: 'a-key-for-destinations' };
    if (secretId === 'verify/destination-key') world.secrets.put(secretId, JSON.stringify(key));
    const front = await startIamFront({
      world: world.env,
      logicalId: (called) => logicalIds.get(called) ?? called,
      needed: (asked) => neededFor(template, asked),
      allows: ({ context, ...asked }) =>
        allows([...grants, ...denials], { ...asked, context: { ...context, 'aws:PrincipalArn': principal } }),
    });
    const client = new SecretsManagerClient({
      endpoint: front.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] ?? '',
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    const environment = { ...world.env, TWILIO_ADMIN_SECRET_ID: adminId };
    const basis: RotationBasis = { environment, client, log: () => undefined, metrics: () => undefined };
    const handler = rotationHandler(name, compose(basis));
    const token = world.secrets.rotate(secretId);
    try {
      for (const Step of rotationSteps)
        await handler({ Step, SecretId: secretId, ClientRequestToken: token });
      return { outcome: 'rotated', asked: [...front.asked].sort() };
    } catch (thrown) {
      world.secrets.callOff(secretId);
      return { outcome: String(thrown), asked: [] };
    } finally {
      client.destroy();
      await front.close();
    }
  };

  it('grants exactly what a rotation asks for', async () => {
    const { outcome, asked } = await rotated(granted);
    expect(outcome).toBe('rotated');
    expect(asked).toEqual(seen.map(nameOf).sort());
  });

  it.each(seen.map((grant) => [nameOf(grant), grant] as const))(
    'cannot do without %s',
    async (_name, lost) => {
      const { outcome } = await rotated(granted.filter((grant) => grant !== lost));
      expect(outcome).toMatch(/Secret failed: secrets_manager_AccessDeniedException$/);
    },
  );

  it('reads no secret whose own policy does not name it', async () => {
    const { outcome } = await rotated(granted, 'AnotherRole');
    expect(outcome).toMatch(/createSecret failed: secrets_manager_AccessDeniedException$/);
  });
});
