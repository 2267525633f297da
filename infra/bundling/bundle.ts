import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type BuildOptions, buildSync } from 'esbuild';
import { twilioDeadModules } from '../twilio-dead-modules.ts';

const root = join(import.meta.dirname, '../..');
const deadModule = join(import.meta.dirname, 'dead-module.cts');
const nodeHttp = join(import.meta.dirname, 'node-http.cts');
const nodeHttps = join(import.meta.dirname, 'node-https.cts');
const absentCredentials = join(import.meta.dirname, 'absent-credentials.ts');

/** How the functions are bundled; the benchmarks bundle what they compare with in the same way. */
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
  // The Twilio SDK is CommonJS and asks for Node's own modules by require.
  banner: { js: `import{createRequire}from'node:module';const require=createRequire(import.meta.url);` },
  alias: {
    ...Object.fromEntries(twilioDeadModules.map((name) => [name, deadModule])),
    'node:http': nodeHttp,
    'node:https': nodeHttps,
    http: nodeHttp,
    https: nodeHttps,
    '@aws-sdk/credential-provider-ini': absentCredentials,
    '@aws-sdk/credential-provider-process': absentCredentials,
    '@aws-sdk/credential-provider-sso': absentCredentials,
    '@aws-sdk/credential-provider-web-identity': absentCredentials,
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
    entryPoints: Object.fromEntries(names.map((name) => [`${name}/index`, `functions/lambda/${name}.ts`])),
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
