import { type RemovalPolicy, SecretValue } from 'aws-cdk-lib';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';

// What the operator fills in. CloudFormation writes it again only when this text changes, which would undo
// what was filled in: never change it for a deployment that lives.
const emptyTwilioSecret = {
  twilio_account_sid: '',
  twilio_api_key_sid: '',
  twilio_api_key_secret: '',
  service_sid: '',
};

/** The two secrets: Twilio's credential, empty until the operator fills it in, and the key destinations are hashed with. */
export class VerifySecrets extends Construct {
  readonly twilio: Secret;
  readonly destinationKey: Secret;

  constructor(scope: Construct, id: string, removalPolicy: RemovalPolicy) {
    super(scope, id);
    this.twilio = new Secret(this, 'Twilio', {
      description:
        'Twilio account, API key and Verify service; the functions answer misconfigured until it is filled in',
      secretStringValue: SecretValue.unsafePlainText(JSON.stringify(emptyTwilioSecret)),
      removalPolicy,
    });
    this.destinationKey = new Secret(this, 'DestinationKey', {
      description: 'The key that destinations are hashed with; changing it forgets all counters',
      generateSecretString: {
        secretStringTemplate: '{}',
        generateStringKey: 'current',
        passwordLength: 64,
        excludePunctuation: true,
      },
      removalPolicy,
    });
  }

  /** Lets a function read both values, and nothing else of them. */
  grantRead(grantee: IGrantable): void {
    Grant.addToPrincipal({
      grantee,
      actions: ['secretsmanager:GetSecretValue'],
      resourceArns: [this.twilio.secretArn, this.destinationKey.secretArn],
    });
  }
}
