import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Context } from 'aws-lambda';
import { throughGateway } from '../../local/server/api-gateway.ts';

type Handler = (event: unknown, context: Context) => Promise<unknown>;

/** What may happen to a request before a function gets it: true where it was answered. */
export type Tamper = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A gateway on 127.0.0.1 before two handlers. */
export interface FrontDoor {
  /** With a slash at its end. */
  readonly url: string;
  /** What befalls requests from now on; nothing unless said. */
  tamper(with_: Tamper): void;
  close(): Promise<void>;
}

const declared = { callers: 'all', failure: 'It failed', response: 'envelope' } as const;

const nothing: Tamper = () => false;

/** Opens the door to handlers by their names. */
export const openFrontDoor = async (handlers: Readonly<Record<string, Handler>>): Promise<FrontDoor> => {
  let tampering = nothing;
  const server = createServer((request, response) => {
    const name = request.url?.slice(1) ?? '';
    const handler = handlers[name];
    if (tampering(request, response)) return;
    if (handler === undefined) response.writeHead(404).end();
    else void throughGateway(request, response, { ...declared, name, handler }, randomUUID());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    tamper: (with_) => {
      tampering = with_;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
