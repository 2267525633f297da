import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { listen } from '../http-server.ts';
import type { Reply } from './api.ts';
import { ControlError, control } from './control/control.ts';
import { answers, faultReply, takeFault } from './control/faults.ts';
import type { Settings } from './control/settings.ts';
import { authenticate } from './credentials.ts';
import { failureBody, TwilioFailure } from './failures.ts';
import { newState } from './new-state.ts';
import { route, withoutHostPrefix } from './routes.ts';
import type { ReceivedRequest } from './state.ts';

/** How the emulator is started. */
export interface EmulatorOptions {
  /** 0 or left out takes any free port. */
  readonly port?: number;
  /** Milliseconds since the epoch; the machine's clock where left out. The control side can only advance it. */
  readonly clock?: () => number;
  /** Settings that differ from the defaults; a reset returns to them. */
  readonly switches?: Partial<Settings>;
}

/** A running emulator. */
export interface Emulator {
  /** Where it listens, such as `http://127.0.0.1:3001`. */
  readonly url: string;
  readonly port: number;
  /** Cuts every connection and frees the port. */
  close(): Promise<void>;
}

interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
  readonly authorization: string | undefined;
}

/** Raw text, ready for the socket; `null` cuts the connection. */
type Answer = { status: number; headers: Record<string, string>; text: string } | null;

const receive = async (request: IncomingMessage): Promise<Received> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const target = request.url ?? '/';
  const question = target.indexOf('?');
  return {
    method: request.method ?? 'GET',
    path: question < 0 ? target : target.slice(0, question),
    query: new URLSearchParams(question < 0 ? '' : target.slice(question + 1)),
    body: Buffer.concat(chunks).toString(),
    authorization: request.headers.authorization,
  };
};

const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) => ({
  status,
  headers: { 'Content-Type': 'application/json;charset=utf-8', ...headers },
  text: body === undefined ? '' : JSON.stringify(body),
});

const twilioHeaders = () => ({
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, POST, PUT, DELETE, OPTIONS',
  'Access-Control-Allow-Headers':
    'Accept, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since, Idempotency-Key',
  'Access-Control-Allow-Credentials': 'true',
  'Access-Control-Expose-Headers': 'ETag, Twilio-Request-Id',
  'Twilio-Request-Id': `RQ${randomBytes(16).toString('hex')}`,
  'Twilio-Request-Duration': '0.010',
  'Twilio-Concurrent-Requests': '1',
  'X-Home-Region': 'us1',
  'X-API-Domain': 'verify.twilio.com',
  'X-Powered-By': 'AT-5000',
  'Strict-Transport-Security': 'max-age=31536000',
});

const send = (response: ServerResponse, answer: Answer): void => {
  if (answer === null) {
    response.socket?.resetAndDestroy();
    return;
  }
  response.writeHead(answer.status, answer.headers);
  response.end(answer.text);
};

const parsedBody = (text: string): unknown => {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new ControlError(400, 'The body is not JSON');
  }
};

/** The emulator without its socket: requests in, answers out. */
const createEmulator = ({ clock = Date.now, switches = {} }: EmulatorOptions) => {
  let state = newState(clock, switches);
  const reset = (): void => {
    state = newState(clock, switches);
  };

  const controlAnswer = ({ method, path, query, body }: Received): Answer => {
    try {
      return json(200, control(method, path, { state, query, body: parsedBody(body), reset }));
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      return json(error.status, { error: error.message });
    }
  };

  const perform = ({ method, path: fullPath, query, body, authorization }: Received): Reply => {
    const path = withoutHostPrefix(fullPath);
    const { operation, params } = route(method, path);
    const { main } = authenticate(state.credentials, authorization);
    return operation({ state, path, params, query, form: new URLSearchParams(body), main });
  };

  const apiAnswer = (received: Received): Answer => {
    try {
      const { status, body } = perform(received);
      return json(status, body, twilioHeaders());
    } catch (error) {
      if (!(error instanceof TwilioFailure)) throw error;
      const { code, status, message, headers } = error;
      return json(status, failureBody(code, status, message), { ...twilioHeaders(), ...headers });
    }
  };

  const faultyAnswer = async (received: Received, signal: AbortSignal): Promise<Answer> => {
    const fault = takeFault(state.faults, received.method, received.path);
    if (fault === undefined) return apiAnswer(received);
    const effect = fault.after_effect ? apiAnswer(received) : undefined;
    if (fault.delay_ms > 0) await wait(fault.delay_ms, undefined, { signal });
    if (fault.drop) return null;
    if (!answers(fault)) return effect ?? apiAnswer(received);
    const { status, type, text } = faultReply(fault);
    return { status, headers: { ...twilioHeaders(), 'Content-Type': type, ...fault.headers }, text };
  };

  return async (received: Received, signal: AbortSignal): Promise<Answer> => {
    if (received.path.startsWith('/_emulator')) return controlAnswer(received);
    const { method, path } = received;
    const record: ReceivedRequest = { method, path, status: null, at: new Date(state.now()).toISOString() };
    state.requests.push(record);
    const answer = await faultyAnswer(received, signal);
    record.status = answer?.status ?? null;
    return answer;
  };
};

/**
 * Starts a Twilio Verify emulator on 127.0.0.1.
 *
 * @throws Error with a sentence for a person where the port is taken or not permitted.
 *
 * @example
 * const emulator = await startEmulator();
 * const messages = await fetch(`${emulator.url}/_emulator/messages?to=%2B14155552671`);
 */
export const startEmulator = async (options: EmulatorOptions = {}): Promise<Emulator> => {
  const stopped = new AbortController();
  const answer = createEmulator(options);
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      send(response, await answer(await receive(request), stopped.signal));
    } catch (error) {
      // The client went away, or the emulator was closed while a delayed answer waited.
      if (request.destroyed || stopped.signal.aborted) return;
      const sentence = `The emulator itself failed: ${error instanceof Error ? error.message : String(error)}`;
      send(response, json(500, failureBody(20500, 500, sentence)));
    }
  };
  const server = createServer((request, response) => void serve(request, response));
  // Longer than clients keep a connection, so that none is closed under a request on its way.
  server.keepAliveTimeout = 120_000;
  const listening = await listen(server, options.port ?? 0);
  return {
    ...listening,
    close: async () => {
      stopped.abort();
      await listening.close();
    },
  };
};
