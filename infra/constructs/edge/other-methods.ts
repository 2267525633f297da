import { Duration } from 'aws-cdk-lib';
import {
  AuthorizationType,
  MockIntegration,
  PassthroughBehavior,
  type Resource,
} from 'aws-cdk-lib/aws-apigateway';
import { exposedHeaders } from '../../../functions/runtime/cors.ts';
import { gatewayBody, gatewayHeaders } from './gateway-responses.ts';

const methodResponseHeaders = <T>(headers: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [`method.response.header.${name}`, value]),
  );

/** Any method but POST: answered by the gateway itself, so that it costs no invocation. */
export const refuseOtherMethods = (resource: Resource, origins: readonly string[]): void => {
  const headers = { ...gatewayHeaders({ code: 'method' }, origins), Allow: "'POST'" };
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

/** What a page may send: ours, a signature's, and the token that AWS WAF's script gives to a browser that passed its check. */
const requestHeaders = [
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'X-Amz-Content-Sha256',
  'X-Amz-Date',
  'X-Amz-Security-Token',
  'X-Aws-Waf-Token',
];

/**
 * Answers a browser that asks whether a page may call: only pages of these origins, without cookies.
 *
 * @param tokenHeader - the header that a token travels in, where there is one.
 */
export const answerPreflight = (
  resource: Resource,
  origins: readonly string[],
  tokenHeader: string | undefined,
): void => {
  if (origins.length === 0) return;
  resource.addCorsPreflight({
    allowOrigins: [...origins],
    allowMethods: ['POST'],
    allowHeaders: [...new Set([...requestHeaders, ...(tokenHeader === undefined ? [] : [tokenHeader])])],
    exposeHeaders: [...exposedHeaders],
    // The longest that Chrome keeps an answer.
    maxAge: Duration.hours(2),
  });
};
