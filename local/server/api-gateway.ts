import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { httpReply } from '../../functions/runtime/http-reply.ts';
import { refusal } from '../../functions/runtime/run-function.ts';
import { readBody, send } from '../http-server.ts';
import { type LocalFunction, lambdaContext } from './local-functions.ts';

/** The gateway's own limit, in bytes. */
const maxBody = 10 * 1024 * 1024;

const grouped = (pairs: Iterable<readonly [string, string]>): Record<string, string[]> => {
  const groups = new Map<string, string[]>();
  for (const [name, value] of pairs) groups.set(name, [...(groups.get(name) ?? []), value]);
  return Object.fromEntries(groups);
};

const lastOfEach = (groups: Readonly<Record<string, string[]>>): Record<string, string> =>
  Object.fromEntries(Object.entries(groups).map(([name, values]) => [name, values.at(-1) ?? '']));

const headerPairs = ({ rawHeaders }: IncomingMessage): [string, string][] =>
  Array.from({ length: rawHeaders.length / 2 }, (_, pair) => [
    rawHeaders[2 * pair] ?? '',
    rawHeaders[2 * pair + 1] ?? '',
  ]);

const identityOf = (request: IncomingMessage): APIGatewayProxyEvent['requestContext']['identity'] => ({
  accessKey: null,
  accountId: null,
  apiKey: null,
  apiKeyId: null,
  caller: null,
  clientCert: null,
  cognitoAuthenticationProvider: null,
  cognitoAuthenticationType: null,
  cognitoIdentityId: null,
  cognitoIdentityPoolId: null,
  principalOrgId: null,
  sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
  user: null,
  userAgent: request.headers['user-agent'] ?? null,
  userArn: null,
});

/** What a REST API hands to a Lambda proxy integration, whose resource is the path itself. */
const proxyEvent = (
  request: IncomingMessage,
  path: string,
  body: Buffer,
  requestId: string,
): APIGatewayProxyEvent => {
  const query = grouped(new URLSearchParams(request.url?.split('?').slice(1).join('?')));
  const headers = grouped(headerPairs(request));
  const asked = Object.keys(query).length > 0;
  const method = request.method ?? 'GET';
  const text = isUtf8(body);
  const now = new Date();
  return {
    resource: path,
    path,
    httpMethod: method,
    headers: lastOfEach(headers),
    multiValueHeaders: headers,
    queryStringParameters: asked ? lastOfEach(query) : null,
    multiValueQueryStringParameters: asked ? query : null,
    pathParameters: null,
    stageVariables: null,
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      authorizer: null,
      domainName: request.headers.host ?? 'localhost',
      domainPrefix: 'local',
      extendedRequestId: requestId,
      httpMethod: method,
      identity: identityOf(request),
      path: `/local${path}`,
      protocol: `HTTP/${request.httpVersion}`,
      requestId,
      requestTime: now.toUTCString(),
      requestTimeEpoch: now.getTime(),
      resourceId: path.slice(1),
      resourcePath: path,
      stage: 'local',
    },
    body: body.byteLength === 0 ? null : body.toString(text ? 'utf8' : 'base64'),
    isBase64Encoded: !text,
  };
};

const writeResult = (response: ServerResponse, result: APIGatewayProxyResult): void => {
  const { statusCode, headers = {}, multiValueHeaders = {}, body, isBase64Encoded = false } = result;
  const pairs = Object.entries({ ...headers, ...multiValueHeaders });
  const written = pairs.map(([name, value]) => [
    name,
    Array.isArray(value) ? value.map(String) : String(value),
  ]);
  send(
    response,
    statusCode,
    Object.fromEntries(written),
    Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'),
  );
};

/** Passes an HTTP request to a function as API Gateway's REST API would, and its result back. */
export const throughGateway = async (
  request: IncomingMessage,
  response: ServerResponse,
  called: LocalFunction,
  requestId: string,
): Promise<void> => {
  const body = await readBody(request, maxBody);
  if (body === undefined) {
    writeResult(response, httpReply(refusal('too_large', called), requestId));
    return;
  }
  const event = proxyEvent(request, `/${called.name}`, body, requestId);
  try {
    const result = await called.handler(event, lambdaContext(called.name, requestId));
    writeResult(response, result as APIGatewayProxyResult);
  } catch {
    // The handler threw or gave no proxy result, neither of which it may.
    writeResult(response, httpReply(refusal('upstream_error', called), requestId));
  }
};
