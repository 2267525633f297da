import { setTimeout as pause } from 'node:timers/promises';
import type BaseTwilio from 'twilio/lib/base/BaseTwilio.js';
import type { Clock } from '../runtime/clock.ts';
import { RunError } from '../runtime/errors.ts';
import { parameterOf, TwilioRefusal } from '../verify/twilio-errors.ts';
import { createConnections, Unreached } from './twilio-connection.ts';
import { twilioAddresses } from './twilio-url.ts';

/** The SDK's idea of an HTTP client. Its type is a class with private members, so that only a cast makes another. */
export type SdkHttpClient = NonNullable<BaseTwilio.ClientOpts['httpClient']>;

/** What the SDK asks of its HTTP client, as far as the Verify part of it does. */
interface SdkRequest {
  readonly method: string;
  readonly uri: string;
  readonly username: string;
  readonly password: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly data?: Readonly<Record<string, unknown>>;
}

interface SdkResponse {
  readonly statusCode: number;
  /** Absent where there is none (204). */
  readonly body: object | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** How long to wait for what; tests shorten it. */
interface TwilioTiming {
  /** Milliseconds within which a connection must stand, TLS included: 2000. */
  readonly connectMs: number;
  /** Milliseconds for one call with all that belongs to it, retries and reading the answer included: 5000. */
  readonly wholeMs: number;
  /** A number from 0 up to 1: the jitter. */
  readonly random: () => number;
  /** Waits that many milliseconds. */
  readonly pause: (ms: number) => Promise<void>;
}

const defaultTiming: TwilioTiming = {
  connectMs: 2000,
  wholeMs: 5000,
  random: Math.random,
  pause,
};

const maxRetries = 2;
const maxBodyBytes = 64 * 1024;

const formOf = (fields: Readonly<Record<string, unknown>> = {}): URLSearchParams => {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields))
    for (const item of Array.isArray(value) ? value : [value])
      if (item !== undefined)
        form.append(name, item instanceof Date ? item.toISOString() : String(item ?? ''));
  return form;
};

const prepare = (options: SdkRequest, addressOf: (uri: string) => URL): [URL, RequestInit] => {
  const url = addressOf(options.uri);
  for (const [name, value] of formOf(options.params)) url.searchParams.append(name, value);
  const credential = Buffer.from(`${options.username}:${options.password}`).toString('base64');
  return [
    url,
    {
      method: options.method.toUpperCase(),
      headers: { ...options.headers, Authorization: `Basic ${credential}` },
      redirect: 'manual',
      ...(options.data === undefined ? {} : { body: formOf(options.data).toString() }),
    },
  ];
};

/** The body as text, undefined where it is longer than anything Twilio says. */
const readText = async (response: Response): Promise<string | undefined> => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength;
    if (length > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const parsed = (text: string | undefined): object | undefined => {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return value instanceof Object ? value : undefined;
  } catch {
    return undefined; // the parser's message would repeat the text
  }
};

const retryAfterOf = (header: string | null, now: number): number | undefined => {
  if (header === null) return undefined;
  const seconds = /^\d+(?:\.\d+)?$/.test(header)
    ? Number(header)
    : (Date.parse(/GMT$/.test(header) ? header : '') - now) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(Math.ceil(seconds), 1), 86_400);
};

const refusalOf = (response: Response, body: object | undefined, now: number): TwilioRefusal => {
  const { code, message } = { ...body } as { code?: unknown; message?: unknown };
  const requestId = response.headers.get('Twilio-Request-Id') ?? '';
  return new TwilioRefusal({
    status: response.status,
    // Five digits, as all of Twilio's: anything longer could be somebody's number.
    code: typeof code === 'number' && /^\d{5}$/.test(String(code)) ? code : undefined,
    parameter: typeof message === 'string' ? parameterOf(message) : undefined,
    retryAfter: retryAfterOf(response.headers.get('Retry-After'), now),
    requestId: /^RQ[0-9a-f]{32}$/.test(requestId) ? requestId : undefined,
  });
};

/** Twilio said yes in a way that cannot be understood: nobody knows what happened. */
export const unreadable = () =>
  new RunError('upstream_error', { reason: 'twilio_unreadable', effect: 'unknown', twilio: 'failed' });

/** What became of a request that got no whole answer. The thrown error is not kept: it can hold the address. */
const unanswered = (thrown: unknown, signal: AbortSignal): Error => {
  if (thrown instanceof TwilioRefusal || thrown instanceof RunError) return thrown;
  if (signal.aborted)
    return new RunError('upstream_timeout', {
      reason: 'twilio_timeout',
      effect: 'unknown',
      twilio: 'failed',
    });
  if (thrown instanceof Error && thrown.cause instanceof Unreached) return thrown.cause;
  return new RunError('upstream_error', { reason: 'twilio_cut', effect: 'unknown', twilio: 'failed' });
};

const exchange = async (url: URL, init: RequestInit, now: () => number): Promise<SdkResponse> => {
  const response = await fetch(url, init);
  const body = parsed(await readText(response));
  if (!response.ok) throw refusalOf(response, body, now());
  // A delete is answered without a body (204).
  if (body === undefined && response.status !== 204) throw unreadable();
  return { statusCode: response.status, body, headers: {} };
};

/** Whether a repeat is both safe, because nothing was sent, and of use. Twilio's own budgets (60202, 60203) only refill late. */
const repeatable = (failure: Error, method: string): boolean => {
  if (failure instanceof Unreached) return true;
  if (!(failure instanceof TwilioRefusal)) return false;
  const { code, status } = failure;
  // A 503 is no proof that nothing was sent, so only what sends nothing is repeated.
  return status === 429 ? code === undefined || code === 20429 : status === 503 && method === 'get';
};

/** One call, with all the requests that belong to it. */
interface Call {
  readonly timing: TwilioTiming;
  readonly clock: Clock;
  /** Aborts when the whole time is over. */
  readonly signal: AbortSignal;
  /** The same moment, in milliseconds since the epoch. */
  readonly deadline: number;
}

/** The wait before the next try, in milliseconds with full jitter; undefined where there is to be none. */
const waitBefore = (retry: number, failure: Error, method: string, call: Call): number | undefined => {
  if (retry > maxRetries || !repeatable(failure, method)) return undefined;
  const { connectMs, random } = call.timing;
  const asked = failure instanceof TwilioRefusal ? (failure.retryAfter ?? 0) * 1000 : 0;
  const wait = Math.max(asked, Math.floor(random() * 100 * 2 ** (retry - 1)));
  const needed = wait + (failure instanceof Unreached ? connectMs : 0);
  return call.clock() + needed < call.deadline ? wait : undefined;
};

/** Asks, and asks again while that is safe, of use and in time. */
const persist = async (call: Call, method: string, ask: () => Promise<SdkResponse>): Promise<SdkResponse> => {
  for (let retry = 1; ; retry += 1) {
    try {
      return await ask();
    } catch (thrown) {
      const failure = unanswered(thrown, call.signal);
      const wait = waitBefore(retry, failure, method, call);
      if (wait === undefined) throw failure;
      await call.timing.pause(wait);
    }
  }
};

/** What the HTTP side is made of. */
export interface TwilioHttpOptions {
  /** `TWILIO_API_BASE_URL`: an origin that stands in for Twilio; undefined or empty for Twilio itself. */
  readonly baseUrl: string | undefined;
  readonly clock: Clock;
  readonly timing?: Partial<TwilioTiming>;
}

/**
 * The HTTP side of the Twilio SDK, on Node's fetch.
 *
 * @returns makes the SDK's HTTP client for one call; all requests of that call share its whole time.
 *   Every failure of that client is a {@link TwilioRefusal}, an {@link Unreached} or a RunError.
 * @throws RunError `misconfigured` where the base URL may not be used.
 */
export const createTwilioHttp = ({ baseUrl, clock, timing: shorter }: TwilioHttpOptions) => {
  const timing = { ...defaultTiming, ...shorter };
  const connection = createConnections(timing.connectMs, clock);
  const addressOf = twilioAddresses(baseUrl);

  return (): SdkHttpClient => {
    const signal = AbortSignal.timeout(timing.wholeMs);
    const call: Call = { timing, clock, signal, deadline: clock() + timing.wholeMs };
    const request = async (sdkRequest: SdkRequest): Promise<SdkResponse> => {
      const [url, init] = prepare(sdkRequest, addressOf);
      const ask = () => exchange(url, { ...init, signal, dispatcher: connection() }, clock);
      return persist(call, sdkRequest.method, ask);
    };
    return { request } as unknown as SdkHttpClient;
  };
};
