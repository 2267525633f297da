import { type RemovalPolicy, Validations } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { type Policy, parsePolicy } from '../../../functions/guard/policy/policy.ts';
import type { Settings } from '../../settings.ts';
import { admitDirectCallers } from '../lambdas/direct-callers.ts';
import { CallerAuthorizer } from './caller-authorizer.ts';
import { CustomDomain } from './custom-domain.ts';
import { PublishedAddresses } from './published-addresses.ts';
import { type Route, VerifyApi } from './verify-api.ts';
import { WebAcl } from './web-acl.ts';

/** The authorizer's one name. */
export const authorizerName = 'authorize_caller';

/** What the edge needs. */
export interface EdgeProps {
  readonly settings: Settings;
  readonly routes: readonly Route[];
  /** The authorizer's own: its bundle's folder and its Lambda's name. */
  readonly authorizer: { readonly bundle: string; readonly functionName: string };
  /** What every Lambda of the stack has in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly key: IKey;
  readonly removalPolicy: RemovalPolicy;
}

/** All that stands between callers and functions: the API, WAF, the name, who may call and where to find it all. */
export class Edge extends Construct {
  readonly gateway: VerifyApi;
  readonly api: RestApi;
  /** The API's address, with a slash at its end. */
  readonly url: string;
  /** The authorizer's Lambda, in token mode. */
  readonly authorizer: CallerAuthorizer | undefined;
  /** The web ACL, where there is one. */
  readonly webAcl: WebAcl | undefined;
  /** What DNS must point the custom domain's name at. */
  readonly domainTarget: string | undefined;

  constructor(scope: Construct, id: string, props: EdgeProps) {
    super(scope, id);
    const { settings, routes, key, removalPolicy } = props;
    const { access, domain, stage } = settings;
    this.authorizer =
      access.mode === 'token'
        ? new CallerAuthorizer(this, 'Authorizer', {
            ...props.authorizer,
            access,
            environment: props.environment,
            key,
            logRetention: settings.log_retention_days,
            removalPolicy,
          })
        : undefined;
    this.gateway = new VerifyApi(this, 'Gateway', {
      stage,
      routes,
      settings,
      authorizer: this.authorizer?.authorizer,
      key,
      removalPolicy,
    });
    this.api = this.gateway.api;
    this.webAcl = this.addWebAcl(props);
    this.domainTarget = domain && new CustomDomain(this, 'Domain', this.api, domain).target;
    this.url = domain ? `https://${domain.name}/` : this.api.url;
    for (const { lambda } of routes) admitDirectCallers(lambda, settings.callers);
    new PublishedAddresses(this, 'Addresses', stage, {
      'api-url': this.url,
      ...Object.fromEntries(
        routes.map(({ definition, lambda }) => [`${definition.name}-arn`, lambda.functionArn]),
      ),
    });
  }

  private addWebAcl({ settings, routes, key, removalPolicy }: EdgeProps): WebAcl | undefined {
    if (!settings.waf.enabled) {
      Validations.of(this.api).acknowledge({
        id: 'AwsSolutions-APIG3',
        reason:
          'The operator left it out of a stage that is dev or asks for a token or signature; others are refused.',
      });
      return undefined;
    }
    const policy: Policy = parsePolicy(JSON.parse(settings.policy));
    return new WebAcl(this, 'WebAcl', {
      waf: settings.waf,
      countries: policy.countries,
      functions: routes.map(({ definition }) => definition),
      origins: settings.cors_origins,
      stageArn: this.api.deploymentStage.stageArn,
      key,
      removalPolicy,
    });
  }
}
