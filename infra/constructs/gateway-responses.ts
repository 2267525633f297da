import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { failed } from '../../functions/runtime/envelope.ts';
import { type ErrorCode, errorCatalogue } from '../../functions/runtime/errors.ts';

/** What the gateway says by itself, in the contract's words. */
interface GatewayAnswer {
  /** Null for a path that is no function's: the codes are the functions' own. */
  readonly code: ErrorCode | null;
  /** The HTTP status, where it is not the catalogue's. */
  readonly status?: number;
  /** Replaces the catalogue's sentence. The gateway cannot tell which function failed, so it says neither's. */
  readonly sentence?: string;
  /** Whole seconds. */
  readonly retryAfter?: number;
}

const notCarriedOut = 'The request could not be carried out; try again later';
const refused: GatewayAnswer = { code: 'blocked', sentence: 'This request is not allowed' };
const badInput: GatewayAnswer = {
  code: 'invalid_input',
  sentence: 'The body must be a JSON object that is not empty',
};
const broken: GatewayAnswer = { code: 'misconfigured', sentence: notCarriedOut };

const answers = (paths: readonly string[]): readonly (readonly [ResponseType, GatewayAnswer])[] => {
  const noSuchPath: GatewayAnswer = {
    code: null,
    status: 404,
    sentence: `There is nothing here; POST to ${paths.join(' or ')}`,
  };
  return [
    [ResponseType.BAD_REQUEST_BODY, badInput],
    [ResponseType.BAD_REQUEST_PARAMETERS, badInput],
    [ResponseType.UNSUPPORTED_MEDIA_TYPE, { code: 'media_type' }],
    [ResponseType.REQUEST_TOO_LARGE, { code: 'too_large' }],
    // The gateway takes an unknown path for a forgotten signature, and a stray Authorization header there for a bad one.
    [ResponseType.MISSING_AUTHENTICATION_TOKEN, noSuchPath],
    [ResponseType.INVALID_SIGNATURE, noSuchPath],
    [ResponseType.RESOURCE_NOT_FOUND, noSuchPath],
    [ResponseType.ACCESS_DENIED, refused],
    [ResponseType.UNAUTHORIZED, refused],
    [ResponseType.EXPIRED_TOKEN, refused],
    [ResponseType.INVALID_API_KEY, refused],
    [ResponseType.WAF_FILTERED, refused],
    // The stage's token bucket refills by many requests a second.
    [ResponseType.THROTTLED, { code: 'throttled', retryAfter: 1 }],
    // Only where somebody adds a usage plan; a day is the shortest quota.
    [ResponseType.QUOTA_EXCEEDED, { code: 'throttled', retryAfter: 86_400 }],
    [ResponseType.DEFAULT_4XX, { code: 'invalid_input' }],
    [ResponseType.INTEGRATION_FAILURE, { code: 'upstream_error', sentence: notCarriedOut }],
    [ResponseType.INTEGRATION_TIMEOUT, { code: 'upstream_timeout', sentence: notCarriedOut }],
    [ResponseType.API_CONFIGURATION_ERROR, broken],
    [ResponseType.AUTHORIZER_CONFIGURATION_ERROR, broken],
    [ResponseType.AUTHORIZER_FAILURE, broken],
    [ResponseType.DEFAULT_5XX, broken],
  ];
};

const entryOf = (code: ErrorCode | null) => (code === null ? undefined : errorCatalogue[code]);

/** The envelope of a failure as the gateway writes it: a constant, so no template language is needed. */
export const gatewayBody = ({ code, sentence }: GatewayAnswer): string =>
  JSON.stringify(failed(sentence ?? entryOf(code)?.sentence ?? notCarriedOut));

/** The headers of every answer that the gateway gives by itself, in its mapping language. */
export const gatewayHeaders = ({ code, retryAfter }: GatewayAnswer): Record<string, string> => ({
  'Content-Type': "'application/json'",
  'Cache-Control': "'no-store'",
  'X-Request-Id': 'context.requestId',
  ...(code === null ? {} : { 'Verify-Error': `'${code}'` }),
  ...(retryAfter === undefined ? {} : { 'Retry-After': `'${retryAfter}'` }),
});

/** Makes every answer of the gateway itself the contract's envelope. */
export const addGatewayResponses = (api: RestApi, paths: readonly string[]): void => {
  for (const [type, answer] of answers(paths)) {
    api.addGatewayResponse(type.responseType, {
      type,
      statusCode: String(answer.status ?? entryOf(answer.code)?.status),
      responseHeaders: gatewayHeaders(answer),
      templates: { 'application/json': gatewayBody(answer) },
    });
  }
};
