import type { Position } from './run-job-error.ts';
import { calledName, type Notation, XsScanner } from './scanner.ts';
import { type JsonValue, readObject, readRecord, readString, readStrings } from './value.ts';

/** A run job: which function to run, with what, and what must be there for it to run. */
export interface RunJob {
  /** The job's own name, for people. */
  readonly job: string;
  readonly main: {
    /** The run function to run. */
    readonly name: string;
    readonly input: Readonly<Record<string, JsonValue>>;
  };
  /** Names of what the environment must hold. */
  readonly env: readonly string[];
  /** Where the function's name stands in the file. */
  readonly nameAt: Position;
}

/** The longest source that is read, in UTF-16 code units. */
export const maxRunJobLength = 5_000_000;

/** The parts of a run job, as far as they are read. */
interface Parts {
  job: string | undefined;
  main: { name: string; nameOffset: number; input: Record<string, JsonValue> } | undefined;
  env: string[];
}

/**
 * Reads a run job, written in XanoScript (`run.job "Name" { main = { … } env = [ … ] }`) or as JSON
 * (`{"job", "main", "env"}`).
 *
 * @throws RunJobError with the line and column of what is not understood or not supported.
 */
export const parseRunJob = (source: string, format: Notation): RunJob => {
  if (source.length > maxRunJobLength)
    throw new XsScanner('', format).error(`a run job may be ${maxRunJobLength} characters long at most`);
  const scanner = new XsScanner(source, format);
  scanner.skipBlanks();
  const parts: Parts = { job: undefined, main: undefined, env: [] };
  if (format === 'xs') parts.job = readHeader(scanner);
  const body = scanner.offset;
  readBody(scanner, parts);
  scanner.skipBlanks();
  if (scanner.next !== '') throw scanner.error('a file holds one run job and nothing after it');
  const { job, main, env } = parts;
  if (job === undefined) throw scanner.error('job is missing: the name of the job', body);
  if (main === undefined) throw scanner.error('main is missing: the function to run', body);
  return {
    job,
    main: { name: main.name, input: main.input },
    env,
    nameAt: scanner.position(main.nameOffset),
  };
};

/** Reads `run.job "Name"`. */
const readHeader = (scanner: XsScanner): string => {
  const start = scanner.offset;
  const word = scanner.word();
  if (word === '' && scanner.next === '') throw scanner.error('the file holds no run job');
  if (word !== 'run.job')
    throw scanner.error(
      `${word === '' ? 'this' : calledName(word)} is not supported; a run job starts with run.job "Name" {`,
      start,
    );
  scanner.skipBlanks();
  const job = readString(scanner, "the job's name");
  scanner.skipBlanks();
  return job;
};

const readBody = (scanner: XsScanner, parts: Parts): void => {
  readObject(scanner, 'the job', (key, offset) => {
    if (key === 'main') parts.main = readMain(scanner);
    else if (key === 'env') parts.env = readStrings(scanner, 'env');
    else if (scanner.notation === 'json' && key === 'job') parts.job = readString(scanner, 'job');
    // What `npm run job -- --parse` prints can be read back.
    else if (scanner.notation === 'json' && key === 'file') readString(scanner, 'file');
    else throw scanner.error(`${calledName(key)} is not supported; a run job holds main and env`, offset);
  });
};

const readMain = (scanner: XsScanner): Parts['main'] => {
  const start = scanner.offset;
  let name: { text: string; offset: number } | undefined;
  let input: Record<string, JsonValue> = {};
  readObject(scanner, 'main', (key, offset) => {
    if (key === 'name') name = { offset: scanner.offset, text: readString(scanner, 'main.name') };
    else if (key === 'input') input = readRecord(scanner, 'main.input');
    else throw scanner.error(`${calledName(key)} is not supported; main holds name and input`, offset);
  });
  if (name === undefined) throw scanner.error('main.name is missing: the function to run', start);
  return { name: name.text, nameOffset: name.offset, input };
};
