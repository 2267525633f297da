import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';

const command = (...args: string[]) =>
  spawn(process.execPath, ['local/commands/emulator.ts', ...args], { stdio: 'pipe' });

const ended = async (...args: string[]) => {
  const child = command(...args);
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (data) => (text[name] += data));
  const [code] = await once(child, 'close');
  return { code, ...text };
};

test('prints one line when it is ready, refuses a second start on its port, and ends on Ctrl-C', async () => {
  const child = command('--port', '0');
  child.stderr.resume();
  const lines = createInterface({ input: child.stdout });
  const [line] = await once(lines, 'line');
  expect(line).toMatch(/^ready http:\/\/127\.0\.0\.1:\d+$/);
  const url = String(line).slice('ready '.length);
  expect((await fetch(`${url}/_emulator/messages`)).status).toBe(200);
  const { port } = new URL(url);
  expect(await ended('--port', port)).toEqual({
    code: 1,
    stdout: '',
    stderr: `Port ${port} on 127.0.0.1 is taken; choose another with --port\n`,
  });
  child.kill('SIGINT');
  expect(await once(child, 'close')).toEqual([0, null]);
});

test.each([
  [['--port', '65536'], '--port must be a whole number from 0 to 65535'],
  [['--port', 'x'], '--port must be a whole number from 0 to 65535'],
  [['--prot', '1'], "Unknown option '--prot'"],
  [['3001'], "Unexpected argument '3001'"],
])('a wrong argument is a sentence and exit code 2: %j', async (args, sentence) => {
  const { code, stdout, stderr } = await ended(...args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(sentence);
  expect(stderr).not.toContain('    at ');
});
