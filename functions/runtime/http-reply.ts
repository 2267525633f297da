import type { Hints } from './envelope.ts';
import { errorCatalogue } from './errors.ts';
import type { Outcome } from './run-function.ts';

/** A proxy result, good for REST and HTTP APIs and function URLs. */
export interface HttpReply {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: false;
}

const hintHeaders = (hints: Hints): Record<string, string | undefined> => ({
  'Verify-Next-Send': hints.nextSend?.toString(),
  'Verify-Checks-Left': hints.checksLeft?.toString(),
  'Verify-Expires-In': hints.expiresIn?.toString(),
  'Verify-Replayed': hints.replayed === true ? 'true' : undefined,
});

const errorHeaders = ({ error }: Outcome): Record<string, string | undefined> => {
  if (error === null) return {};
  const { status } = errorCatalogue[error.code];
  const waits = status === 429 || status === 503;
  return {
    'Verify-Error': error.code,
    'Verify-Limit': error.details.limit,
    'Retry-After': waits ? (error.details.retryAfter ?? 1).toString() : undefined,
    Allow: status === 405 ? 'POST' : undefined,
  };
};

/**
 * The one place where an outcome becomes HTTP.
 *
 * @param cors - the headers that let a web page read the reply.
 */
export const httpReply = (
  outcome: Outcome,
  requestId: string,
  cors: Readonly<Record<string, string>> = {},
): HttpReply => {
  const headers = {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'X-Request-Id': requestId,
    ...errorHeaders(outcome),
    ...hintHeaders(outcome.hints),
    ...cors,
  };
  return {
    statusCode: outcome.error === null ? 200 : errorCatalogue[outcome.error.code].status,
    headers: Object.fromEntries(
      Object.entries(headers).filter((header): header is [string, string] => header[1] !== undefined),
    ),
    body: JSON.stringify(outcome.answer),
    isBase64Encoded: false,
  };
};
