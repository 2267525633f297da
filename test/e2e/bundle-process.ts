import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Starts a program on this Node in a process of its own. What it prints is dropped; what it sends is kept. */
export const startProcess = (program: URL, args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess =>
  fork(fileURLToPath(program), args, { env, execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });

/** What the host of a bundle answers to an event. */
export interface HostAnswer {
  /** What the function returned. */
  readonly result: unknown;
  /** The most memory the process has held, KiB. */
  readonly peakRssInKiB: number;
}

/** Starts a bundle as Lambda does. An event is sent to it as a message; it answers with a {@link HostAnswer}. */
export const startBundle = (file: string, env: NodeJS.ProcessEnv): ChildProcess =>
  startProcess(new URL('bundle-host.mjs', import.meta.url), [file], env);

/**
 * The next message that a program sends.
 *
 * @throws Error where it ends without one.
 */
export const messageFrom = async (child: ChildProcess): Promise<unknown> => {
  const ended = new AbortController();
  const exit = once(child, 'exit', { signal: ended.signal }).then(([code]) => {
    throw new Error(`${child.spawnargs.slice(1).join(' ')} ended with ${code} and no answer`);
  });
  try {
    const [message] = await Promise.race([once(child, 'message'), exit]);
    return message;
  } finally {
    exit.catch(() => undefined);
    ended.abort();
  }
};
