import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { CommandError, wrong } from './command-error.ts';
import { maxRunJobLength, parseRunJob, type RunJob } from './xanoscript/run-job.ts';
import { RunJobError } from './xanoscript/run-job-error.ts';

// npm runs a script in the project's folder and keeps the one it was called from here.
const callersFolder = (): string =>
  (process.env['npm_lifecycle_event'] === 'job' ? process.env['INIT_CWD'] : undefined) ?? process.cwd();

const start = { line: 1, column: 1 };

/** No character takes more than four bytes; the reader counts exactly. */
const maxBytes = 4 * maxRunJobLength;

const readBytes = async (handle: FileHandle): Promise<Buffer> => {
  const found = await handle.stat();
  if (found.isDirectory()) throw wrong('this is a folder, not a file');
  if (!found.isFile()) throw wrong('this is a pipe or a device, not a file');
  // The size says nothing of some files, such as those of /proc; `end` is the last byte that is read.
  return await buffer(handle.createReadStream({ end: maxBytes, autoClose: false }));
};

const readSource = async (file: string): Promise<string> => {
  // Without O_NONBLOCK, to open a pipe waits for a writer. Windows has neither.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
  const handle = await open(resolve(callersFolder(), file), flags);
  const bytes = await readBytes(handle).finally(() => handle.close());
  if (bytes.length > maxBytes) throw new RunJobError('the file is too large for a run job', start);
  if (!isUtf8(bytes)) throw new RunJobError('the file is not text in UTF-8', start);
  return bytes.toString('utf8');
};

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'this is a folder, not a file',
  EACCES: 'the file may not be read',
};

const reasonOf = (error: unknown): string => {
  if (error instanceof CommandError) return error.message;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return unreadable[code] ?? 'the file cannot be read';
};

/** The beginning of a message about a place in a file, as compilers and editors write it. */
export const place = (file: string, { line, column }: { line: number; column: number }): string =>
  `${file}:${line}:${column}`;

/**
 * Reads a run job from a file: JSON where its name ends so, else XanoScript.
 *
 * @param file - relative to the folder the command was called from.
 * @throws CommandError that names the file, line and column.
 */
export const readJobFile = async (file: string): Promise<RunJob> => {
  try {
    return parseRunJob(await readSource(file), extname(file).toLowerCase() === '.json' ? 'json' : 'xs');
  } catch (error) {
    throw error instanceof RunJobError
      ? wrong(`${place(file, error)}: ${error.message}`)
      : wrong(`${file}: ${reasonOf(error)}`);
  }
};
