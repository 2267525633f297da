import { once } from 'node:events';
import { type HostAnswer, messageFrom, startBundle, startProcess } from '../e2e/bundle-process.ts';

/** A bundled handler to measure. */
export interface Program {
  readonly name: string;
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  /** A direct caller's input; each run gets a destination of its own. */
  readonly input: Readonly<Record<string, unknown>>;
}

/** What a cold start of a program costs. */
export interface ColdStart {
  /** From starting the process to its first answer, milliseconds. */
  readonly milliseconds: number;
  /** The most memory the process held, MiB. */
  readonly peakMemory: number;
}

/** What a request to a warm program costs, milliseconds. */
export interface Warm {
  readonly invoke: number;
  /** One bare fetch to the same backend from the same process. */
  readonly fetch: number;
}

/** The middle value; of an even count the upper of the two. */
export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

// Cold starts and warm rounds draw from different ranges, so that no limit on a destination answers for the function.
let destinations = 0;
const nextDestination = (): string => `+1212555${String(destinations++).padStart(4, '0')}`;

const coldStart = async ({ name, file, env, input }: Program): Promise<ColdStart> => {
  const startedAt = performance.now();
  const child = startBundle(file, env);
  child.send({ ...input, to_phone: nextDestination() });
  const { result, peakRssInKiB } = (await messageFrom(child)) as HostAnswer;
  const milliseconds = performance.now() - startedAt;
  child.disconnect();
  await once(child, 'exit');
  if (!(result as { readonly success: boolean }).success)
    throw new Error(`${name} answered ${JSON.stringify(result)}`);
  return { milliseconds, peakMemory: peakRssInKiB / 1024 };
};

/**
 * Starts each program afresh, one after the other, `rounds` times; a first round, which only fills the file cache, is
 * not counted.
 *
 * @returns the medians, in the order of the programs.
 * @throws Error where a program does not answer with success.
 */
export const coldStarts = async (programs: readonly Program[], rounds: number): Promise<ColdStart[]> => {
  const taken = programs.map((): ColdStart[] => []);
  for (let round = 0; round <= rounds; round += 1)
    for (const [index, program] of programs.entries()) {
      const cost = await coldStart(program);
      if (round > 0) taken[index]?.push(cost);
    }
  return taken.map((costs) => ({
    milliseconds: median(costs.map(({ milliseconds }) => milliseconds)),
    peakMemory: median(costs.map(({ peakMemory }) => peakMemory)),
  }));
};

/**
 * Asks one process again and again, and takes the median of the later half of the rounds.
 *
 * @throws Error where the program does not answer with success.
 */
export const warm = async ({ file, env, input }: Program, rounds: number): Promise<Warm> => {
  const child = startProcess(
    new URL('warm.mjs', import.meta.url),
    [file, JSON.stringify(input), `${rounds}`],
    env,
  );
  const times = (await messageFrom(child)) as Record<keyof Warm, number[]>;
  const later = (values: readonly number[]) => median(values.slice(rounds / 2));
  return { invoke: later(times.invoke), fetch: later(times.fetch) };
};
