// Runs the service against a Prism mock of Twilio's own OpenAPI file instead of the emulator, changed by nothing but
// TWILIO_API_BASE_URL: node test/e2e/prism.ts FOLDER, where FOLDER has @stoplight/prism-cli and @twilio/cli-core
// installed.
import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [folder] = process.argv.slice(2);
assert.ok(folder !== undefined, 'node test/e2e/prism.ts FOLDER');

const started: ChildProcess[] = [];

/** Starts a program in a process group of its own and waits for the line that says it is up. */
const startUntil = (up: RegExp, command: string, args: readonly string[], env: NodeJS.ProcessEnv) => {
  const program = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  started.push(program);
  const lines = createInterface({ input: program.stdout });
  return new Promise<RegExpExecArray>((resolve, reject) => {
    lines.on('line', (line) => {
      const match = up.exec(line);
      if (match !== null) resolve(match);
    });
    lines.on('close', () => reject(new Error(`${command} ${args.join(' ')} ended before it was up`)));
  });
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

/** Asks the service, and gives back status, envelope and the headers that every reply has. */
const post = async (url: string, input: object): Promise<string> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(input),
  });
  const { headers } = response;
  assert.match(headers.get('Content-Type') ?? '', /^application\/json/);
  assert.equal(headers.get('Cache-Control'), 'no-store');
  assert.ok(headers.has('X-Request-Id'));
  const reply = `${response.status} ${headers.get('Verify-Error') ?? '-'} ${await response.text()}`;
  process.stdout.write(`${new URL(url).pathname} ${reply}\n`);
  return reply;
};

// The SID of the OpenAPI file's examples.
const sid = `VE${'a'.repeat(32)}`;

try {
  const mock = `http://127.0.0.1:${await freePort()}`;
  const specification = join(
    folder,
    'node_modules/@twilio/cli-core/src/services/twilio-api/twilio_verify_v2.json',
  );
  const prism = join(folder, 'node_modules/@stoplight/prism-cli/dist/index.js');
  // With --errors a request that the specification does not allow is refused, not only logged.
  const mockArgs = [
    prism,
    'mock',
    '--errors',
    '--host',
    '127.0.0.1',
    '--port',
    new URL(mock).port,
    specification,
  ];
  await startUntil(/Prism is listening/, process.execPath, mockArgs, process.env);
  const [, service = ''] = await startUntil(/^ready (http:\S+)$/, 'npm', ['start', '--', '--port', '0'], {
    ...process.env,
    TWILIO_API_BASE_URL: mock,
  });
  const to_phone = '+14155552671';
  assert.equal(
    await post(`${service}/start_verification`, { to_phone }),
    `200 - {"success":true,"sid":"${sid}","status":"pending","valid":true,"error":null}`,
  );
  assert.equal(
    await post(`${service}/check_verification`, { to_phone, code: '123456' }),
    `200 - {"success":true,"sid":"${sid}","status":"approved","valid":true,"error":null}`,
  );
  assert.match(
    await post(`${service}/check_verification`, { to_phone }),
    /^400 invalid_input {"success":false,"sid":null,"status":null,"valid":false,"error":"code is required[^"]*"}$/,
  );
} finally {
  for (const { pid, exitCode } of started) if (pid !== undefined && exitCode === null) process.kill(-pid);
}
