// Runs every bundle of a synthesized stack in AWS's own Node runtime interface client against the embedded world, for
// all three kinds of caller: node test/e2e/ric.ts PACKAGE ASSEMBLY, where PACKAGE is an installed aws-lambda-ric.
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { startWorld } from '../../local/world.ts';
import { type RuntimeApi, startRuntimeApi } from '../support/runtime-api.ts';
import { expectedCalls, runCalls } from './bundle-calls.ts';
import { type Bundle, bundlesOf } from './bundles.ts';

const [client, assembly] = process.argv.slice(2);
assert.ok(client !== undefined && assembly !== undefined, 'node test/e2e/ric.ts PACKAGE ASSEMBLY');

const run = (
  { directory, environment }: Bundle,
  world: Readonly<Record<string, string>>,
  api: RuntimeApi,
) => {
  const { _HANDLER: handler = '' } = environment;
  const runtime = spawn(process.execPath, [join(client, 'index.mjs'), handler], {
    cwd: directory,
    env: { ...environment, ...world, AWS_LAMBDA_RUNTIME_API: api.address },
    // What the function logs belongs to the reader of a failure.
    stdio: ['ignore', 2, 2],
  });
  runtime.once('exit', (code) => api.fail(new Error(`The runtime ended with ${code}`)));
  return runtime;
};

const world = await startWorld();
const apis = new Map<string, RuntimeApi>();
const runtimes = [];
try {
  assert.ok(world.emulatorUrl !== null, 'The embedded world has no emulator');
  for (const bundle of bundlesOf(assembly)) {
    const api = await startRuntimeApi();
    apis.set(bundle.name, api);
    runtimes.push(run(bundle, world.env, api));
  }
  const invoke = (name: string, event: unknown) => {
    const api = apis.get(name);
    assert.ok(api !== undefined, `No bundle of ${name}`);
    return api.invoke(event);
  };
  const calls = await runCalls(invoke, world.emulatorUrl);
  process.stdout.write(`${calls.join('\n')}\n`);
  assert.deepEqual(calls, expectedCalls);
} finally {
  for (const runtime of runtimes) runtime.removeAllListeners('exit').kill('SIGKILL');
  for (const api of apis.values()) await api.close();
  await world.close();
}
