import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorld, type World } from '../../local/world.ts';
import { expectedCalls, type Invoke, runCalls } from './bundle-calls.ts';
import { type HostAnswer, messageFrom, startBundle } from './bundle-process.ts';
import { type Bundle, bundlesOf, synthesize } from './bundles.ts';

const assembly = mkdtempSync(join(tmpdir(), 'bundle-test-'));
const processes = new Map<string, ChildProcess>();
let world: World;
let bundles: Bundle[];

beforeAll(async () => {
  [world] = await Promise.all([startWorld(), synthesize(assembly)]);
  bundles = bundlesOf(assembly);
  for (const { name, file, environment } of bundles)
    processes.set(name, startBundle(file, { ...environment, ...world.env }));
});

afterAll(async () => {
  for (const running of processes.values()) running.kill();
  await world.close();
  rmSync(assembly, { recursive: true, force: true });
});

const invoke: Invoke = async (name, event) => {
  const running = processes.get(name);
  if (running === undefined) throw new Error(`No bundle of ${name}`);
  running.send(event);
  const { result } = (await messageFrom(running)) as HostAnswer;
  return result;
};

test('the bundles of the synthesized stack serve every kind of caller with the documented environment alone', async () => {
  expect(await runCalls(invoke, world.emulatorUrl ?? '')).toEqual(expectedCalls);
});
