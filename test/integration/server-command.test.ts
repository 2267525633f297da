import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { listen } from '../../local/http-server.ts';
import { expectHttpAnswer } from '../support/contract.ts';
import { postJson, send } from '../support/http-request.ts';

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const run = (argument: readonly string[], environment: NodeJS.ProcessEnv = {}) => {
  const file = fileURLToPath(new URL('../../local/commands/start.ts', import.meta.url));
  const child = spawn(process.execPath, [file, ...argument], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    out.stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    out.stderr += chunk.toString();
  });
  const ended = once(child, 'close').then(([code]: unknown[]) => ({ code, ...out }));
  const ready = Promise.race([
    once(child.stdout, 'data').then(() => out.stdout.trim().replace(/^ready /, '')),
    ended.then((end) => Promise.reject(new Error(`It ended: ${JSON.stringify(end)}`))),
  ]);
  ready.catch(() => undefined);
  return { child, ready, ended };
};

test.each(['SIGINT', 'SIGTERM'] as const)(
  'serves until %s, with one line on stdout and the logs and metrics on stderr',
  async (signal) => {
    const { child, ready, ended } = run(['--port', '0']);
    const url = await ready;
    expect(expectHttpAnswer(await postJson(`${url}/check_verification`, '{}'))).toBe('invalid_input');
    const agent = new Agent({ keepAlive: true });
    await send(url, { agent });
    child.kill(signal);
    const end = await ended;
    agent.destroy();
    expect(end).toMatchObject({ code: 0, stdout: `ready ${url}\n` });
    expect(end.stderr).toContain(`POST ${url}/start_verification`);
    expect(end.stderr).toContain('Ctrl-C');
    expect(end.stderr).toContain('"event":"request_refused"');
    expect(end.stderr).toContain('"CloudWatchMetrics"');
  },
);

test('says which port is taken', async () => {
  const taken = await listen(createServer(), 0);
  const end = await run(['--port', String(taken.port)]).ended;
  await taken.close();
  expect(end).toMatchObject({ code: 1, stdout: '' });
  // The next port, which is the emulator's, may happen to be taken as well, and is then named first.
  const [, port] =
    /^Port (\d+) on 127\.0\.0\.1 is taken; choose another with --port\n$/.exec(end.stderr) ?? [];
  expect([taken.port, taken.port + 1]).toContain(Number(port));
});

test.each([['--port', 'x'], ['--port', '65535'], ['--port', '-1'], ['--port'], ['--prot', '3000'], ['3000']])(
  'says how it is started when told %s %s',
  async (...argument) => {
    const { code, stdout, stderr } = await run(argument).ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^[^\n]*npm start -- --port N[^\n]*\n$/);
  },
);

test('says which key of the policy is wrong', async () => {
  const { code, stdout, stderr } = await run(['--port', '0'], { VERIFY_POLICY: '{"chanels":[]}' }).ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^[^\n]*chanels[^\n]*\n$/);
});

test('uses the Twilio that the environment names, and starts no emulator', async () => {
  const twilio = await listen(
    createServer((_, response) => {
      response
        .writeHead(201, { 'Content-Type': 'application/json' })
        .end(JSON.stringify({ sid: `VE${'a'.repeat(32)}`, status: 'pending', valid: false }));
    }),
    0,
  );
  const { child, ready, ended } = run(['--port', '0'], { TWILIO_API_BASE_URL: twilio.url });
  const answer = await postJson(`${await ready}/start_verification`, '{"to_phone":"+14155550123"}');
  child.kill('SIGTERM');
  const { stderr } = await ended;
  await twilio.close();
  expect(JSON.parse(answer.body)).toMatchObject({ success: true, sid: `VE${'a'.repeat(32)}` });
  expect(stderr).not.toContain('_emulator');
});
