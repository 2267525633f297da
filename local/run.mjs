// Every npm script starts here: node local/run.mjs FILE [ARGUMENT…]  or  node local/run.mjs --bin NAME [ARGUMENT…]
//
// Makes sure that what package-lock.json says is installed, then runs the file, or the program a package brings, on
// Lambda's own Node, which is one of the packages. This file itself runs on whatever Node the machine has, so it is
// plain JavaScript that old versions can at least parse.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const windows = process.platform === 'win32';

const say = (sentence) => process.stderr.write(`${sentence}\n`);

const fail = (sentence) => {
  say(sentence);
  process.exit(1);
};

/** npm's own record of what it installed. */
const record = join(modules, '.package-lock.json');

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** Whether the host's Node is at least this version. */
const hostIs = (major, minor) => {
  const host = process.versions.node.split('.').map(Number);
  return host[0] > major || (host[0] === major && host[1] >= minor);
};

/** What the lock file says, by folder. */
const locked = () => readJson(join(root, 'package-lock.json')).packages;

/**
 * Whether npm's own record of what it installed names every package of the lock file in its version. Optional ones
 * are for other machines when they are missing. npm writes the record last, so an interrupted install has none.
 */
const isInstalled = () => {
  let installed;
  try {
    installed = readJson(record).packages;
  } catch {
    return false;
  }
  return Object.entries(locked()).every(([folder, { integrity, optional, version }]) => {
    if (folder === '') return true;
    const found = installed[folder];
    return found === undefined
      ? optional === true
      : found.version === version && found.integrity === integrity;
  });
};

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

const sleep = (milliseconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

/** The process that holds a lock; 0 where nobody does, or it has not said who it is yet. */
const ownerOf = (lock) => {
  try {
    return Number(readFileSync(lock, 'utf8'));
  } catch {
    return 0;
  }
};

/**
 * Waits until no other process of this checkout installs, and then holds the others off until this one ends or calls
 * what it got: two commands started at once would otherwise both install into one folder. A lock whose owner
 * died is taken over.
 */
const lockInstall = () => {
  const id = createHash('sha256').update(root).digest('hex').slice(0, 16);
  const lock = join(tmpdir(), `install-${id}.lock`);
  for (let waited = false; ; waited = true) {
    try {
      writeFileSync(lock, `${process.pid}`, { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = ownerOf(lock);
    if (owner > 0 && !isAlive(owner)) rmSync(lock, { force: true });
    else if (!waited) say('Waiting for another command that is installing …');
    sleep(200);
  }
  const unlock = () => rmSync(lock, { force: true });
  process.once('exit', unlock);
  return () => {
    process.removeListener('exit', unlock);
    unlock();
  };
};

const npm = (...args) => {
  const { npm_execpath: path } = process.env;
  // pnpm and yarn set the variable too, and know no `ci` of this lock file.
  const [command, ...first] =
    path && basename(path).startsWith('npm') ? [process.execPath, path] : [windows ? 'npm.cmd' : 'npm'];
  // npm's own first wait is ten seconds, which is long where there is no network at all.
  const patience = ['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=10000'];
  const { status, stderr } = spawnSync(command, [...first, ...args, '--loglevel=error', ...patience], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    shell: windows && first.length === 0,
  });
  if (status === 0) return;
  say(reasonsOf(stderr || ''));
  fail(
    'npm could not install the packages, for the reason above. Fix it (often: the network) and try again.',
  );
};

const install = () => {
  const why = existsSync(modules) ? 'it has changed' : 'first run';
  say(`Installing what package-lock.json says (${why}) …`);
  // npm 10 and 11 would run every package's install script, whatever `allowScripts` says.
  npm('ci', '--include=dev', '--no-audit', '--no-fund', '--ignore-scripts');
  const { allowScripts } = readJson(join(root, 'package.json'));
  const allowed = Object.keys(allowScripts).filter((name) => allowScripts[name] === true);
  // Without its record an install that ends here is known to be unfinished.
  const installed = readFileSync(record);
  rmSync(record);
  // Without a name npm would rebuild all.
  if (allowed.length > 0) npm('rebuild', ...allowed);
  writeFileSync(record, installed);
};

/** What npm says of its failure, without stack traces and help. */
const reasonsOf = (stderr) =>
  stderr
    .split('\n')
    .filter((line) => /^npm error [^\s}]/.test(line))
    .slice(0, 5)
    .join('\n');

/** Lambda's Node; where its binary was not installed, the host's if it can run TypeScript. */
const node = () => {
  const bundled = join(modules, 'node', 'bin', windows ? 'node.exe' : 'node');
  if (existsSync(bundled)) return bundled;
  if (hostIs(22, 18)) return process.execPath;
  return fail(
    'Node 24 is missing from node_modules, because npm was told not to run install scripts. ' +
      'Run "npm rebuild node --ignore-scripts=false", or use Node 24 yourself, then run the command again.',
  );
};

/** The JavaScript file behind a program that one of the packages brings. */
const program = (name) => {
  const direct = /^node_modules\/(?:@[^/]+\/)?[^/]+$/;
  const owner = Object.entries(locked()).find(([folder, { bin }]) => direct.test(folder) && bin?.[name]);
  return owner
    ? join(root, owner[0], owner[1].bin[name])
    : fail(`No package brings a program called ${name}.`);
};

const run = (file, args) => {
  process.env.PATH = `${join(modules, '.bin')}${delimiter}${process.env.PATH}`;
  const child = spawn(node(), [file, ...args], { stdio: 'inherit' });
  child.on('error', () =>
    fail('Node 24 of node_modules does not start on this machine; use Node 24 yourself.'),
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // At a terminal, Ctrl-C reaches the child by itself, and a second one often means "at once".
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
};

if (!hostIs(20, 0))
  fail(
    `This needs Node.js 20 or newer; this one is ${process.versions.node}. Get it from https://nodejs.org`,
  );
if (!isInstalled()) {
  const unlock = lockInstall();
  if (!isInstalled()) install();
  unlock();
}
const [first, ...rest] = process.argv.slice(2);
if (first === undefined) fail('Say which file to run: node local/run.mjs FILE, or --bin NAME.');
if (first === '--bin') run(program(rest[0]), rest.slice(1));
else run(resolve(root, first), rest);
