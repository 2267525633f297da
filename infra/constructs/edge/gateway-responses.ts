import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { exposedHeaders } from '../../../functions/runtime/cors.ts';
import { failed } from '../../../functions/runtime/envelope.ts';
import { type ErrorCode, errorCatalogue } from '../../../functions/runtime/errors.ts';
import { type DeclaredFunction, isForClients } from '../../declared-function.ts';
import type { AccessSettings } from '../../settings/access.ts';

/** What the gateway says by itself, in the contract's words. */
export interface GatewayAnswer {
  /** Null for a path that is no function's: the codes are the functions' own. */
  readonly code: ErrorCode | null;
  /** The HTTP status, where it is not the catalogue's. */
  readonly status?: number;
  /** Replaces the catalogue's sentence. The gateway cannot tell which function failed, so it says neither's. */
  readonly sentence?: string;
  /** Whole seconds. */
  readonly retryAfter?: number;
  /** The name of the limit that said no. */
  readonly limit?: string;
  /** Whether a token might change the answer. */
  readonly wantsToken?: boolean;
}

const notCarriedOut = 'The request could not be carried out; try again later';
const refused: GatewayAnswer = { code: 'blocked', sentence: 'This request is not allowed' };
// The contract knows no 401: who shows no valid token or signature is refused like all that may not call.
const tokenRefused: GatewayAnswer = {
  code: 'blocked',
  sentence: 'This request is not allowed without a valid token; get a new one and try again',
  wantsToken: true,
};
const signatureRefused: GatewayAnswer = {
  code: 'blocked',
  sentence: 'This request is not allowed unless a caller of this service has signed it for this path',
};
// Nothing was said about the token: its issuer's keys could not be read, and are not asked for again in less than this.
const unjudged: GatewayAnswer = { code: 'upstream_unavailable', sentence: notCarriedOut, retryAfter: 10 };
const badInput: GatewayAnswer = {
  code: 'invalid_input',
  sentence: 'The body must be a JSON object that is not empty',
};
const broken: GatewayAnswer = { code: 'misconfigured', sentence: notCarriedOut };

/** What the gateway's own answers depend on. */
interface Gateway {
  readonly functions: readonly Pick<DeclaredFunction, 'name' | 'callers'>[];
  /** Who may call: the gateway says different things of the same request. */
  readonly mode: AccessSettings['access']['mode'];
  /** The web pages that may read an answer. */
  readonly origins: readonly string[];
}

const answers = ({ functions, mode }: Gateway): readonly (readonly [ResponseType, GatewayAnswer])[] => {
  const named = functions.filter(isForClients);
  const paths = named.map(({ name }) => `/${name}`).join(' or ');
  const noSuchPath: GatewayAnswer = {
    code: null,
    status: 404,
    sentence: `There is nothing here; POST to ${paths}`,
  };
  const unsignedOrNoSuchPath: GatewayAnswer = {
    code: 'blocked',
    sentence: `There is nothing here without a valid signature; POST to ${paths}`,
  };
  // The gateway takes an unknown path for a forgotten signature, and a stray Authorization header there for a bad one;
  // where routes ask for signatures, it is not to be told which of the two is the case.
  const unknownOrUnsigned =
    mode === 'iam' ? signatureRefused : named.length < functions.length ? unsignedOrNoSuchPath : noSuchPath;
  const denied = mode === 'token' ? tokenRefused : refused;
  return [
    [ResponseType.BAD_REQUEST_BODY, badInput],
    [ResponseType.BAD_REQUEST_PARAMETERS, badInput],
    [ResponseType.UNSUPPORTED_MEDIA_TYPE, { code: 'media_type' }],
    [ResponseType.REQUEST_TOO_LARGE, { code: 'too_large' }],
    [ResponseType.MISSING_AUTHENTICATION_TOKEN, unknownOrUnsigned],
    [ResponseType.INVALID_SIGNATURE, unknownOrUnsigned],
    [ResponseType.RESOURCE_NOT_FOUND, noSuchPath],
    [ResponseType.ACCESS_DENIED, denied],
    [ResponseType.UNAUTHORIZED, denied],
    [ResponseType.EXPIRED_TOKEN, refused],
    [ResponseType.INVALID_API_KEY, refused],
    [ResponseType.WAF_FILTERED, refused],
    // The stage's token bucket refills by many requests a second.
    [ResponseType.THROTTLED, { code: 'throttled', retryAfter: 1 }],
    // Only where an operator adds a usage plan; a day is the shortest quota.
    [ResponseType.QUOTA_EXCEEDED, { code: 'throttled', retryAfter: 86_400 }],
    [ResponseType.DEFAULT_4XX, { code: 'invalid_input' }],
    [ResponseType.INTEGRATION_FAILURE, { code: 'upstream_error', sentence: notCarriedOut }],
    [ResponseType.INTEGRATION_TIMEOUT, { code: 'upstream_timeout', sentence: notCarriedOut }],
    [ResponseType.API_CONFIGURATION_ERROR, broken],
    // Both stand for an authorizer that threw or ran out of time.
    [ResponseType.AUTHORIZER_CONFIGURATION_ERROR, unjudged],
    [ResponseType.AUTHORIZER_FAILURE, unjudged],
    [ResponseType.DEFAULT_5XX, broken],
  ];
};

const entryOf = (code: ErrorCode | null) => (code === null ? undefined : errorCatalogue[code]);

/** The envelope of a failure as the gateway writes it: a constant, so no template language is needed. */
export const gatewayBody = ({ code, sentence }: GatewayAnswer): string =>
  JSON.stringify(failed(sentence ?? entryOf(code)?.sentence ?? notCarriedOut));

/** The headers of an answer whose values are known before any request is. */
export const constantHeaders = (
  { code, retryAfter, limit, wantsToken }: GatewayAnswer,
  origins: readonly string[],
): Record<string, string> => ({
  'Cache-Control': 'no-store',
  ...(code !== null && { 'Verify-Error': code }),
  ...(retryAfter !== undefined && { 'Retry-After': String(retryAfter) }),
  ...(limit !== undefined && { 'Verify-Limit': limit }),
  ...(wantsToken === true && { 'WWW-Authenticate': 'Bearer' }),
  ...(origins.length > 0 && {
    // A constant cannot name the one of several that asks; and these answers are the same for everybody.
    'Access-Control-Allow-Origin': origins.length === 1 ? origins.join() : '*',
    'Access-Control-Expose-Headers': exposedHeaders.join(', '),
  }),
});

/** The headers of every answer that the gateway gives by itself, in its mapping language. */
export const gatewayHeaders = (
  answer: GatewayAnswer,
  origins: readonly string[],
): Record<string, string> => ({
  'Content-Type': "'application/json'",
  'X-Request-Id': 'context.requestId',
  ...Object.fromEntries(
    Object.entries(constantHeaders(answer, origins)).map(([name, value]) => [name, `'${value}'`]),
  ),
});

/** Makes every answer of the gateway itself the contract's envelope. */
export const addGatewayResponses = (api: RestApi, gateway: Gateway): void => {
  for (const [type, answer] of answers(gateway)) {
    api.addGatewayResponse(type.responseType, {
      type,
      statusCode: String(answer.status ?? entryOf(answer.code)?.status),
      responseHeaders: gatewayHeaders(answer, gateway.origins),
      templates: { 'application/json': gatewayBody(answer) },
    });
  }
};
