import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CommandError, wrong } from '../job/command-error.ts';
import { withFunction } from '../new-function/catalogue-line.ts';
import { readFunctionName } from '../new-function/function-name.ts';
import { filesOf } from '../new-function/templates.ts';

const root = join(import.meta.dirname, '../..');
const catalogue = 'functions/catalog.ts';

const usage = `Lays down a new run function, whose every check and test passes at once.

npm run new-function -- NAME

NAME is the function's one name everywhere: two words or more in lower case, such as hello_phone. It writes
functions/NAME.ts, its line in ${catalogue}, events/NAME.direct.json and a test in test/unit. Everything else
that a function needs is made from its definition.
`;

const nameIn = (argv: readonly string[]): string | undefined => {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h', default: false } },
    });
    if (values.help) return undefined;
    const [name, ...more] = positionals;
    if (name !== undefined && more.length === 0) return name;
  } catch {
    // Said below.
  }
  throw wrong(`Give the name of one function.\n\n${usage}`);
};

/** Sorts the catalogue's imports and breaks its lines as the check wants them. */
const format = (paths: readonly string[]): void => {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const { status, stderr } = spawnSync(process.execPath, [biome, 'check', '--write', ...paths], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The new files could not be formatted; run npm run check.\n${stderr}`);
};

const layDown = (given: string): string => {
  const name = readFunctionName(given, root);
  const files = filesOf(name);
  const taken = files.find(({ path }) => existsSync(join(root, path)));
  if (taken !== undefined) throw wrong(`${taken.path} is there already; give another name`);
  const listed = withFunction(readFileSync(join(root, catalogue), 'utf8'), name);
  for (const { path, text } of files) writeFileSync(join(root, path), text, { flag: 'wx' });
  writeFileSync(join(root, catalogue), listed);
  const paths = [...files.map(({ path }) => path), catalogue];
  format(paths);
  return `Wrote ${paths.join(', ')}.
Try it: npm run job -- --main ${name.snake} --input.to_phone +14155552671
Then make functions/${name.snake}.ts what it is to be; CONTRIBUTING.md says what a call to Twilio touches.
`;
};

try {
  const given = nameIn(process.argv.slice(2));
  process.stdout.write(given === undefined ? usage : layDown(given));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof CommandError ? error.exitCode : 1;
}
