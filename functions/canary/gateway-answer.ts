import type { Envelope } from '../runtime/envelope.ts';
import { type ErrorCode, errorCatalogue } from '../runtime/errors.ts';

/** What came back through the gateway. */
export interface GatewayAnswer {
  readonly status: number;
  /** The value of a header; null where it is absent. */
  readonly header: (name: string) => string | null;
  readonly body: string;
}

/** What an answer must be: this very envelope, or a refusal of this kind, whatever its sentence. */
export type Expected = Envelope | ErrorCode;

/** Whether a body is the envelope of a refusal, key for key, whatever its sentence. */
const isRefusal = (body: string): boolean =>
  /^\{"success":false,"sid":null,"status":null,"valid":false,"error":"[^"\\]+"\}$/.test(body);

/**
 * Holds an answer against the contract.
 *
 * @returns a token that says in what it differs first; undefined where it does not.
 */
export const differenceOf = (
  { status, header, body }: GatewayAnswer,
  expected: Expected,
): string | undefined => {
  const code = typeof expected === 'string' ? expected : null;
  if (status !== (code === null ? 200 : errorCatalogue[code].status)) return `status_${status}`;
  if (header('verify-error') !== code) return 'verify_error';
  if (header('content-type') !== 'application/json') return 'content_type';
  if (header('cache-control') !== 'no-store') return 'cache_control';
  if (!/^[\w=+/-]{1,64}$/.test(header('x-request-id') ?? '')) return 'request_id';
  const same = code === null ? body === JSON.stringify(expected) : isRefusal(body);
  return same ? undefined : 'envelope';
};
