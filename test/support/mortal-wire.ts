import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { type Listening, listen } from '../../local/http-server.ts';

/** Whether the last request still has its effect. */
export type Death = 'before' | 'after';

/**
 * The way from one client to its servers. A client whose every request is cut can do nothing more, to whoever looks at it from the
 * other side: it is as if it was killed.
 */
export interface MortalWire {
  /** A way to this origin. */
  to(origin: string): Promise<string>;
  /** Kills at the request with this number, counted from 1 and from now: before it takes effect or before its answer comes. */
  killAt(number: number, death: Death): void;
  /** Lets everything through again. */
  revive(): void;
  /** How many requests came since the last {@link killAt} or {@link revive}. */
  requests(): number;
  close(): Promise<void>;
}

/** Makes a wire on 127.0.0.1 that lets everything through. */
export const createMortalWire = (): MortalWire => {
  const servers: Listening[] = [];
  let seen = 0;
  let deadly = Number.POSITIVE_INFINITY;
  let death: Death = 'before';

  const forward = async (origin: string, request: IncomingMessage, response: ServerResponse) => {
    seen += 1;
    const number = seen;
    const cut = () => void request.socket.destroy();
    if (number > deadly || (number === deadly && death === 'before')) return cut();
    const { host, connection, 'content-length': length, ...headers } = request.headers;
    const body = await buffer(request);
    const answer = await fetch(origin + request.url, {
      method: request.method ?? 'GET',
      headers: headers as Record<string, string>,
      ...(body.length > 0 && { body: new Uint8Array(body) }),
    });
    const text = await answer.text();
    // What was on its way when another request killed is lost too.
    if (number >= deadly || seen > deadly) return cut();
    const {
      'content-encoding': _encoding,
      'transfer-encoding': _transfer,
      ...kept
    } = Object.fromEntries(answer.headers);
    response.writeHead(answer.status, kept).end(text);
  };

  return {
    async to(origin) {
      const server = await listen(
        createServer((request, response) => void forward(origin, request, response)),
        0,
      );
      servers.push(server);
      return server.url;
    },
    killAt(number, how) {
      [seen, deadly, death] = [0, number, how];
    },
    revive() {
      [seen, deadly] = [0, Number.POSITIVE_INFINITY];
    },
    requests: () => seen,
    async close() {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
};
