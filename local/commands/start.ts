import { parseArgs } from 'node:util';
import { addresses, asText } from '../server/addresses.ts';
import { loadFunctions } from '../server/local-functions.ts';
import { startServer } from '../server/server.ts';
import { startWorld } from '../world.ts';

const usage = 'npm start -- --port N, where N is a port from 0 (any free one) to 65534';

const portOf = (): number => {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '3000' } } });
  const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : Number.NaN;
  if (!(port <= 65_534)) throw new RangeError('--port');
  return port;
};

const say = (text: string): void => {
  process.stderr.write(text);
};

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : 'unknown error');

/** Starts all, tells where, and stops at the first signal. */
const start = async (port: number): Promise<void> => {
  // Lambda's functions write their logs and metrics to stdout; here stdout is for the one line that a program waits for.
  const writeLine = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);

  const world = await startWorld({ emulatorPort: port === 0 ? 0 : port + 1 });
  const functions = loadFunctions(world.env, (defect) => say(`${defect}\n`));
  const { url } = await startServer({ port, functions, emulatorUrl: world.emulatorUrl });
  say(`Phone verification on this machine. Ctrl-C stops all.\n\n`);
  say(`${asText(addresses(url, world.emulatorUrl, functions))}\n`);
  writeLine(`ready ${url}\n`);
};

// All there is lives in this process: ending it closes every port and connection.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(0));

let port: number;
try {
  port = portOf();
} catch {
  say(`That is not how it is started; use ${usage}\n`);
  process.exit(2);
}
try {
  await start(port);
} catch (thrown) {
  say(`${messageOf(thrown)}\n`);
  process.exit(1);
}
