import { errorCatalogue } from './errors.ts';
import type { Outcome } from './run-function.ts';

/** A proxy result, good for REST and HTTP APIs and function URLs. */
export interface HttpReply {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: false;
}

/**
 * The one place where an outcome becomes HTTP.
 *
 * @param cors - the headers that let a web page read the reply.
 */
export const httpReply = (
  { answer, error, hints }: Outcome,
  requestId: string,
  cors: Readonly<Record<string, string>> = {},
): HttpReply => {
  const statusCode = error === null ? 200 : errorCatalogue[error.code].status;
  const waits = statusCode === 429 || statusCode === 503;
  const said: Readonly<Record<string, string | undefined>> = {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'X-Request-Id': requestId,
    'Verify-Error': error?.code,
    'Verify-Limit': error?.details.limit,
    'Retry-After': waits ? `${error?.details.retryAfter ?? 1}` : undefined,
    Allow: statusCode === 405 ? 'POST' : undefined,
    'Verify-Next-Send': hints.nextSend?.toString(),
    'Verify-Checks-Left': hints.checksLeft?.toString(),
    'Verify-Expires-In': hints.expiresIn?.toString(),
    'Verify-Replayed': hints.replayed === true ? 'true' : undefined,
    ...cors,
  };
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(said)) if (value !== undefined) headers[name] = value;
  return { statusCode, headers, body: JSON.stringify(answer), isBase64Encoded: false };
};
