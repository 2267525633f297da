import type { Context } from 'aws-lambda';

/** How a test's HTTP request differs from a plain POST of JSON. */
export interface HttpOptions {
  readonly method?: string;
  /** Replaces the content type, the only header sent otherwise. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly base64?: boolean;
  readonly requestId?: string;
  readonly ip?: string;
  readonly authorizer?: unknown;
}

/** The body of a test's HTTP request: bytes and text as they are, anything else as JSON. */
const bodyOf = (body: unknown, base64: boolean): string | null => {
  if (body === null) return null;
  const isText = typeof body === 'string' || body instanceof Uint8Array;
  const bytes = Buffer.from(isText ? body : JSON.stringify(body));
  return bytes.toString(base64 ? 'base64' : 'utf8');
};

const defaults = {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  base64: false,
  requestId: '11111111-2222-4333-8444-555555555555',
  ip: '203.0.113.7',
  authorizer: undefined,
} as const;

/** A REST API's proxy event (version 1). */
export const restEvent = (body: unknown, options: HttpOptions = {}) => {
  const { method, headers, base64, requestId, ip, authorizer } = { ...defaults, ...options };
  return {
    resource: '/start_verification',
    path: '/start_verification',
    httpMethod: method,
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: null,
    stageVariables: null,
    requestContext: {
      accountId: '000000000000',
      apiId: 'api',
      authorizer: authorizer ?? null,
      httpMethod: method,
      identity: { sourceIp: ip, userArn: null, userAgent: 'test' },
      path: '/prod/start_verification',
      protocol: 'HTTP/1.1',
      requestId,
      requestTimeEpoch: 0,
      resourceId: 'r',
      resourcePath: '/start_verification',
      stage: 'prod',
    },
    body: bodyOf(body, base64),
    isBase64Encoded: base64,
  };
};

/** An HTTP API's or a function URL's proxy event (version 2), whose header names are in lower case. */
export const httpApiEvent = (body: unknown, options: HttpOptions = {}) => {
  const { method, headers, base64, requestId, ip, authorizer } = { ...defaults, ...options };
  const text = bodyOf(body, base64);
  return {
    version: '2.0',
    routeKey: 'POST /start_verification',
    rawPath: '/start_verification',
    rawQueryString: '',
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    requestContext: {
      accountId: '000000000000',
      apiId: 'api',
      ...(authorizer === undefined ? {} : { authorizer }),
      domainName: 'api.execute-api.eu-west-1.amazonaws.com',
      http: { method, path: '/start_verification', protocol: 'HTTP/1.1', sourceIp: ip, userAgent: 'test' },
      requestId,
      routeKey: 'POST /start_verification',
      stage: '$default',
      timeEpoch: 0,
    },
    ...(text === null ? {} : { body: text }),
    isBase64Encoded: base64,
  };
};

/** The two proxy events, for tests that must hold for both. */
export const proxyEvents = [
  ['REST API', restEvent],
  ['HTTP API', httpApiEvent],
] as const;

/** An EventBridge rule's event. */
export const scheduledEvent = () => ({
  version: '0',
  id: '53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa',
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: '000000000000',
  time: '2026-01-01T00:00:00Z',
  region: 'eu-west-1',
  resources: ['arn:aws:events:eu-west-1:000000000000:rule/canary'],
  detail: {},
});

/** The context of an invocation that has 30 seconds. */
export const lambdaContext = (awsRequestId = '99999999-8888-4777-8666-555555555555'): Context => ({
  awsRequestId,
  callbackWaitsForEmptyEventLoop: false,
  functionName: 'start_verification',
  functionVersion: '$LATEST',
  invokedFunctionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:start_verification',
  memoryLimitInMB: '256',
  logGroupName: '/aws/lambda/start_verification',
  logStreamName: 'stream',
  getRemainingTimeInMillis: () => 30_000,
  done: () => undefined,
  fail: () => undefined,
  succeed: () => undefined,
});
