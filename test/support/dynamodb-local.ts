import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import type { Listening } from '../../local/http-server.ts';

// By name, so that Java is no dependency of the project.
const javaCommand = 'java';
const folder = process.env['DYNAMODB_LOCAL_DIR'] ?? '';

/** Why AWS's DynamoDB Local can't be started here; undefined where it can. */
export const dynamoDbLocalMissing = (): string | undefined => {
  if (!existsSync(path.join(folder, 'DynamoDBLocal.jar')))
    return 'DYNAMODB_LOCAL_DIR names no folder with DynamoDBLocal.jar';
  try {
    execFileSync(javaCommand, ['-version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'there is no Java';
  }
};

const freePort = async (): Promise<number> => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
};

const connects = async (port: number): Promise<boolean> => {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
};

const ended = async (java: ChildProcess): Promise<void> => {
  if (java.exitCode !== null || java.signalCode !== null) return;
  java.kill();
  await once(java, 'exit');
};

/**
 * Starts AWS's own DynamoDB Local in memory, without a table and without its telemetry.
 *
 * @throws Error where Java ends before it listens.
 */
export const startDynamoDbLocal = async (): Promise<Listening> => {
  const port = await freePort();
  const java = spawn(
    javaCommand,
    [
      '-Djava.library.path=./DynamoDBLocal_lib',
      ...['-jar', 'DynamoDBLocal.jar', '-inMemory', '-disableTelemetry', '-port', `${port}`],
    ],
    { cwd: folder, stdio: 'ignore', env: { ...process.env, DDB_LOCAL_TELEMETRY: '0' } },
  );
  // A refused connection costs a few milliseconds, so that looking again needs no timer of its own.
  while (!(await connects(port))) {
    if (java.exitCode !== null) throw new Error(`DynamoDB Local ended with ${java.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { url: `http://127.0.0.1:${port}`, port, close: () => ended(java) };
};
