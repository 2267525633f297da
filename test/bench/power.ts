// What memory buys: `node test/bench/power.ts [ROUNDS]`, as root, prints how long start_verification takes under the share of a
// processor that each size of memory has in Lambda. docs/memory.md holds what came out and what was chosen.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleFunctions } from '../../infra/bundling/bundle.ts';
import { messageFrom, startProcess } from '../e2e/bundle-process.ts';
import { median } from './measure.ts';
import { processorShare } from './processor-share.ts';

const name = 'start_verification';
const sizes = [128, 256, 512, 768, 1024, 1769];
/** Megabytes for which Lambda gives one whole processor, as AWS documents it; less gives less, in proportion. */
const wholeProcessor = 1769;
/** Dollars for a second of one GB on arm64 and for a request, at list price in us-east-1. */
const price = { gigabyteSecond: 0.0000133334, request: 0.0000002 };
/** Milliseconds that the stand-in for Twilio takes to answer. */
const twilioTakes = 250;
const warmRounds = 25;

interface Times {
  /** Milliseconds to the end of the import, on a whole processor, as Lambda starts a container whatever its memory. */
  readonly imported: number;
  /** Milliseconds of the first request, and of the warm ones after it. */
  readonly first: number;
  readonly warm: readonly number[];
  /** Milliseconds of processor that a warm request takes. */
  readonly processor: number;
}

const bundle = join(bundleFunctions([name]), name, 'index.mjs');
const event = readFileSync(new URL(`../../events/${name}.direct.json`, import.meta.url), 'utf8');
const { identity: _, client_ip: __, ...input } = JSON.parse(event);

const run = async (size: number, world: NodeJS.ProcessEnv): Promise<Times> => {
  const whole = processorShare(1);
  const share = processorShare(size / wholeProcessor);
  const host = new URL('power-host.mjs', import.meta.url);
  const child = startProcess(host, [bundle, JSON.stringify(input), `${warmRounds}`], {
    PATH: process.env['PATH'],
    AWS_LAMBDA_FUNCTION_NAME: name,
    ...world,
  });
  const exit = once(child, 'exit');
  whole.hold(child);
  const { imported } = (await messageFrom(child)) as Pick<Times, 'imported'>;
  share.hold(child);
  child.send('go on');
  const times = (await messageFrom(child)) as Omit<Times, 'imported'>;
  child.disconnect();
  await exit;
  for (const group of [whole, share]) group.remove();
  return { imported, ...times };
};

const percentile = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? Number.NaN;

const row = (size: number, runs: readonly Times[]): string => {
  const warm = runs.flatMap((times) => times.warm);
  const dollars = (price.gigabyteSecond * (size / 1024) * median(warm)) / 1000 + price.request;
  const cells = [
    size,
    (size / wholeProcessor).toFixed(2),
    median(runs.map(({ imported }) => imported)).toFixed(0),
    median(runs.map(({ first }) => first)).toFixed(0),
    median(warm).toFixed(0),
    percentile(warm, 0.95).toFixed(0),
    median(runs.map(({ processor }) => processor)).toFixed(1),
    (dollars * 1_000_000).toFixed(2),
  ];
  return `| ${cells.join(' | ')} |`;
};

const rounds = Number(process.argv[2] ?? 7);
const backends = startProcess(new URL('backends.ts', import.meta.url), [`${twilioTakes}`], process.env);
try {
  const world = (await messageFrom(backends)) as NodeJS.ProcessEnv;
  const taken = new Map(sizes.map((size): [number, Times[]] => [size, []]));
  // In turns, so that whatever else the machine does falls on all alike; a first turn only fills the file cache.
  await run(wholeProcessor, world);
  for (let round = 0; round < rounds; round += 1)
    for (const [size, runs] of taken) runs.push(await run(size, world));
  process.stdout.write(
    [
      `| memory, MB | processors | import, ms | first request, ms | warm request, ms | its 95th percentile | its processor time, ms | $ a million |`,
      '|---:|---:|---:|---:|---:|---:|---:|---:|',
      ...[...taken].map(([size, runs]) => row(size, runs)),
      '',
    ].join('\n'),
  );
} finally {
  backends.kill();
}
