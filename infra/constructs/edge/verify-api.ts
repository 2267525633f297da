import { RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import {
  AuthorizationType,
  type CfnRestApi,
  EndpointType,
  type IAuthorizer,
  LambdaIntegration,
  type MethodOptions,
  type RequestValidator,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { Grant } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type DeclaredFunction, isForClients } from '../../declared-function.ts';
import type { AccessSettings } from '../../settings/access.ts';
import type { EdgeSettings } from '../../settings/edge.ts';
import type { WatchingSettings } from '../../settings/watching.ts';
import { AccessLog } from './access-log.ts';
import { addGatewayResponses } from './gateway-responses.ts';
import { invokePolicy } from './invoke-policy.ts';
import { answerPreflight, refuseOtherMethods } from './other-methods.ts';
import { requestModel } from './request-model.ts';
import { tlsPolicy } from './tls-policy.ts';

/** A run function and the Lambda that runs it. */
export interface Route {
  readonly definition: DeclaredFunction;
  /** What the gateway invokes. */
  readonly lambda: IFunction;
}

/** What the API needs. */
export interface VerifyApiProps {
  readonly stage: string;
  readonly routes: readonly Route[];
  readonly settings: Pick<EdgeSettings, 'throttle' | 'cors_origins' | 'domain' | 'gateway_log_role'> &
    Pick<AccessSettings, 'access'> &
    Pick<WatchingSettings, 'log_retention_days'>;
  /** In token mode, who judges the tokens. */
  readonly authorizer: IAuthorizer | undefined;
  readonly key: IKey;
  readonly removalPolicy: RemovalPolicy;
}

const throttling = ({ rate, burst }: { readonly rate: number; readonly burst: number }) => ({
  throttlingRateLimit: rate,
  throttlingBurstLimit: burst,
});

/** Whom a route admits. A function for direct callers is never public, nor for users: it wants a signed request in every mode. */
const authorization = (
  { definition }: Route,
  { settings: { access }, authorizer }: VerifyApiProps,
): MethodOptions => {
  if (!isForClients(definition) || access.mode === 'iam') return { authorizationType: AuthorizationType.IAM };
  return authorizer === undefined
    ? { authorizationType: AuthorizationType.NONE }
    : { authorizationType: AuthorizationType.CUSTOM, authorizer };
};

/** The regional REST API: `POST /<function>` for every run function, and the contract's words for all else. */
export class VerifyApi extends Construct {
  readonly api: RestApi;
  private readonly stage: string;
  private readonly ownSigners: string[] = [];

  constructor(scope: Construct, id: string, props: VerifyApiProps) {
    super(scope, id);
    const { routes, settings, stage } = props;
    this.stage = stage;
    const log = new AccessLog(this, 'AccessLog', props.key, settings.log_retention_days, props.removalPolicy);
    const policy = invokePolicy(settings.access, this.ownSigners);
    this.api = new RestApi(this, 'Api', {
      restApiName: Stack.of(this).stackName,
      description: 'Phone verification: one POST route a run function',
      endpointTypes: [EndpointType.REGIONAL],
      // The domain of one's own is then the only way in, with its own TLS policy.
      disableExecuteApiEndpoint: settings.domain !== undefined,
      ...(policy && { policy }),
      cloudWatchRole: settings.gateway_log_role,
      // The account's other stages write with the same role.
      ...(settings.gateway_log_role && { cloudWatchRoleRemovalPolicy: RemovalPolicy.RETAIN }),
      deployOptions: {
        stageName: stage,
        tracingEnabled: true,
        ...throttling(settings.throttle),
        accessLogDestination: log.destination,
        accessLogFormat: log.format,
        methodOptions: Object.fromEntries(
          Object.entries(settings.throttle.routes).map(([name, limits]) => [
            `/${name}/POST`,
            throttling(limits),
          ]),
        ),
      },
    });
    // CDK has no property for it yet.
    Object.assign(this.api.node.defaultChild as CfnRestApi, tlsPolicy);
    // CDK's own output of the address, under a name of its own choice.
    this.api.node.tryRemoveChild('Endpoint');
    addGatewayResponses(this.api, {
      functions: routes.map(({ definition }) => definition),
      mode: settings.access.mode,
      origins: settings.cors_origins,
    });
    const validator = this.api.addRequestValidator('BodyValidator', {
      validateRequestBody: true,
      validateRequestParameters: true,
    });
    for (const route of routes) this.addRoute(route, validator, props);
    this.explain();
  }

  /** Why this API departs from what AWS takes for the rule. */
  private explain(): void {
    Validations.of(this.api).acknowledge(
      {
        id: 'AwsSolutions-APIG4',
        reason:
          'Who may call is the setting access. Where it is public, as for an app whose users have no account yet, WAF, throttles and the guard stand in; the methods that refuse all but POST reach nothing.',
      },
      {
        id: 'AwsSolutions-COG4',
        reason:
          'Who may call is the setting access: any OIDC issuer, Cognito among them, signed requests, or anybody.',
      },
      {
        id: 'AwsSolutions-APIG3',
        reason: 'Only where the setting waf.enabled is off, which a public stage other than dev refuses.',
      },
      {
        id: 'AwsSolutions-APIG6',
        reason:
          'Execution logs hold parts of requests, so telephone numbers and codes. The access log and the traces hold what is needed without them.',
      },
      {
        id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
        reason:
          "The role is the account's, for the logs of all its APIs, and this is the policy that API Gateway asks for.",
      },
    );
  }

  /** Lets a role of the stack's own post to paths, where requests are signed; their own policies say nothing else. */
  admitSigner({ role }: IFunction, paths: readonly string[]): void {
    if (role === undefined) return;
    this.ownSigners.push(role.roleArn);
    Grant.addToPrincipal({
      grantee: role,
      actions: ['execute-api:Invoke'],
      resourceArns: paths.map((path) => this.api.arnForExecuteApi('POST', `/${path}`, this.stage)),
    });
  }

  private addRoute(route: Route, requestValidator: RequestValidator, props: VerifyApiProps): void {
    const { name, description, input } = route.definition;
    const { access, cors_origins: origins } = props.settings;
    const resource = this.api.root.addResource(name);
    const model = this.api.addModel(`${name}_model`, {
      contentType: 'application/json',
      description,
      schema: requestModel(name, input),
    });
    // A body of another media type is not held against the model: the function answers it with 415.
    resource.addMethod('POST', new LambdaIntegration(route.lambda, { allowTestInvoke: false }), {
      ...authorization(route, props),
      operationName: name,
      requestModels: { 'application/json': model },
      requestValidator,
    });
    refuseOtherMethods(resource, origins);
    answerPreflight(resource, origins, access.mode === 'token' ? access.header : undefined);
  }
}
