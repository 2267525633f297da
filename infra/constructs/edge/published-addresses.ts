import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';

/** What callers must know, by name, such as `api-url`. */
export type Addresses = Readonly<Record<string, string>>;

/** The addresses of a stage as SSM parameters `/twilio-verify-phone/<stage>/<name>`, for other stacks and for scripts. */
export class PublishedAddresses extends Construct {
  constructor(scope: Construct, id: string, stage: string, addresses: Addresses) {
    super(scope, id);
    for (const [name, stringValue] of Object.entries(addresses))
      new StringParameter(this, name, {
        parameterName: `/twilio-verify-phone/${stage}/${name}`,
        stringValue,
      });
  }
}
