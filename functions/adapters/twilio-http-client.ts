import { setTimeout as pause } from 'node:timers/promises';
import type BaseTwilio from 'twilio/lib/base/BaseTwilio.js';
import type { Clock } from '../runtime/clock.ts';
import { RunError } from '../runtime/errors.ts';
import { TwilioRefusal } from '../verify/twilio-errors.ts';
import { TwilioConnections, Unreached } from './twilio-connection.ts';
import { exchange, type SdkResponse } from './twilio-exchange.ts';
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

const formOf = (fields: Readonly<Record<string, unknown>> = {}): URLSearchParams => {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields))
    for (const item of Array.isArray(value) ? value : [value])
      if (item !== undefined)
        form.append(name, item instanceof Date ? item.toISOString() : String(item ?? ''));
  return form;
};

/** What became of a request that got no whole answer. The thrown error is not kept: it can hold the address. */
const unanswered = (thrown: unknown, signal: AbortSignal): Error => {
  if (thrown instanceof TwilioRefusal || thrown instanceof RunError) return thrown;
  if (signal.aborted)
    return new RunError('upstream_timeout', {
      reason: 'twilio_timeout',
      effect: 'unknown',
      twilio: 'failed',
    });
  if (thrown instanceof Unreached) return thrown;
  return new RunError('upstream_error', { reason: 'twilio_cut', effect: 'unknown', twilio: 'failed' });
};

/** Whether a repeat is both safe, because nothing was sent, and of use. Twilio's own budgets (60202, 60203) only refill late. */
const repeatable = (failure: Error, method: string, retry: number): boolean => {
  if (failure instanceof Unreached) return true;
  if (!(failure instanceof TwilioRefusal)) return false;
  const { code, status } = failure;
  // The server says that the request was not meant for it. One that says so twice will go on.
  if (status === 421) return retry === 1;
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
  if (retry > maxRetries || !repeatable(failure, method, retry)) return undefined;
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

/** What the HTTP side stands on. */
export interface TwilioHttpOptions {
  /** `TWILIO_API_BASE_URL`: an origin that stands in for Twilio; undefined or empty for Twilio itself. */
  readonly baseUrl: string | undefined;
  readonly clock: Clock;
  readonly timing?: Partial<TwilioTiming>;
}

/**
 * The HTTP side of the Twilio SDK, on Node's `node:https`.
 *
 * @returns makes the SDK's HTTP client for one call; all requests of that call share its whole time.
 *   Every failure of that client is a {@link TwilioRefusal}, an {@link Unreached} or a RunError.
 * @throws RunError `misconfigured` where the base URL may not be used.
 */
export const createTwilioHttp = ({ baseUrl, clock, timing: shorter }: TwilioHttpOptions) => {
  const timing = { ...defaultTiming, ...shorter };
  const connections = new TwilioConnections(timing.connectMs, clock);
  const addressOf = twilioAddresses(baseUrl);

  return (): SdkHttpClient => {
    const signal = AbortSignal.timeout(timing.wholeMs);
    const call: Call = { timing, clock, signal, deadline: clock() + timing.wholeMs };
    const request = async (sdkRequest: SdkRequest): Promise<SdkResponse> => {
      const { method, username, password, params, data } = sdkRequest;
      const address = addressOf(sdkRequest.uri);
      for (const [name, value] of formOf(params)) address.searchParams.append(name, value);
      const credential = Buffer.from(`${username}:${password}`).toString('base64');
      const headers = { ...sdkRequest.headers, Authorization: `Basic ${credential}` };
      const body = data && formOf(data).toString();
      const ask = () => {
        signal.throwIfAborted();
        const wire = connections.begin(address, method.toUpperCase());
        for (const [name, value] of Object.entries(headers)) wire.setHeader(name, value);
        return exchange(wire, body, signal, clock);
      };
      return persist(call, method, ask);
    };
    return { request } as unknown as SdkHttpClient;
  };
};
