import net from 'node:net';
import tls from 'node:tls';
import type { Clock } from '../runtime/clock.ts';

/** No connection came about, so nothing was sent. Holds no address. */
export class Unreached extends Error {
  constructor() {
    super('Twilio could not be reached');
    this.name = 'Unreached';
  }
}

type Dispatcher = NonNullable<RequestInit['dispatcher']>;

/** What undici, which is Node's fetch, asks of its connector. */
interface Origin {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
}
type Connect = (origin: Origin, done: (error: Error | null, socket: net.Socket | null) => void) => void;
type AgentClass = new (options: { connect: Connect; keepAliveTimeout: number }) => Dispatcher;

// Node exports its fetch's Agent nowhere; the class of the dispatcher that fetch uses is that Agent. Touching a
// fetch global loads it, which takes some 20 ms: hence at the first call, not at import.
const agentClass = (): AgentClass => {
  void globalThis.Headers;
  return Reflect.get(globalThis, Symbol.for('undici.globalDispatcher.1')).constructor;
};

/**
 * Opens connections ourselves, for two reasons: undici's own timer is a second coarse, and only here can a failure to
 * connect, after which a repeat is safe, be told from a connection that broke.
 */
const connector = (timeoutMs: number): Connect => {
  let session: Buffer | undefined; // one is enough: all requests go to one host
  return ({ protocol, hostname: host, port }, done) => {
    const secure = protocol === 'https:';
    const socket = secure
      ? tls.connect({
          host,
          port: Number(port || 443),
          servername: net.isIP(host) === 0 ? host : '',
          ALPNProtocols: ['http/1.1'],
          ...(session === undefined ? {} : { session }),
        })
      : net.connect({ host, port: Number(port || 80) });
    // Spares a reconnect the full handshake.
    socket.on('session', (ticket: Buffer) => {
      session = ticket;
    });
    let settled = false;
    const settle = (connected: boolean) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      if (connected) done(null, socket.setNoDelay(true));
      else done(new Unreached(), null);
    };
    const timer = setTimeout(() => socket.destroy(new Unreached()), timeoutMs);
    // Stays, so that an error in the moment before fetch listens itself does not end the process.
    socket.on('error', () => settle(false));
    socket.once(secure ? 'secureConnect' : 'connect', () => settle(true));
  };
};

// Below the idle time after which load balancers close (Node servers 5 s, AWS 60 s): a request written to a
// connection that is being closed is lost without knowing whether it had effect.
const keepAliveMs = 4000;

/**
 * Gives the connections to use for a request that begins now. A frozen Lambda's timers stand still, so connections
 * that were idle for too long by the wall clock are left behind here as well.
 *
 * @param connectMs - milliseconds within which a connection must stand, TLS included.
 */
export const createConnections = (connectMs: number, clock: Clock): (() => Dispatcher) => {
  const connect = connector(connectMs);
  let agent: Dispatcher | undefined;
  let usedAt = 0;
  return () => {
    const now = clock();
    if (agent === undefined || now - usedAt > keepAliveMs) {
      void agent?.close();
      agent = new (agentClass())({ connect, keepAliveTimeout: keepAliveMs });
    }
    usedAt = now;
    return agent;
  };
};
