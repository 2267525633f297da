import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const bootstrap = join(import.meta.dirname, '../../local/run.mjs');

// Stands in for npm: installs the lock file's packages as npm would leave them, and counts its runs. Lambda's Node is
// the one that runs this test.
const fakeNpm = `
import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
appendFileSync('npm-runs', process.argv.slice(2).join(' ') + '\\n');
console.log('npm says hello');
const [command] = process.argv.slice(2);
if (process.env.NPM_FAILS === command) {
  console.error('npm error code ECONNREFUSED\\nnpm error FetchError: refused\\nnpm error     at ClientRequest.emit (node:events:1:1)');
  process.exit(1);
}
if (command === 'rebuild') {
  if (!process.env.NPM_SKIPS_SCRIPTS) symlinkSync(process.execPath, 'node_modules/node/bin/node');
  process.exit();
}
rmSync('node_modules', { recursive: true, force: true });
mkdirSync('node_modules/node/bin', { recursive: true });
cpSync('tool.js', 'node_modules/tool/cli.js');
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
delete packages[''];
delete packages['node_modules/elsewhere'];
writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages }));
`;

const lockFile = (toolVersion: string) =>
  JSON.stringify({
    packages: {
      '': {},
      'node_modules/node': { version: '24.0.0', integrity: 'a', bin: { node: 'bin/node' } },
      'node_modules/@scope/tool': {
        version: toolVersion,
        integrity: toolVersion,
        bin: { tool: '../../tool/cli.js' },
      },
      'node_modules/elsewhere': { version: '1.0.0', integrity: 'c', optional: true },
    },
  });

const report = 'console.log(JSON.stringify({ args: process.argv.slice(2), path: process.env.PATH }))';

// Makes the host's Node say it is another version.
const pretend = (version: string) => ({
  NODE_OPTIONS: `--import="data:text/javascript,Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })"`,
});

describe('a command', () => {
  let root: string;
  let started: ChildProcess[];

  beforeEach(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'bootstrap-')));
    started = [];
    await mkdir(join(root, 'local'));
    await Promise.all([
      cp(bootstrap, join(root, 'local/run.mjs')),
      writeFile(join(root, 'npm-cli.mjs'), fakeNpm),
      writeFile(join(root, 'package-lock.json'), lockFile('1.0.0')),
      writeFile(
        join(root, 'package.json'),
        JSON.stringify({ allowScripts: { node: true, evil: false, esbuild: true } }),
      ),
      writeFile(join(root, 'command.ts'), `const typed: string = 'x'; void typed; ${report}`),
      writeFile(join(root, 'tool.js'), report),
    ]);
  });

  afterEach(async () => {
    for (const child of started) child.kill('SIGKILL');
    await rm(root, { recursive: true });
  });

  const start = (args: readonly string[], env: Record<string, string> = {}) => {
    const child = spawn(process.execPath, ['local/run.mjs', ...args], {
      cwd: root,
      env: { PATH: process.env['PATH'], npm_execpath: join(root, 'npm-cli.mjs'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    started.push(child);
    const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
    return { child, stdout: text(child.stdout), stderr: text(child.stderr), ended };
  };

  const run = async (args: readonly string[], env?: Record<string, string>) => {
    const { stdout, stderr, ended } = start(args, env);
    return { ...(await ended), stdout: await stdout, stderr: await stderr };
  };

  const npmRuns = async () => (await readFile(join(root, 'npm-runs'), 'utf8')).trim().split('\n');

  it('installs what the lock file says when it is the first, says so in one line, and runs', async () => {
    const { code, stdout, stderr } = await run(['command.ts', 'a', 'b c']);
    expect(code).toBe(0);
    const { args, path } = JSON.parse(stdout);
    expect(args).toEqual(['a', 'b c']);
    expect(path.split(':')[0]).toBe(join(root, 'node_modules/.bin'));
    expect(stderr).toBe('Installing what package-lock.json says (first run) …\n');
    expect(await npmRuns()).toEqual([
      expect.stringMatching(/^ci --include=dev --no-audit --no-fund --ignore-scripts --loglevel=error /),
      expect.stringMatching(/^rebuild node esbuild --loglevel=error /),
    ]);
  });

  it('installs again where the scripts that it allows did not end well', async () => {
    const { code, stderr } = await run(['command.ts'], { NPM_FAILS: 'rebuild' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/npm could not install the packages, .*try again\.\n$/);
    expect(await run(['command.ts'])).toMatchObject({ code: 0 });
    expect(await npmRuns()).toHaveLength(4);
    expect(await run(['command.ts'])).toMatchObject({ code: 0, stderr: '' });
  });

  it('installs again when the lock file has changed, and only then', async () => {
    await run(['command.ts']);
    expect(await run(['command.ts'])).toMatchObject({ code: 0, stderr: '' });
    await writeFile(join(root, 'package-lock.json'), lockFile('1.0.1'));
    expect((await run(['command.ts'])).stderr).toContain(
      'Installing what package-lock.json says (it has changed) …',
    );
    expect(await npmRuns()).toHaveLength(4);
  });

  it('lets one of several that start at once install, and runs them all', async () => {
    const runs = await Promise.all([1, 2, 3, 4].map((n) => run(['command.ts', `${n}`])));
    expect(runs.map(({ code, stdout }) => [code, JSON.parse(stdout).args])).toEqual(
      [1, 2, 3, 4].map((n) => [0, [`${n}`]]),
    );
    expect(await npmRuns()).toHaveLength(2);
  });

  it('runs a program that a package brings', async () => {
    expect(JSON.parse((await run(['--bin', 'tool', 'a'])).stdout).args).toEqual(['a']);
    expect(await run(['--bin', 'nope'])).toMatchObject({
      code: 1,
      stderr: 'No package brings a program called nope.\n',
    });
  });

  it('says in a sentence that npm could not install', async () => {
    const { code, stdout, stderr } = await run(['command.ts'], { NPM_FAILS: 'ci' });
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('npm error code ECONNREFUSED\nnpm error FetchError: refused\n');
    expect(stderr).toMatch(/npm could not install the packages, .*try again\.\n$/);
    expect(stderr).not.toContain('    at ');
  });

  it("uses the host's Node where Lambda's was not installed and the host's can run TypeScript", async () => {
    expect(await run(['command.ts'], { NPM_SKIPS_SCRIPTS: '1' })).toMatchObject({ code: 0 });
    const { code, stderr } = await run(['command.ts'], pretend('22.17.1'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Node 24 is missing from node_modules, .*npm rebuild node/);
  });

  it('says in a sentence that Node is too old', async () => {
    const { code, stderr } = await run(['command.ts'], pretend('18.20.8'));
    expect(code).toBe(1);
    expect(stderr).toBe(
      'This needs Node.js 20 or newer; this one is 18.20.8. Get it from https://nodejs.org\n',
    );
    expect(await run(['command.ts'], pretend('20.0.0'))).toMatchObject({ code: 0 });
  });

  it('ends as what it runs ends', async () => {
    await writeFile(join(root, 'command.ts'), 'process.exit(7)');
    expect(await run(['command.ts'])).toMatchObject({ code: 7, signal: null });
    await writeFile(join(root, 'command.ts'), "process.kill(process.pid, 'SIGKILL')");
    expect(await run(['command.ts'])).toMatchObject({ code: null, signal: 'SIGKILL' });
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('passes %s on and waits for the end', async (signal) => {
    const wait = `process.on('${signal}', () => { console.log('bye'); process.exit(3); }); setInterval(() => {}, 1e6); console.log('up')`;
    await writeFile(join(root, 'command.ts'), wait);
    const { child, ended, stdout } = start(['command.ts']);
    child.stdout?.once('data', () => child.kill(signal));
    expect(await ended).toEqual({ code: 3, signal: null });
    expect(await stdout).toBe('up\nbye\n');
  });
});
