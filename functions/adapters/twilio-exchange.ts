import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Clock } from '../runtime/clock.ts';
import { RunError } from '../runtime/errors.ts';
import { parameterOf, TwilioRefusal } from '../verify/twilio-errors.ts';

/** What the SDK is given back. */
export interface SdkResponse {
  readonly statusCode: number;
  /** Absent where there is none (204). */
  readonly body: object | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** An answer as it came. */
interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Undefined where it is longer than anything Twilio says. */
  readonly text: string | undefined;
}

const maxBodyBytes = 64 * 1024;

const readText = async (response: IncomingMessage): Promise<string | undefined> => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.byteLength;
    if (length > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const readAnswer = async (response: IncomingMessage): Promise<Answer> => {
  const { statusCode: status = 0, headers } = response;
  // The connection leads to a server that is not Twilio's: it is closed, so that the repeat takes another.
  if (status === 421) response.destroy();
  return { status, headers, text: status === 421 ? undefined : await readText(response) };
};

/** Sends the request and reads its answer, until the signal aborts. Its failures are Node's own: they can hold the address. */
const answerTo = (request: ClientRequest, body: string | undefined, signal: AbortSignal): Promise<Answer> => {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  // A request that still waits for its connection tells nothing of its end.
  const abort = () => {
    request.destroy();
    reject(signal.reason);
  };
  const closed = () => reject(new Error('closed'));
  signal.addEventListener('abort', abort);
  request.once('close', () => signal.removeEventListener('abort', abort));
  request.once('close', closed);
  request.on('error', reject);
  request.once('response', (response) => {
    request.off('close', closed);
    readAnswer(response).then(resolve, reject);
  });
  request.end(body);
  return promise;
};

const parsed = (text: string | undefined): object | undefined => {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return value instanceof Object ? value : undefined;
  } catch {
    return undefined; // the parser's message would repeat the text
  }
};

const retryAfterOf = (header: string | undefined, now: number): number | undefined => {
  if (header === undefined) return undefined;
  const seconds = /^\d+(?:\.\d+)?$/.test(header)
    ? Number(header)
    : (Date.parse(/GMT$/.test(header) ? header : '') - now) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(Math.ceil(seconds), 1), 86_400);
};

const refusalOf = ({ status, headers }: Answer, body: object | undefined, now: number): TwilioRefusal => {
  const { code, message } = { ...body } as { code?: unknown; message?: unknown };
  const requestId = String(headers['twilio-request-id']);
  return new TwilioRefusal({
    status,
    // Five digits, as all of Twilio's: anything longer could be a person's number.
    code: typeof code === 'number' && /^\d{5}$/.test(String(code)) ? code : undefined,
    parameter: typeof message === 'string' ? parameterOf(message) : undefined,
    retryAfter: retryAfterOf(headers['retry-after'], now),
    requestId: /^RQ[0-9a-f]{32}$/.test(requestId) ? requestId : undefined,
  });
};

/** Twilio said yes in a way that cannot be understood: it may have done what it was asked. */
export const unreadable = () =>
  new RunError('upstream_error', { reason: 'twilio_unreadable', effect: 'unknown', twilio: 'failed' });

/**
 * Sends one request and reads what Twilio says to it.
 *
 * @throws TwilioRefusal where Twilio said no, RunError where it said yes and cannot be understood, and Node's own errors,
 *   which must not be passed on, where it said nothing.
 */
export const exchange = async (
  request: ClientRequest,
  body: string | undefined,
  signal: AbortSignal,
  clock: Clock,
): Promise<SdkResponse> => {
  const answer = await answerTo(request, body, signal);
  const { status } = answer;
  const content = parsed(answer.text);
  if (status < 200 || status > 299) throw refusalOf(answer, content, clock());
  // A delete is answered without a body (204).
  if (content === undefined && status !== 204) throw unreadable();
  return { statusCode: status, body: content, headers: {} };
};
