import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalog } from '../../functions/catalog.ts';

const root = join(import.meta.dirname, '../..');
// Within the checkout and always the same, since source maps name it; never under node_modules, whose TypeScript Node
// does not run, and which may be a link into another checkout.
const folder = '.cache/entries';

/** What an entry is made from. */
interface Entered {
  readonly name: string;
  readonly uses: readonly string[];
}

/** `start_verification` to `startVerification`: the name under which its file exports a function's definition. */
const definitionName = (name: string): string =>
  name.replaceAll(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());

/** Imports only the ports that the function uses: its bundle holds nothing else. */
const entrySource = ({ name, uses }: Entered): string => {
  const ports = uses.toSorted();
  const quoted = (path: string): string => `'../../functions/${path}.ts'`;
  return [
    ...ports.map((port) => `import { ${port} } from ${quoted(`compose/ports/${port}`)};`),
    `import { compose } from ${quoted('compose/run-service')};`,
    `import { lambdaHandler } from ${quoted('lambda/lambda-handler')};`,
    `import { ${definitionName(name)} as definition } from ${quoted(name)};`,
    `export const handler = lambdaHandler(definition, compose({ ${ports.join(', ')} }));`,
    '',
  ].join('\n');
};

/** Written at once and only where it differs: other processes may be bundling from the same file. */
const writeOnce = (file: string, source: string): void => {
  const path = join(root, file);
  if (existsSync(path) && readFileSync(path, 'utf8') === source) return;
  mkdirSync(join(root, folder), { recursive: true });
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, source);
  renameSync(draft, path);
};

/**
 * The entry of a Lambda, as a path from the root: generated for a run function of the catalogue, else the file of that
 * name in `functions/lambda`.
 */
export const entryOf = (name: string, functions: readonly Entered[] = catalog): string => {
  const found = functions.find((entered) => entered.name === name);
  if (found === undefined) return `functions/lambda/${name}.ts`;
  const file = `${folder}/${name}.ts`;
  writeOnce(file, entrySource(found));
  return file;
};
