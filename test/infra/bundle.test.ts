import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalog } from '../../functions/catalog.ts';
import { failedAnswer } from '../../functions/runtime/response.ts';
import { needsOf } from '../../functions/service/ports.ts';
import { bundleFunctions, bundleOptions } from '../../infra/bundling/bundle.ts';

const names = catalog.map(({ name }) => name);
/** Whether a function answers without any secret or table. */
const needsNothing = (name: string): boolean =>
  catalog
    .filter((declared) => declared.name === name)
    .every((declared) => {
      const { secrets, table } = needsOf(declared);
      return secrets.length === 0 && !table;
    });
const folder = bundleFunctions(names);
const again = bundleFunctions(names);
afterAll(() => {
  for (const made of [folder, again]) rmSync(made, { recursive: true });
});
const run = promisify(execFile);

/** Runs a module given as text in a Node of its own that has this environment only; gives what it printed. */
const runModule = async (source: string, env: Readonly<Record<string, string>>): Promise<string> => {
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', source], {
    env: { PATH: process.env['PATH'], AWS_REGION: 'eu-west-1', AWS_EC2_METADATA_DISABLED: 'true', ...env },
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout;
};

describe.each(names)('the bundle of %s', (name) => {
  const file = join(folder, name, 'index.mjs');

  it('is at most 550 kB', () => {
    expect(statSync(file).size).toBeLessThanOrEqual(550_000);
  });

  it('is the same when it is made again, map and all', () => {
    for (const part of ['index.mjs', 'index.mjs.map'])
      expect(readFileSync(join(again, name, part))).toEqual(readFileSync(join(folder, name, part)));
  });

  it('holds none of the replaced modules, and names real files as its sources', () => {
    const { sources }: { sources: string[] } = JSON.parse(readFileSync(`${file}.map`, 'utf8'));
    for (const module of Object.keys(bundleOptions.alias))
      expect(sources.filter((source) => source.includes(`/node_modules/${module}/`))).toEqual([]);
    const files = sources.filter((source) => !source.includes('process.getBuiltinModule('));
    expect(files.filter((source) => !existsSync(join('functions', source)))).toEqual([]);
  });

  it("imports none of Node's own modules, and so does not load its fetch", async () => {
    expect(readFileSync(file, 'utf8')).not.toMatch(/\bimport\b *["{*\w$]|\brequire\(/);
    const stdout = await runModule(
      `await import(${JSON.stringify(file)});
       console.log(process.moduleLoadList.filter((name) => name.endsWith('undici')));`,
      {},
    );
    expect(stdout).toBe('[]\n');
  });

  it.skipIf(needsNothing(name))(
    'starts with nothing configured and says so to its operator only',
    async () => {
      const stdout = await runModule(
        `const { handler } = await import(${JSON.stringify(file)});
       const result = await handler({ to_phone: '+14155550100', code: '123456' }, { getRemainingTimeInMillis: () => 9000 });
       console.log(JSON.stringify(result));`,
        {},
      );
      const declared = catalog.find((definition) => definition.name === name);
      if (declared === undefined) throw new Error(`There is no function ${name}`);
      const answer = failedAnswer(declared.response, declared.failure);
      expect(stdout.trim().split('\n').at(-1)).toBe(JSON.stringify(answer));
      expect(stdout).not.toContain('4155550100');
    },
  );
});

describe('a module that bundling took out', () => {
  const dead = createRequire(import.meta.url)('../../infra/bundling/dead-module.cts');

  it.each([
    ['read', () => dead.request],
    ['called', () => dead()],
    ['constructed', () => new dead()],
  ])('says so when it is %s', (_how, use) => {
    expect(use).toThrow('bundling took out');
  });

  it('lets itself be imported', () => {
    expect(dead.__esModule).toBeUndefined();
  });
});

describe("the SDK's credentials in a bundle", () => {
  const program = `await import(${JSON.stringify(join(folder, 'credentials.mjs'))})`;
  const container = createServer((request, response) => {
    const admitted = request.headers.authorization === 'container-token';
    response.writeHead(admitted ? 200 : 403, { 'content-type': 'application/json' });
    const Expiration = new Date(Date.now() + 3_600_000).toISOString();
    response.end(
      JSON.stringify({ AccessKeyId: 'of-container', SecretAccessKey: 's', Token: 't', Expiration }),
    );
  });

  beforeAll(async () => {
    await build({
      ...bundleOptions,
      sourcemap: false,
      stdin: {
        contents: `import { createDynamoDbClient } from './functions/adapters/dynamodb-store.ts';
          const found = createDynamoDbClient().config.credentials();
          console.log(await found.then((c) => c.accessKeyId, (thrown) => thrown.name));`,
        resolveDir: bundleOptions.absWorkingDir,
      },
      outfile: join(folder, 'credentials.mjs'),
    });
    await new Promise<void>((listening) => container.listen(0, '127.0.0.1', listening));
  });
  afterAll(() => new Promise((closed) => container.close(closed)));

  it('come from the environment, as in Lambda', async () => {
    const env = { AWS_ACCESS_KEY_ID: 'of-env', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 't' };
    expect(await runModule(program, env)).toBe('of-env\n');
  });

  it('come from the container endpoint where the environment has none', async () => {
    const { port } = container.address() as AddressInfo;
    const env = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'container-token',
    };
    expect(await runModule(program, env)).toBe('of-container\n');
  });

  it('are said to be missing where there are none', async () => {
    expect(await runModule(program, {})).toBe('CredentialsProviderError\n');
  });
});
