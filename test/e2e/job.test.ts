import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmulator } from '../../local/emulator/server.ts';
import { receivedCode } from '../../local/job/received-code.ts';

const root = join(import.meta.dirname, '../..');
const to = '+14155552671';
const keys = ['success', 'sid', 'status', 'valid', 'error'];

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as `npm run job -- …` does. */
const job = (args: readonly string[] = [], env: Record<string, string> = {}): Promise<Ended> =>
  new Promise((resolve) => {
    const command = ['local/commands/job.ts', ...args];
    const child = execFile(
      process.execPath,
      command,
      {
        cwd: root,
        env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...env },
      },
      (_, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });

const lines = ({ stdout }: Ended) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

const expectNothingPersonal = ({ stderr }: Ended) => {
  expect(stderr).not.toMatch(/\d{4}|@/);
  expect(stderr).not.toContain('    at ');
};

describe('the main job', () => {
  it.each([
    ['by SMS', []],
    ['by call', ['--input.channel=call']],
    ['by e-mail', ['--input.channel', 'email', '--input.to_phone', 'ada@example.com']],
    ['to a number as people write it', ['--input.to_phone', '+1 (415) 555-2671']],
  ])('sends a code %s, checks it, and prints two envelopes', async (_, args) => {
    const ended = await job(args);
    const [start, check, ...rest] = lines(ended);
    expect(start).toEqual({
      success: true,
      sid: expect.stringMatching(/^VE[0-9a-f]{32}$/),
      status: 'pending',
      valid: true,
      error: null,
    });
    expect(check).toEqual({ ...start, status: 'approved' });
    expect([start, check].map(Object.keys)).toEqual([keys, keys]);
    expect(rest).toEqual([]);
    expect(ended.code).toBe(0);
    expectNothingPersonal(ended);
  });

  it('fails where the start fails', async () => {
    const ended = await job(['--input.channel', 'fax']);
    expect(lines(ended)).toMatchObject([
      { success: false, error: expect.stringContaining('channel must be') },
    ]);
    expect(ended.code).toBe(1);
  });
});

describe('a run job', () => {
  let folder: string;
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'job-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('of a file is all that is run', async () => {
    const start = await job(['events/run.xs']);
    expect(lines(start)).toMatchObject([{ success: true, status: 'pending' }]);
    expect(start.code).toBe(0);
    const check = await job(['events/check.xs']);
    expect(lines(check)).toMatchObject([{ success: false, sid: null }]);
    expect(check.code).toBe(1);
    expectNothingPersonal(start);
  });

  it('may be JSON, such as what --parse prints', async () => {
    const printed = await job(['--parse', 'events/run.xs']);
    const ended = await job([await file('run.json', printed.stdout)]);
    expect(lines(ended)).toMatchObject([{ success: true }]);
  });

  it('is refused with file, line and column', async () => {
    const broken = await file('broken.xs', 'run.job "x" {\n  main { name: "start_verification" }\n}');
    const unknown = await file('unknown.xs', 'run.job "x" {\n  main = { name: "nope" } }');
    for (const [name, expected] of [
      [broken, `${broken}:2:3: main { … } is not supported`],
      [
        unknown,
        `${unknown}:2:18: there is no such function; there are start_verification, check_verification`,
      ],
    ] as const) {
      const ended = await job([name]);
      expect(ended).toMatchObject({ code: 2, stdout: '' });
      expect(ended.stderr).toContain(expected);
      expectNothingPersonal({ ...ended, stderr: ended.stderr.replaceAll(folder, '') });
    }
  });

  it('does not run where the environment lacks what it names, and names all of it', async () => {
    const needs = await file(
      'needs.xs',
      'run.job "x" { main = { name: "start_verification", input: { to_phone: "+14155552671" } } env = ["twilio_auth_token", "here", "missing_one", "MISSING_TWO"] }',
    );
    expect(await job([needs], { HERE: 'yes' })).toEqual({
      code: 2,
      stdout: '',
      stderr: "The job's env names what the environment lacks: missing_one, MISSING_TWO\n",
    });
    const env = { here: 'yes', MISSING_ONE: 'yes', missing_two: 'yes' };
    expect(lines(await job([needs], env))).toMatchObject([{ success: true }]);
  });
});

describe('with TWILIO_API_BASE_URL', () => {
  let emulator: Awaited<ReturnType<typeof startEmulator>>;
  let noMessages: Server;
  const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  beforeAll(async () => {
    emulator = await startEmulator({ port: 0 });
    noMessages = createServer(async (request, response) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const { method = 'GET', url = '/', headers } = request;
      const answer = url.startsWith('/_emulator')
        ? new Response('no', { status: 404 })
        : await fetch(emulator.url + url, {
            method,
            headers: {
              authorization: headers.authorization ?? '',
              'content-type': headers['content-type'] ?? '',
            },
            body: Buffer.concat(chunks),
          });
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
    });
    await new Promise<void>((resolve) => noMessages.listen(0, '127.0.0.1', resolve));
  });

  afterAll(async () => {
    noMessages.close();
    await emulator.close();
  });

  it('uses that Twilio, and a function runs without a file', async () => {
    const env = { TWILIO_API_BASE_URL: emulator.url };
    const [{ sid }] = lines(await job(['events/run.xs'], env));
    const code = (await receivedCode(emulator.url, to, sid)) ?? '';
    const wrongCode = code === '000000' ? '000001' : '000000';
    const check = (guess: string) =>
      job(
        ['--main', 'check_verification', '--input.to_phone', to, `--input.code=${guess}`, '--input.sid', sid],
        env,
      );
    const wrong = await check(wrongCode);
    expect(lines(wrong)).toEqual([
      { success: true, sid: null, status: 'pending', valid: false, error: null },
    ]);
    expect(wrong.code).toBe(0);
    expect(lines(await check(code))).toEqual([
      { success: true, sid, status: 'approved', valid: true, error: null },
    ]);
  });

  it('says how to check by hand where the code cannot be read', async () => {
    const ended = await job([], { TWILIO_API_BASE_URL: urlOf(noMessages) });
    const [start, ...rest] = lines(ended);
    expect(start).toMatchObject({ success: true, status: 'pending' });
    expect(rest).toEqual([]);
    expect(ended.stderr).toContain(
      `npm run job -- --main check_verification --input.sid ${start.sid} --input.to_phone NUMBER --input.code CODE`,
    );
    expect(ended.code).toBe(1);
  });

  it('fails in an envelope where nothing answers', async () => {
    const ended = await job([], { TWILIO_API_BASE_URL: 'http://127.0.0.1:9' });
    expect(lines(ended)).toMatchObject([{ success: false, error: 'Verification could not be started' }]);
    expect(ended.code).toBe(1);
  });
});

describe('the command line', () => {
  it('prints with --parse what each file holds, one line each, and runs nothing', async () => {
    const ended = await job([
      '--parse',
      'events/check.xs',
      'nope.xs',
      'events/direct',
      'events/scheduled.json',
      'events/run.xs',
    ]);
    expect(lines(ended)).toEqual([
      {
        file: 'events/check.xs',
        job: 'Twilio Verify Check',
        main: { name: 'check_verification', input: { to_phone: to, code: '123456' } },
        env: ['twilio_account_sid', 'twilio_auth_token'],
      },
      { file: 'nope.xs', error: 'nope.xs: there is no such file' },
      { file: 'events/direct', error: 'events/direct: there is no such file' },
      {
        file: 'events/scheduled.json',
        error: expect.stringMatching(/^events\/scheduled\.json:2:3: version is not supported/),
      },
      expect.objectContaining({ file: 'events/run.xs', job: 'Twilio Verify Phone' }),
    ]);
    expect(ended).toMatchObject({ code: 2, stderr: '' });
    expect(await job(['--parse', 'events/run.xs'])).toMatchObject({ code: 0 });
  });

  it('reads no pipe and no device, and of a file no more than a run job may hold', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'job-'));
    const [pipe, huge] = [join(folder, 'pipe'), join(folder, 'huge.xs')];
    execFileSync('mkfifo', [pipe]);
    await writeFile(huge, '');
    await truncate(huge, 2 ** 36);
    const ended = await job(['--parse', pipe, '/dev/zero', huge]);
    expect(lines(ended).map(({ error }) => error)).toEqual([
      `${pipe}: this is a pipe or a device, not a file`,
      '/dev/zero: this is a pipe or a device, not a file',
      `${huge}:1:1: the file is too large for a run job`,
    ]);
    expect(ended).toMatchObject({ code: 2, stderr: '' });
    await rm(folder, { recursive: true });
  });

  it.each([
    ['an escape sequence', '\u001b[31mred.xs'],
    ['one of a single character', '\u009b31mred.xs'],
    ['a line end', 'a\nb.xs'],
    ['a change of direction', '\u202esx.der'],
  ])('prints a name with %s so that a terminal shows it and JSON keeps it', async (_, name) => {
    const [read, run] = await Promise.all([job(['--parse', name]), job([name])]);
    const escaped = `\\u${name.match(/\p{C}/u)?.[0].charCodeAt(0).toString(16).padStart(4, '0')}`;
    expect(lines(read)).toEqual([{ file: name, error: expect.stringMatching(/: there is no such file$/) }]);
    expect(run.stderr).toContain(escaped);
    for (const printed of [read.stdout, run.stderr]) expect(printed.trimEnd()).not.toMatch(/\p{C}/u);
  });

  it('finds a file in the folder that npm was called from', async () => {
    const env = { npm_lifecycle_event: 'job', INIT_CWD: join(root, 'events') };
    expect(lines(await job(['--parse', 'run.xs'], env))).toMatchObject([
      { file: 'run.xs', job: 'Twilio Verify Phone' },
    ]);
  });

  it.each([
    ['an unknown option', ['--nope'], "Unknown option '--nope'. See npm run job -- --help"],
    [
      'an unknown function',
      ['--main', 'nope'],
      '--main: there is no such function; there are start_verification,',
    ],
    ['an option without its value', ['--main'], "Option '--main <value>' argument missing."],
    [
      'a value that looks like an option',
      ['--input.code', '-1'],
      "Option '--input.code' argument is ambiguous.",
    ],
    ['an option that a terminal would obey', ['--\u001b[m'], "Unknown option '--\\u001b[m'"],
    ['a number in the wrong place', [`--${to}`], 'An argument is not understood.'],
    ['two run jobs', ['events/run.xs', 'events/check.xs'], 'One run job can be run at a time'],
    ['--parse without a file', ['--parse'], '--parse needs a file'],
    ['--parse with what it does not use', ['--parse', 'events/run.xs', '--live'], '--parse runs nothing'],
    ['a file that is not there', ['nope.xs'], 'nope.xs: there is no such file'],
    ['a folder', ['events'], 'events: this is a folder'],
    [
      '--live without credentials',
      ['--live'],
      '--live needs the environment to hold twilio_account_sid and twilio_auth_token',
    ],
  ])('refuses %s in a sentence', async (_, args, expected) => {
    const ended = await job(args);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(expected);
    expectNothingPersonal(ended);
  });

  it('helps with every field that the functions declare', async () => {
    const { code, stdout } = await job(['--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('  --input.to_phone (required): a phone number with its country code');
    expect(stdout).toContain('check_verification: Checks a verification code');
  });
});
