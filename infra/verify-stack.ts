import { join } from 'node:path';
import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { catalog } from '../functions/catalog.ts';
import { bundleFunctions } from './bundling/bundle.ts';
import { Canary } from './constructs/canary.ts';
import { GuardTable } from './constructs/guard-table.ts';
import { RunLambda } from './constructs/run-lambda.ts';
import { VerifyApi } from './constructs/verify-api.ts';
import { VerifySecrets } from './constructs/verify-secrets.ts';
import type { Settings } from './settings.ts';

/** `start_verification` to `StartVerification`, as CloudFormation wants its names. */
const pascalCase = (name: string): string =>
  name.replaceAll(/(?:^|_)([a-z])/g, (_match, letter: string) => letter.toUpperCase());

/** The whole service, everything of it derived from the catalogue of run functions. */
export class VerifyStack extends Stack {
  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id, { description: 'Phone verification as run jobs, over Twilio Verify' });
    const production = settings.stage === 'prod';
    const removalPolicy = production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
    const secrets = new VerifySecrets(this, 'Secrets', removalPolicy);
    const guard = new GuardTable(this, 'Guard', removalPolicy);
    const environment = {
      TWILIO_SECRET_ID: secrets.twilio.secretArn,
      DESTINATION_KEY_SECRET_ID: secrets.destinationKey.secretArn,
      VERIFY_TABLE_NAME: guard.table.tableName,
      VERIFY_POLICY: settings.policy,
      ...(settings.twilio_region && { TWILIO_REGION: settings.twilio_region }),
      ...(settings.twilio_edge && { TWILIO_EDGE: settings.twilio_edge }),
    };
    const bundles = bundleFunctions(catalog.map(({ name }) => name));
    const routes = catalog.map((definition) => {
      const { lambda } = new RunLambda(this, pascalCase(definition.name), {
        // A function bears its own name; a second stage in the same account needs another.
        functionName: production ? definition.name : `${definition.name}-${settings.stage}`,
        description: definition.description,
        bundle: join(bundles, definition.name),
        environment,
        removalPolicy,
      });
      secrets.grantRead(lambda);
      guard.grantStore(lambda);
      if (settings.canary) new Canary(this, `${pascalCase(definition.name)}Canary`, lambda);
      return { definition, lambda };
    });
    const { api } = new VerifyApi(this, 'Gateway', settings.stage, routes);
    this.addOutputs({
      ApiUrl: api.url,
      TableName: guard.table.tableName,
      TwilioSecretArn: secrets.twilio.secretArn,
      DestinationKeySecretArn: secrets.destinationKey.secretArn,
      ...Object.fromEntries(
        routes.flatMap(({ definition, lambda }) => [
          [`${pascalCase(definition.name)}FunctionName`, lambda.functionName],
          [`${pascalCase(definition.name)}FunctionArn`, lambda.functionArn],
        ]),
      ),
    });
  }

  private addOutputs(outputs: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
