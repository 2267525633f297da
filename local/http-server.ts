import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from 'node:http';

/** A server of the embedded world on its port. */
export interface Listening {
  /** Without a slash at its end. */
  readonly url: string;
  readonly port: number;
  /** Stops listening and cuts every connection, idle or not. */
  close(): Promise<void>;
}

const sentenceFor = (error: NodeJS.ErrnoException, port: number): string => {
  if (error.code === 'EADDRINUSE') return `Port ${port} on 127.0.0.1 is taken; choose another with --port`;
  if (error.code === 'EACCES')
    return `Port ${port} may not be used by this user; choose one above 1023 with --port`;
  return `Port ${port} cannot be opened: ${error.code ?? 'unknown error'}`;
};

/**
 * Listens on 127.0.0.1.
 *
 * @param port - 0 takes any free port.
 * @throws Error whose message is a sentence for a person, where the port cannot be had.
 */
export const listen = async (server: Server, port: number): Promise<Listening> => {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new Error(sentenceFor(error, port))));
    server.listen({ host: '127.0.0.1', port, backlog: 4096 }, resolve);
  });
  const address = server.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://127.0.0.1:${actual}`,
    port: actual,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

/**
 * Reads a request's body. One that is too large is read to its end but not kept, so that the client gets to see the answer.
 *
 * @param limit - bytes.
 * @returns undefined where the body is larger than that.
 * @throws Error where the connection is cut before the body's end.
 */
export const readBody = async (request: IncomingMessage, limit: number): Promise<Buffer | undefined> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size <= limit) chunks.push(chunk);
    else chunks.length = 0;
  }
  return size <= limit ? Buffer.concat(chunks) : undefined;
};

/** Sends a whole answer. */
export const send = (
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  body: string | Buffer,
): void => {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) }).end(body);
};
