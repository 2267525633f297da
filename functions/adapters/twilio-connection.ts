import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { urlToHttpOptions } from 'node:url';
import type { Clock } from '../runtime/clock.ts';

/** No connection came about, so nothing was sent. Holds no address. */
export class Unreached extends Error {
  constructor() {
    super('Twilio could not be reached');
    this.name = 'Unreached';
  }
}

type Handover = (error: Error | null, socket?: Socket) => void;

// Below the idle time after which load balancers close (Node servers 5 s, AWS 60 s): a request written to a
// connection that is being closed is lost without knowing whether it had effect.
const keepAliveMs = 4000;

/** Hands a connection over once it stands, TLS included; one that does not within the time is {@link Unreached}. */
const whenConnected = (socket: Socket, isSecure: boolean, connectMs: number, done: Handover): void => {
  const timer = setTimeout(() => socket.destroy(), connectMs);
  const failed = () => {
    clearTimeout(timer);
    done(new Unreached());
  };
  socket.once('close', failed);
  socket.once(isSecure ? 'secureConnect' : 'connect', () => {
    clearTimeout(timer);
    socket.off('close', failed);
    done(null, socket);
  });
  // What went wrong is told by the close that follows. Stays, since Node listens to nothing between two requests, and
  // an error that nothing listens to ends the process.
  socket.on('error', () => undefined);
};

/** The connections to Twilio, kept alive from one request to the next. */
export class TwilioConnections {
  readonly #connectMs: number;
  readonly #clock: Clock;
  #agent: http.Agent | undefined;
  #usedAt = 0;

  /** @param connectMs - milliseconds within which a connection must stand, TLS included. */
  constructor(connectMs: number, clock: Clock) {
    this.#connectMs = connectMs;
    this.#clock = clock;
  }

  /** Begins a request without headers or body: all are of one protocol. It fails as {@link Unreached} where nothing was sent. */
  begin(url: URL, method: string): http.ClientRequest {
    const { protocol, hostname, port, path } = urlToHttpOptions(url);
    const isSecure = protocol === 'https:';
    this.#agent ??= this.#newAgent(isSecure);
    this.#leaveStale(this.#agent);
    // Not the whole address, and headers later: Node prints what stands here when NODE_DEBUG is set.
    const options = { hostname, port, path, method, agent: this.#agent };
    return (isSecure ? https : http).request(options);
  }

  /**
   * Node would give a request to a connection that does not stand yet. Given to one that does, whatever fails before
   * surely sent nothing, and a repeat is safe.
   */
  #newAgent(isSecure: boolean): http.Agent {
    const agent = new (isSecure ? https : http).Agent({ keepAlive: true, timeout: keepAliveMs });
    const connect = agent.createConnection.bind(agent);
    agent.createConnection = (options, done) => {
      whenConnected(connect(options) as Socket, isSecure, this.#connectMs, done as Handover);
      return undefined;
    };
    return agent;
  }

  /** A frozen Lambda's timers stand still, so what idled for too long by the wall clock is closed here as well. */
  #leaveStale(agent: http.Agent): void {
    const now = this.#clock();
    if (now - this.#usedAt > keepAliveMs)
      for (const sockets of Object.values(agent.freeSockets))
        for (const socket of sockets ?? []) socket.destroy();
    this.#usedAt = now;
  }
}
