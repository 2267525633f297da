import { join } from 'node:path';
import { Duration, type RemovalPolicy, SecretValue, Validations } from 'aws-cdk-lib';
import { Grant } from 'aws-cdk-lib/aws-iam';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { RotationSettings } from '../../settings/rotation.ts';
import { GuardedSecret } from '../data/guarded-secret.ts';
import type { StackKey } from '../data/stack-key.ts';
import type { VerifySecrets } from '../data/verify-secrets.ts';
import { ScheduledRotation } from './scheduled-rotation.ts';

const twilioKeyName = 'rotate_twilio_key';
const destinationKeyName = 'rotate_destination_key';

/** The Lambda entries that these settings need. */
export const rotationNames = ({ rotation }: RotationSettings): readonly string[] => [
  ...(rotation.twilio_days === undefined ? [] : [twilioKeyName]),
  ...(rotation.destination_days === undefined ? [] : [destinationKeyName]),
];

/** What the rotations need. */
export interface RotationProps {
  readonly settings: RotationSettings & {
    readonly secret_readers: readonly string[];
    readonly log_retention_days: RetentionDays;
    readonly twilio_region?: string | undefined;
    readonly twilio_edge?: string | undefined;
  };
  readonly secrets: VerifySecrets;
  /** The folder that holds a folder for each entry. */
  readonly bundles: string;
  /** The Lambda's name in this stage, from the entry's. */
  readonly named: (name: string) => string;
  /** What every Lambda of the stack has in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly key: StackKey;
  readonly removalPolicy: RemovalPolicy;
}

// CloudFormation writes it again only when this text changes, which would undo what was filled in.
const emptyAdminSecret = {
  twilio_account_sid: '',
  twilio_api_key_sid: '',
  twilio_api_key_secret: '',
  twilio_auth_token: '',
};

/** The rotation of the secrets, of each where a number of days is set. */
export class Rotation extends Construct {
  /** Those there are, by the name of their entry, which is their metric's `function`. */
  readonly lambdas: Readonly<Record<string, ScheduledRotation>>;
  /** The secret whose credential mints Twilio's keys, where these are rotated. */
  readonly admin: GuardedSecret | undefined;

  constructor(scope: Construct, id: string, props: RotationProps) {
    super(scope, id);
    const { twilio_days: twilio, destination_days: destination } = props.settings.rotation;
    this.admin = twilio === undefined ? undefined : this.adminSecret(props);
    this.lambdas = {
      ...(this.admin && twilio && { [twilioKeyName]: this.twilioKey(props, this.admin, twilio) }),
      ...(destination && { [destinationKeyName]: this.destinationKey(props, destination) }),
    };
  }

  private adminSecret({ settings, key, removalPolicy }: RotationProps): GuardedSecret {
    const admin = new GuardedSecret(this, 'TwilioAdmin', settings.secret_readers, {
      description:
        "Auth token or Main key of the Twilio account, with which rotation mints and ends the functions' API keys",
      secretStringValue: SecretValue.unsafePlainText(JSON.stringify(emptyAdminSecret)),
      encryptionKey: key.key,
      removalPolicy,
    });
    Validations.of(admin).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        "Twilio makes Main keys in its Console only, so that nothing but its owner's hand can change this one.",
    });
    return admin;
  }

  private twilioKey(props: RotationProps, admin: GuardedSecret, days: number): ScheduledRotation {
    const { twilio_region: region, twilio_edge: edge } = props.settings;
    const rotation = new ScheduledRotation(this, 'TwilioKey', {
      ...this.common(props, twilioKeyName),
      description: "Rotates Twilio's API key",
      secret: props.secrets.twilio,
      days,
      // A key that Twilio does not know everywhere yet is tried for 23 s, each call taking up to 5.
      timeout: Duration.minutes(3),
      environment: {
        ...props.environment,
        TWILIO_ADMIN_SECRET_ID: admin.secretArn,
        ...(region && { TWILIO_REGION: region }),
        ...(edge && { TWILIO_EDGE: edge }),
      },
    });
    Grant.addToPrincipal({
      grantee: rotation.lambda,
      actions: ['secretsmanager:GetSecretValue'],
      resourceArns: [admin.secretArn],
    });
    if (rotation.lambda.role) admin.admit(rotation.lambda.role);
    return rotation;
  }

  private destinationKey(props: RotationProps, days: number): ScheduledRotation {
    return new ScheduledRotation(this, 'DestinationKey', {
      ...this.common(props, destinationKeyName),
      description: 'Rotates the key that destinations are hashed with',
      secret: props.secrets.destinationKey,
      days,
      timeout: Duration.seconds(30),
      environment: props.environment,
    });
  }

  private common({ bundles, named, key, removalPolicy, settings }: RotationProps, name: string) {
    const logRetention = settings.log_retention_days;
    return { functionName: named(name), bundle: join(bundles, name), key, logRetention, removalPolicy };
  }
}
