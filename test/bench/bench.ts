// The benchmarks as one table. What is compared is measured in one run and in turns, so that whatever else the machine
// does falls on all alike. It reports medians, ratios and goals, and fails only where it could not measure.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { bundleOptions } from '../../infra/bundling/bundle.ts';
import { messageFrom, startProcess } from '../e2e/bundle-process.ts';
import { type Bundle, bundlesOf, synthesize } from '../e2e/bundles.ts';
import { contentsOf } from './contents.ts';
import { guardLegend, guardTables } from './guard-table.ts';
import { coldStarts, type Program, warm } from './measure.ts';
import { type Row, table } from './table.ts';
import { wayLegend, wayTable } from './way.ts';

const coldRounds = 31;
const warmRounds = 1_000;

type Environment = Readonly<Record<string, string>>;

const progress = (line: string) => process.stderr.write(`${line}\n`);

const functionProgram = ({ name, file, environment }: Bundle, world: Environment): Program => {
  const event = readFileSync(new URL(`../../events/${name}.direct.json`, import.meta.url), 'utf8');
  // Without whom it is for: a limit on one caller would soon answer instead of the function.
  const { identity: _, client_ip: __, ...input } = JSON.parse(event);
  return { name, file, env: { ...environment, ...world }, input };
};

/**
 * Of all that the functions' bundles leave out the floor lacks one thing only, and so it stays what it was when the goals
 * were set.
 */
const floorOptions = {
  alias: Object.fromEntries(
    ['ini', 'process', 'sso', 'web-identity'].map((source) => [
      `@aws-sdk/credential-provider-${source}`,
      join(import.meta.dirname, 'absent-credentials.ts'),
    ]),
  ),
};

const comparedProgram = (name: string, options: object, scratch: string, world: Environment): Program => {
  const file = join(scratch, `${name}.mjs`);
  const entryPoint = join(import.meta.dirname, `${name}.ts`);
  // Only where Node's own modules are imported is one asked for by require.
  const banner = {
    js: `import{createRequire}from'node:module';const require=createRequire(import.meta.url);`,
  };
  buildSync({ ...bundleOptions, banner, ...options, entryPoints: [entryPoint], outfile: file });
  return { name, file, env: { PATH: process.env['PATH'] ?? '', ...world }, input: {} };
};

const measure = async (scratch: string, world: Environment): Promise<string> => {
  progress('Synthesizing the stack and bundling what it is compared with …');
  const assembly = join(scratch, 'cdk.out');
  await synthesize(assembly);
  const functions = bundlesOf(assembly).map((bundle) => functionProgram(bundle, world));
  const programs = [
    ...functions,
    comparedProgram('floor', floorOptions, scratch, world),
    // The whole package uses what the functions' bundles leave out.
    comparedProgram('peer', { alias: {} }, scratch, world),
  ];
  progress(`Starting ${programs.length} programs ${coldRounds} times each, in turns …`);
  const cold = await coldStarts(programs, coldRounds);
  const [floor, peer] = cold.slice(-2);
  if (floor === undefined || peer === undefined) throw new Error('The floor and the peer were not measured');
  progress(`Asking each function ${warmRounds} times …`);
  const warmCosts = [];
  for (const program of functions) warmCosts.push(await warm(program, warmRounds));
  const rows: Row[] = [
    { measure: 'cold start, ms', values: cold.map(({ milliseconds }) => milliseconds), digits: 0 },
    {
      measure: 'cold start / floor',
      values: cold.map(({ milliseconds }) => milliseconds / floor.milliseconds),
      digits: 2,
      goal: 1.15,
    },
    {
      measure: 'cold start / peer',
      values: cold.map(({ milliseconds }) => milliseconds / peer.milliseconds),
      digits: 2,
      goal: 0.6,
    },
    {
      measure: 'bundle, kB',
      values: programs.map(({ file }) => statSync(file).size / 1000),
      digits: 0,
      goal: 550,
    },
    { measure: 'peak memory, MiB', values: cold.map(({ peakMemory }) => peakMemory), digits: 0 },
    {
      measure: 'of that beyond the floor, MiB',
      values: cold.map(({ peakMemory }) => peakMemory - floor.peakMemory),
      digits: 1,
      goal: 3,
    },
    { measure: 'warm request, ms', values: warmCosts.map(({ invoke }) => invoke), digits: 2 },
    {
      measure: 'of that beyond a bare fetch, ms',
      values: warmCosts.map(({ invoke, fetch }) => invoke - fetch),
      digits: 2,
    },
  ];
  const names = programs.map(({ name }) => name);
  return table(rows, names, functions.length);
};

const legend = `
floor: bare AWS SDK clients and one fetch, minified. peer: the floor with the whole twilio package.
cold start: from starting a fresh process to its first answer. Medians of ${coldRounds} starts and ${warmRounds / 2} warm requests.`;

const largest = (name: string): string =>
  contentsOf(name)
    .filter(([, kilobytes]) => kilobytes >= 10)
    .map(([owner, kilobytes]) => `${owner} ${kilobytes.toFixed(0)}`)
    .join(', ');

const scratch = mkdtempSync(join(tmpdir(), 'bench-'));
const backends = startProcess(new URL('backends.ts', import.meta.url), [], process.env);
try {
  const world = (await messageFrom(backends)) as Environment;
  process.stdout.write(`${await measure(scratch, world)}\n${legend}\n`);
  process.stdout.write(
    `What the bundle of start_verification holds, in kB: ${largest('start_verification')}.\n`,
  );
  progress('Counting what a warm request enters …');
  process.stdout.write(`\n${await wayTable()}\n${wayLegend}\n`);
  progress('Counting what the guard asks of DynamoDB …');
  process.stdout.write(`\n${await guardTables()}\n${guardLegend}\n`);
} catch (thrown) {
  progress(`Could not measure: ${thrown instanceof Error ? thrown.message : thrown}`);
  process.exitCode = 1;
} finally {
  backends.kill();
  rmSync(scratch, { recursive: true, force: true });
}
