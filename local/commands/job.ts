import { fileURLToPath } from 'node:url';
import { CommandError, wrong } from '../job/command-error.ts';
import { type JobArguments, readJobArguments } from '../job/job-arguments.ts';
import { place, readJobFile } from '../job/job-file.ts';
import { checkNeeds, liveSecret } from '../job/job-needs.ts';
import { printable } from '../job/printable.ts';

const mainJob = fileURLToPath(new URL('../../events/run.xs', import.meta.url));

/** Prints what the files hold, one JSON line each. */
const parseAll = async (files: readonly string[]): Promise<number> => {
  let exitCode = 0;
  for (const file of files) {
    const line = await readJobFile(file).then(
      ({ job, main, env }) => ({ file, job, main, env }),
      (error: CommandError) => {
        exitCode = error.exitCode;
        return { file, error: error.message };
      },
    );
    process.stdout.write(`${printable(JSON.stringify(line))}\n`);
  }
  return exitCode;
};

/** The function to run, and what the job's `env` names; the command line's word goes over the file's. */
const jobToRun = async ({ files: [file], main, input }: JobArguments, functionNames: readonly string[]) => {
  const fromFile = file === undefined && main !== undefined ? undefined : await readJobFile(file ?? mainJob);
  const name = main ?? fromFile?.main.name ?? '';
  if (!functionNames.includes(name)) {
    const where = main === undefined && fromFile ? place(file ?? mainJob, fromFile.nameAt) : '--main';
    throw wrong(`${where}: there is no such function; there are ${functionNames.join(', ')}`);
  }
  return { main: { name, input: { ...fromFile?.main.input, ...input } }, env: fromFile?.env ?? [] };
};

const run = async (asked: JobArguments): Promise<number> => {
  // Loads the whole service, which --parse can do without.
  const { functionNames, runJob } = await import('../job/job-runner.ts');
  const { main, env } = await jobToRun(asked, functionNames);
  const live = asked.live ? liveSecret(process.env) : undefined;
  checkNeeds(env, process.env);
  const isMainJob = asked.files.length === 0 && asked.main === undefined;
  return (await runJob({ main, checks: isMainJob, live })) ? 0 : 1;
};

const command = async (): Promise<number> => {
  const asked = readJobArguments(process.argv.slice(2));
  if (asked.parse) return await parseAll(asked.files);
  if (!asked.help) return await run(asked);
  const { jobHelp } = await import('../job/job-help.ts');
  process.stdout.write(jobHelp());
  return 0;
};

try {
  process.exitCode = await command();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof CommandError ? error.exitCode : 1;
}
