import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { failed } from '../../functions/runtime/envelope.ts';
import { type Listening, listen, send } from '../http-server.ts';
import { addresses, asHtml, asText } from './addresses.ts';
import { throughGateway } from './api-gateway.ts';
import { invoke, invokedReference } from './invoke-api.ts';
import type { LocalFunction } from './local-functions.ts';

/** What the server stands on. */
export interface ServerOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly functions: readonly LocalFunction[];
  /** Where the emulator listens, for the list of addresses; null where there is none. */
  readonly emulatorUrl: string | null;
}

const answerNotFound = (
  request: IncomingMessage,
  response: ServerResponse,
  { functions }: ServerOptions,
  requestId: string,
): void => {
  request.resume();
  const paths = functions.map(({ name }) => `POST /${name}`).join(', ');
  const headers = {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'X-Request-Id': requestId,
  };
  const envelope = failed(`There is nothing here; use ${paths}, or GET / for the whole list`);
  send(response, 404, headers, JSON.stringify(envelope));
};

const listAddresses = (
  request: IncomingMessage,
  response: ServerResponse,
  { functions, emulatorUrl }: ServerOptions,
  url: string,
): void => {
  const list = addresses(url, emulatorUrl, functions);
  const html = request.headers.accept?.includes('text/html') === true;
  const headers = {
    'Content-Type': `text/${html ? 'html' : 'plain'}; charset=utf-8`,
    'Cache-Control': 'no-store',
  };
  send(response, 200, headers, html ? asHtml(list) : asText(list));
};

const route = async (
  request: IncomingMessage,
  response: ServerResponse,
  options: ServerOptions,
  url: string,
): Promise<void> => {
  const requestId = randomUUID();
  const [path = '/'] = (request.url ?? '/').split('?');
  const named = options.functions.find(({ name }) => path === `/${name}`);
  if (named !== undefined) return throughGateway(request, response, named, requestId);
  const invoked = request.method === 'POST' ? invokedReference(path) : undefined;
  if (invoked !== undefined) return invoke(request, response, options.functions, invoked, requestId);
  if (path === '/' && (request.method === 'GET' || request.method === 'HEAD'))
    return listAddresses(request, response, options, url);
  answerNotFound(request, response, options, requestId);
};

/**
 * Serves the functions on 127.0.0.1: as the HTTP API, as Lambda's Invoke API, and a list of the addresses.
 *
 * @throws Error whose message is a sentence for a person, where the port cannot be had.
 */
export const startServer = async (options: ServerOptions): Promise<Listening> => {
  const server = createServer(async (request, response) => {
    try {
      await route(request, response, options, listening.url);
    } catch {
      // The client went away while it still sent: there is nobody to answer.
      response.destroy();
    }
  });
  const listening = await listen(server, options.port);
  return listening;
};
