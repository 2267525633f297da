import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const scratch = mkdtempSync(join(tmpdir(), 'new-function-'));
const modules = join(root, 'node_modules');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Resource {
  readonly Properties?: { readonly FunctionName?: string; readonly Code: { readonly S3Key: string } };
}

/** Runs a program of Node in the copy of the project, with nothing of this process's environment but the path. */
const run = (program: string, ...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const options = { cwd: scratch, env: { PATH: process.env['PATH'], NO_COLOR: '1' } };
    const child = execFile(process.execPath, [program, ...args], options, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });

const newFunction = (...args: string[]) => run('local/commands/new-function.ts', ...args);

beforeAll(async () => {
  // What git knows, and what it would take: no checkout, as after an unpacked archive.
  const { stdout } = await promisify(execFile)(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'],
    { cwd: root, maxBuffer: 16 * 1024 * 1024 },
  );
  const { stdout: deleted } = await promisify(execFile)('git', ['ls-files', '-z', '--deleted'], {
    cwd: root,
  });
  // Where the modules are a link themselves, git takes it for a file.
  const gone = new Set(['', 'node_modules', ...deleted.split('\0')]);
  for (const file of stdout.split('\0').filter((name) => !gone.has(name))) {
    mkdirSync(dirname(join(scratch, file)), { recursive: true });
    cpSync(join(root, file), join(scratch, file));
  }
  symlinkSync(modules, join(scratch, 'node_modules'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** The sources in the bundle that a synthesized function would be deployed with. */
const bundledFor = (name: string): readonly string[] => {
  const assembly = join(scratch, 'cdk.out');
  const template = readdirSync(assembly).find((file) => file.endsWith('.template.json')) ?? '';
  const { Resources } = JSON.parse(readFileSync(join(assembly, template), 'utf8'));
  const resources: readonly Resource[] = Object.values(Resources);
  const found = resources.find(({ Properties }) => Properties?.FunctionName === name)?.Properties;
  const asset = `asset.${basename(found?.Code.S3Key ?? '', '.zip')}`;
  return JSON.parse(readFileSync(join(assembly, asset, 'index.mjs.map'), 'utf8')).sources;
};

describe('npm run new-function', () => {
  test.each([
    [[], 'Give the name of one function'],
    [['hello_phone', 'hello_mail'], 'Give the name of one function'],
    [['--force', 'hello_phone'], 'Give the name of one function'],
    [['hello'], 'two words or more'],
    [['HelloPhone'], 'two words or more'],
    [['hello-phone'], 'two words or more'],
    [['../hello_phone'], 'two words or more'],
    [[`hello_${'phone'.repeat(9)}`], 'longer than'],
    [['start_verification'], 'functions/start_verification.ts is there already'],
    [['authorize_caller'], 'the name of another Lambda'],
  ])('refuses %j with a sentence, and writes nothing', async (args, sentence) => {
    const before = readFileSync(join(scratch, 'functions/catalog.ts'), 'utf8');
    const { code, stdout, stderr } = await newFunction(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain('    at ');
    expect(readFileSync(join(scratch, 'functions/catalog.ts'), 'utf8')).toBe(before);
  });

  test('explains itself', async () => {
    const { code, stdout } = await newFunction('--help');
    expect(code).toBe(0);
    expect(stdout).toContain('npm run new-function -- NAME');
  });

  test('lays down a function that is green at once', async () => {
    expect(await newFunction('hello_phone')).toMatchObject({ code: 0, stderr: '' });
    const modulesBin = (name: string) => join(modules, name);
    const checks = await Promise.all([
      run(modulesBin('typescript/bin/tsc'), '-p', '.'),
      run(modulesBin('@biomejs/biome/bin/biome'), 'ci', '.'),
      run(modulesBin('knip/bin/knip.js')),
    ]);
    expect(checks.filter(({ code }) => code !== 0)).toEqual([]);
    const tests = [
      'test/unit/hello-phone',
      'test/architecture',
      'test/integration/catalogue',
      'test/unit/environment',
    ];
    const tested = await run(
      modulesBin('vitest/vitest.mjs'),
      'run',
      ...tests.map((file) => `${file}.test.ts`),
    );
    expect(tested.code, tested.stdout).toBe(0);
  });

  test('whose job answers as it declares', async () => {
    const job = (...args: string[]) => run('local/commands/job.ts', '--main', 'hello_phone', ...args);
    const [right, wrong] = await Promise.all([
      job('--input.to_phone', '+14155552671'),
      job('--input.to_phone', '415'),
    ]);
    expect(right).toMatchObject({
      code: 0,
      stdout: '{"success":true,"error":null,"to_country":"US","number_type":"fixed_line_or_mobile"}\n',
    });
    expect(wrong.code).toBe(1);
    expect(JSON.parse(wrong.stdout)).toMatchObject({ success: false, to_country: null, number_type: null });
    expect((await run('local/commands/job.ts', '--help')).stdout).toContain('hello_phone: Says the country');
  });

  test('whose bundle holds no table, no secret and no Twilio', async () => {
    const synth = await run(join(modules, 'aws-cdk/bin/cdk'), 'synth', '--quiet');
    expect(synth.code, synth.stderr).toBe(0);
    const sources = bundledFor('hello_phone');
    expect(sources.filter((path) => /(^|\/)functions\/hello_phone\.ts$/.test(path))).toHaveLength(1);
    expect(sources.filter((path) => /dynamodb|secrets-manager|\/twilio/.test(path))).toEqual([]);
  });

  test('refuses to lay down the same again', async () => {
    const { code, stderr } = await newFunction('hello_phone');
    expect(code).toBe(2);
    expect(stderr).toContain('functions/hello_phone.ts is there already');
  });
});
