import { Stack } from 'aws-cdk-lib';
import {
  AuthorizationType,
  EndpointType,
  LambdaIntegration,
  MockIntegration,
  PassthroughBehavior,
  type RequestValidator,
  type Resource,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { InputDeclarations } from '../../functions/runtime/inputs.ts';
import { addGatewayResponses, gatewayBody, gatewayHeaders } from './gateway-responses.ts';
import { requestModel } from './request-model.ts';

/** A run function and the Lambda that runs it. */
export interface Route {
  readonly definition: {
    readonly name: string;
    readonly description: string;
    readonly input: InputDeclarations;
  };
  readonly lambda: IFunction;
}

/** Requests a second and at once that the stage lets through before it answers 429: each may cost a message. */
const throttle = { throttlingRateLimit: 50, throttlingBurstLimit: 100 };

const methodResponseHeaders = <T>(headers: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [`method.response.header.${name}`, value]),
  );

/** Any method but POST: answered by the gateway itself, so that it costs no invocation. */
const refuseOtherMethods = (resource: Resource): void => {
  const headers = { ...gatewayHeaders({ code: 'method' }), Allow: "'POST'" };
  resource.addMethod(
    'ANY',
    new MockIntegration({
      passthroughBehavior: PassthroughBehavior.NEVER,
      requestTemplates: { 'application/json': '{"statusCode": 405}' },
      integrationResponses: [
        {
          statusCode: '405',
          responseParameters: methodResponseHeaders(headers),
          responseTemplates: { 'application/json': gatewayBody({ code: 'method' }) },
        },
      ],
    }),
    {
      authorizationType: AuthorizationType.NONE,
      methodResponses: [
        {
          statusCode: '405',
          responseParameters: methodResponseHeaders(
            Object.fromEntries(Object.keys(headers).map((name) => [name, true])),
          ),
        },
      ],
    },
  );
};

/** The regional REST API: `POST /<function>` for every run function, and the contract's words for all else. */
export class VerifyApi extends Construct {
  readonly api: RestApi;

  constructor(scope: Construct, id: string, stage: string, routes: readonly Route[]) {
    super(scope, id);
    this.api = new RestApi(this, 'Api', {
      restApiName: Stack.of(this).stackName,
      description: 'Phone verification: one POST route a run function',
      endpointTypes: [EndpointType.REGIONAL],
      cloudWatchRole: false,
      deployOptions: { stageName: stage, tracingEnabled: true, ...throttle },
    });
    // CDK's own output of the address, under a name nobody chose.
    this.api.node.tryRemoveChild('Endpoint');
    addGatewayResponses(
      this.api,
      routes.map(({ definition }) => `/${definition.name}`),
    );
    const validator = this.api.addRequestValidator('BodyValidator', { validateRequestBody: true });
    for (const route of routes) this.addRoute(route, validator);
  }

  private addRoute({ definition, lambda }: Route, requestValidator: RequestValidator): void {
    const { name, description, input } = definition;
    const resource = this.api.root.addResource(name);
    const model = this.api.addModel(`${name}_model`, {
      contentType: 'application/json',
      description,
      schema: requestModel(name, input),
    });
    // A body of another media type is not held against the model: the function answers it with 415.
    resource.addMethod('POST', new LambdaIntegration(lambda, { allowTestInvoke: false }), {
      authorizationType: AuthorizationType.NONE,
      operationName: name,
      requestModels: { 'application/json': model },
      requestValidator,
    });
    refuseOtherMethods(resource);
  }
}
