import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A stand-in for the Lambda Runtime API, which a Lambda runtime asks for events and gives the results to. */
export interface RuntimeApi {
  /** Host and port, as `AWS_LAMBDA_RUNTIME_API` holds them. */
  readonly address: string;
  /**
   * Gives an event to the runtime and waits for what the function returns.
   *
   * @throws Error where the runtime reports that the function threw, or that it could not be loaded.
   */
  invoke(event: unknown): Promise<unknown>;
  /** Fails every invocation, those under way and those to come: the runtime is gone. */
  fail(reason: Error): void;
  close(): Promise<void>;
}

interface Invocation {
  readonly id: string;
  readonly event: unknown;
  readonly settled: PromiseWithResolvers<unknown>;
}

/** How long a function may take, in milliseconds: the stack's timeout. */
const deadlineIn = 15_000;

const prefix = '/2018-06-01/runtime';

class Invocations {
  readonly #queue: Invocation[] = [];
  readonly #waiting: ServerResponse[] = [];
  readonly #running = new Map<string, Invocation>();
  #failure: Error | undefined;

  invoke(event: unknown): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const invocation = { id: randomUUID(), event, settled: Promise.withResolvers<unknown>() };
    this.#running.set(invocation.id, invocation);
    this.#queue.push(invocation);
    this.#hand();
    return invocation.settled.promise;
  }

  next(response: ServerResponse): void {
    this.#waiting.push(response);
    this.#hand();
  }

  settle(id: string, returned: boolean, body: unknown): boolean {
    const invocation = this.#running.get(id);
    if (invocation === undefined) return false;
    this.#running.delete(id);
    if (returned) invocation.settled.resolve(body);
    else invocation.settled.reject(reported('The function threw', body));
    return true;
  }

  fail(reason: Error): void {
    this.#failure ??= reason;
    for (const { settled } of this.#running.values()) settled.reject(reason);
    this.#running.clear();
  }

  #hand(): void {
    while (this.#queue.length > 0 && this.#waiting.length > 0) {
      const invocation = this.#queue.shift();
      const response = this.#waiting.shift();
      if (invocation === undefined || response === undefined) return;
      response
        .writeHead(200, {
          'Content-Type': 'application/json',
          'Lambda-Runtime-Aws-Request-Id': invocation.id,
          'Lambda-Runtime-Deadline-Ms': `${Date.now() + deadlineIn}`,
          'Lambda-Runtime-Invoked-Function-Arn': 'arn:aws:lambda:us-east-1:000000000000:function:local',
          'Lambda-Runtime-Trace-Id':
            'Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0',
        })
        .end(JSON.stringify(invocation.event));
    }
  }
}

const reported = (what: string, body: unknown): Error => new Error(`${what}: ${JSON.stringify(body)}`);

const settledPath = new RegExp(`^${prefix}/invocation/([^/]+)/(response|error)$`);

const route = async (invocations: Invocations, request: IncomingMessage, response: ServerResponse) => {
  const path = request.url ?? '';
  if (request.method === 'GET' && path === `${prefix}/invocation/next`) return invocations.next(response);
  const body = await json(request);
  const [, id, outcome] = settledPath.exec(path) ?? [];
  let known = path === `${prefix}/init/error`;
  if (known) invocations.fail(reported('The function could not be loaded', body));
  else if (id !== undefined) known = invocations.settle(id, outcome === 'response', body);
  response.writeHead(known ? 202 : 404).end();
};

/** Starts the stand-in on a free port of 127.0.0.1. */
export const startRuntimeApi = async (): Promise<RuntimeApi> => {
  const invocations = new Invocations();
  const server = createServer((request, response) => {
    route(invocations, request, response).catch((thrown: unknown) => response.destroy(thrown as Error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    invoke: (event) => invocations.invoke(event),
    fail: (reason) => invocations.fail(reason),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
};
