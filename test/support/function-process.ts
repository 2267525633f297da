import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { HostRequest } from './function-host.ts';

/** The deployed functions in a process of their own, whose every output is kept. */
export interface FunctionProcess {
  invoke(
    name: string,
    event: unknown,
    options?: { readonly remaining?: number; readonly trouble?: string },
  ): Promise<unknown>;
  /** Prints a text there. */
  print(text: string): Promise<void>;
  /** Ends the process and gives all that it wrote to stdout and stderr. */
  end(): Promise<string>;
}

/**
 * Starts the functions in a process of their own.
 *
 * @param env - the whole environment of that process.
 */
export const startFunctions = (env: Readonly<Record<string, string>>): FunctionProcess => {
  const child = fork(fileURLToPath(new URL('function-host.ts', import.meta.url)), {
    env,
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  const output: Buffer[] = [];
  // Not the child's own 'close', which never comes once this side has disconnected.
  const closed = Promise.all([
    once(child, 'exit'),
    ...[child.stdout, child.stderr].map((stream) =>
      stream === null
        ? null
        : once(
            stream.on('data', (chunk: Buffer) => output.push(chunk)),
            'close',
          ),
    ),
  ]);

  const ask = async (request: HostRequest): Promise<unknown> => {
    const answered = once(child, 'message');
    child.send(request);
    // A process that dies answers nothing.
    const died = closed.then(() => Promise.reject(new Error(`It died:\n${Buffer.concat(output)}`)));
    const [answer] = await Promise.race([answered, died]);
    return answer;
  };

  return {
    invoke: (name, event, { remaining = 30_000, trouble } = {}) =>
      ask({ invoke: name, event, remaining, trouble }),
    async print(text) {
      await ask({ print: text });
    },
    async end() {
      child.disconnect();
      await closed;
      return Buffer.concat(output).toString('utf8');
    },
  };
};
