import { Duration } from 'aws-cdk-lib';
import { IdentitySource, TokenAuthorizer } from 'aws-cdk-lib/aws-apigateway';
import { Construct } from 'constructs';
import type { TokenAccess } from '../../settings/access.ts';
import { StackLambda, type StackLambdaProps } from '../lambdas/stack-lambda.ts';

/** What the authorizer needs. */
export interface CallerAuthorizerProps
  extends Omit<StackLambdaProps, 'description' | 'timeout' | 'environment'> {
  readonly access: TokenAccess;
  readonly environment: Readonly<Record<string, string>>;
}

/** Asks every request for a token of one of the issuers, and keeps the verdict on a token for a while. */
export class CallerAuthorizer extends Construct {
  readonly authorizer: TokenAuthorizer;
  readonly lambda: StackLambda;

  constructor(scope: Construct, id: string, { access, environment, ...props }: CallerAuthorizerProps) {
    super(scope, id);
    this.lambda = new StackLambda(this, 'Lambda', {
      ...props,
      description: 'Admits the bearers of a valid token',
      environment: { ...environment, TOKEN_ISSUERS: JSON.stringify(access.issuers) },
      // Two readings of an issuer's keys at 1.5 s, and the start.
      timeout: Duration.seconds(5),
    });
    this.authorizer = new TokenAuthorizer(this, 'Authorizer', {
      handler: this.lambda.alias,
      identitySource: IdentitySource.header(access.header),
      // What cannot be a token costs no invocation.
      validationRegex: String.raw`^([Bb]earer +)?[\w-]+\.[\w-]+\.[\w-]+$`,
      resultsCacheTtl: Duration.seconds(access.cache_seconds),
    });
  }
}
