import { type RemovalPolicy, SecretValue, Validations } from 'aws-cdk-lib';
import { Grant, type IGrantable, type IRole } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { SecretName } from '../../../functions/service/ports.ts';
import { GuardedSecret } from './guarded-secret.ts';
import type { StackKey } from './stack-key.ts';

// What the operator fills in. CloudFormation writes it again only when this text changes, which would undo
// what was filled in: never change it for a deployment that lives.
const emptyTwilioSecret = {
  twilio_account_sid: '',
  twilio_api_key_sid: '',
  twilio_api_key_secret: '',
  service_sid: '',
};

/** What the two secrets need. */
export interface VerifySecretsProps {
  readonly key: StackKey;
  readonly removalPolicy: RemovalPolicy;
  /** ARNs of roles and users who may read them beside the functions. */
  readonly readers: readonly string[];
}

/** The two secrets: Twilio's credential, empty until the operator fills it in, and the key destinations are hashed with. */
export class VerifySecrets extends Construct {
  readonly twilio: GuardedSecret;
  readonly destinationKey: GuardedSecret;
  private readonly key: StackKey;

  constructor(scope: Construct, id: string, { key, removalPolicy, readers }: VerifySecretsProps) {
    super(scope, id);
    this.key = key;
    const common = { encryptionKey: key.key, removalPolicy };
    this.twilio = new GuardedSecret(this, 'Twilio', readers, {
      ...common,
      description:
        'Twilio account, API key and Verify service; the functions answer misconfigured until it is filled in',
      secretStringValue: SecretValue.unsafePlainText(JSON.stringify(emptyTwilioSecret)),
    });
    this.destinationKey = new GuardedSecret(this, 'DestinationKey', readers, {
      ...common,
      description:
        'The key that destinations are hashed with; rotated, it keeps all counters, and changed by hand it forgets them',
      generateSecretString: {
        secretStringTemplate: '{}',
        generateStringKey: 'current',
        passwordLength: 64,
        excludePunctuation: true,
      },
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        "Rotation is the setting of that name: of Twilio's key it needs a Main key that only the account's owner can make, and the destination key changes at most every 92 days.",
    });
  }

  /** Lets a function read the values of these secrets, and nothing else of them. */
  grantRead(grantee: IGrantable & { readonly role?: IRole | undefined }, names: readonly SecretName[]): void {
    if (names.length === 0) return;
    const byName = { twilio: this.twilio, destination_key: this.destinationKey };
    const secrets = names.map((name) => byName[name]);
    Grant.addToPrincipal({
      grantee,
      actions: ['secretsmanager:GetSecretValue'],
      resourceArns: secrets.map(({ secretArn }) => secretArn),
    });
    this.key.grant(grantee, 'secretsmanager', 'kms:Decrypt');
    for (const secret of secrets) if (grantee.role) secret.admit(grantee.role);
  }
}
