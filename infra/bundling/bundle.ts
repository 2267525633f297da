import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type BuildOptions, buildSync } from 'esbuild';
import { twilioDeadModules } from '../twilio-dead-modules.ts';
import { entryOf } from './entries.ts';

const root = join(import.meta.dirname, '../..');
const deadModule = join(import.meta.dirname, 'dead-module.cts');

/**
 * Node's own modules, taken by a call. For an import of one Node makes a module that exports each of its names, and so loads
 * what these lead to: `node:http`'s lead to its fetch, some 20 ms and 5 MiB of every start.
 */
const builtins = Object.fromEntries(
  builtinModules.flatMap((name) => {
    const bare = name.replace(/^node:/, '');
    const taken = `data:text/javascript,module.exports=process.getBuiltinModule('node:${bare}')`;
    return [bare, `node:${bare}`].map((asked) => [asked, taken]);
  }),
);

/** How the functions are bundled; the benchmarks bundle what they compare with in the same way but for what is replaced. */
export const bundleOptions = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  outExtension: { '.js': '.mjs' },
  mainFields: ['module', 'main'],
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'error',
  alias: {
    ...Object.fromEntries(twilioDeadModules.map((name) => [name, deadModule])),
    ...builtins,
    '@aws-sdk/credential-provider-node': join(import.meta.dirname, 'lambda-credentials.ts'),
    '@aws-sdk/endpoint-cache': join(import.meta.dirname, 'absent-endpoint-cache.ts'),
    '@smithy/core/event-streams': deadModule,
  },
} as const satisfies BuildOptions;

/**
 * Bundles the Lambda entries of the named functions, all in one run of esbuild.
 *
 * @returns a folder, removed when the process ends, that holds a folder `<name>` with `index.mjs` and its source map.
 * @throws Error where an entry is missing or does not bundle.
 */
export const bundleFunctions = (names: readonly string[]): string => {
  // Written by us and not by esbuild, so that the maps name sources from the root and not from a temporary folder:
  // the same sources give the same asset on every machine.
  const { outputFiles } = buildSync({
    ...bundleOptions,
    entryPoints: Object.fromEntries(names.map((name) => [`${name}/index`, entryOf(name)])),
    outdir: root,
    write: false,
  });
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const { path, contents } of outputFiles) {
    const target = join(folder, path.slice(root.length));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, contents);
  }
  return folder;
};
