import net from 'node:net';
import tls from 'node:tls';
import { loopbackCertificate } from './loopback-certificate.ts';

/** A request as it arrived on the wire. */
interface WireRequest {
  readonly method: string;
  readonly path: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly form: URLSearchParams;
  /** Which connection it came over, counted from 1. */
  readonly connection: number;
}

/** What the server does once a request was read whole. */
export type Reaction = (socket: net.Socket, request: WireRequest) => void;

/** Answers with these bytes, as they are. */
export const bytes =
  (raw: string): Reaction =>
  (socket) => {
    socket.write(raw);
  };

/** Answers with a body of any kind. */
export const reply = (status: number, body: string, headers: Readonly<Record<string, string>> = {}) => {
  const lines = Object.entries({ 'Content-Length': `${Buffer.byteLength(body)}`, ...headers });
  return bytes(
    `HTTP/1.1 ${status} Scripted\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
  );
};

/** Answers with JSON. */
export const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  reply(status, JSON.stringify(body), { 'Content-Type': 'application/json', ...headers });

/** Answers with an error as Twilio writes them. */
export const twilioError = (
  status: number,
  code: number,
  message = 'Scripted',
  headers: Readonly<Record<string, string>> = {},
) =>
  json(status, { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }, headers);

/** Reads the request and says nothing. */
export const silence: Reaction = () => {};

/** Reads the request and cuts the connection. */
export const cut: Reaction = (socket) => {
  socket.resetAndDestroy();
};

/** A server on loopback whose every move is scripted. */
export interface ScriptedServer {
  readonly url: string;
  readonly port: number;
  /** What was read whole, oldest first. */
  readonly requests: readonly WireRequest[];
  connections(): number;
  close(): Promise<void>;
}

const headEnd = '\r\n\r\n';

const parseRequest = (text: string, connection: number): [request: WireRequest, rest: string] | undefined => {
  const end = text.indexOf(headEnd);
  if (end < 0) return undefined;
  const [start = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  );
  const bodyStart = end + headEnd.length;
  const bodyEnd = bodyStart + Number(headers['content-length'] ?? 0);
  if (text.length < bodyEnd) return undefined;
  const [method = '', path = ''] = start.split(' ');
  const form = new URLSearchParams(text.slice(bodyStart, bodyEnd));
  return [{ method, path, headers, form, connection }, text.slice(bodyEnd)];
};

/** How a scripted server listens and what it does. */
export interface Script {
  /** What to do at the request with this number, counted from 0; the last entry holds for all that follow. */
  readonly reactions: readonly Reaction[];
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** Listens with TLS, under a certificate that must be trusted first. */
  readonly secure?: boolean;
  /** Does something with a connection before anything is read of it. */
  readonly onConnection?: (socket: net.Socket) => void;
}

/** Starts a scripted server on 127.0.0.1. */
export const startScriptedServer = async (script: Script): Promise<ScriptedServer> => {
  const requests: WireRequest[] = [];
  const sockets = new Set<net.Socket>();
  let connections = 0;
  const serve = (socket: net.Socket) => {
    connections += 1;
    const connection = connections;
    let text = '';
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    script.onConnection?.(socket);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      for (let read = parseRequest(text, connection); read; read = parseRequest(text, connection)) {
        const reaction = script.reactions[requests.length] ?? script.reactions.at(-1) ?? silence;
        requests.push(read[0]);
        text = read[1];
        reaction(socket, read[0]);
      }
    });
  };
  const server =
    script.secure === true ? tls.createServer(loopbackCertificate, serve) : net.createServer(serve);
  if (script.secure === true) server.on('tlsClientError', () => {});
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(script.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as net.AddressInfo;
  return {
    url: `${script.secure === true ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    requests,
    connections: () => connections,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
};
