import { catalog } from '../../functions/catalog.ts';
import { composeFor } from '../../functions/compose/all-ports.ts';
import type { Answer } from '../../functions/runtime/response.ts';
import { differenceFrom } from '../../functions/runtime/response-check.ts';
import { type Outcome, runFunction } from '../../functions/runtime/run-function.ts';
import type { ServiceFunction } from '../../functions/service/ports.ts';
import { startWorld, type World } from '../world.ts';
import { receivedCode } from './received-code.ts';
import type { RunJob } from './xanoscript/run-job.ts';

type Input = RunJob['main']['input'];

/** The names of the functions that a job can run. */
export const functionNames: readonly string[] = catalog.map(({ name }) => name);

const definitionOf = (name: string): ServiceFunction => {
  const found = catalog.find((definition) => definition.name === name);
  if (found === undefined) throw new Error(`There is no function ${name}`);
  return found;
};

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

const explain = ({ error }: Outcome, name: string): void => {
  if (error === null) return;
  const { fix, reason } = error.details;
  say(
    `${name} failed: ${error.code}${reason === undefined ? '' : `, ${reason}`}.${fix === undefined ? '' : ` ${fix}.`}`,
  );
};

/** Runs a function as a direct caller and prints its answer: one line of standard output. */
const runOne = async (name: string, input: Input): Promise<Answer> => {
  const definition = definitionOf(name);
  const { ports } = composeFor(definition.uses);
  const outcome = await runFunction(definition, { caller: { kind: 'direct' }, input: () => input }, ports);
  const { answer } = outcome;
  process.stdout.write(`${JSON.stringify(answer)}\n`);
  explain(outcome, name);
  const difference = differenceFrom(definition.response, answer);
  if (difference !== undefined) say(`${name} answered otherwise than it declares: ${difference}`);
  return answer;
};

/** How to check by hand: nobody but the user knows where the code went and what it is. */
const checkByHand = (sid: string, live: boolean): string =>
  `npm run job --${live ? ' --live' : ''} --main check_verification --input.sid ${sid} --input.to_phone NUMBER --input.code CODE`;

/** Runs the main job's second half: the check, with the code that reached the phone. */
const checkReceived = async (sid: string, input: Input, world: World): Promise<boolean> => {
  const { to_phone = input['to'] ?? '', service_sid = null } = input;
  const code = await receivedCode(world.env['TWILIO_API_BASE_URL'] ?? '', String(to_phone), sid);
  if (code === undefined) {
    say(`The code cannot be read there. Check it by hand: ${checkByHand(sid, false)}`);
    return false;
  }
  say('The phone received the code. Checking it …');
  const check = await runOne('check_verification', { to_phone, code, sid, service_sid });
  const approved = 'status' in check && check.status === 'approved';
  say(approved ? 'Approved.' : 'Not approved.');
  return approved;
};

/** What to run, and on which Twilio. */
interface JobRun {
  readonly main: RunJob['main'];
  /** Whether to read the code that was sent and check it. */
  readonly checks: boolean;
  /** The Twilio secret for the real Twilio; undefined for the embedded default. */
  readonly live: Readonly<Record<string, string>> | undefined;
}

const runIn = async ({ main, checks, live }: JobRun, world: World): Promise<boolean> => {
  // The AWS SDK reads the process's own environment. Standard output is for answers alone.
  Object.assign(process.env, {
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
    ...world.env,
  });
  say(`Running ${main.name} …`);
  const answer = await runOne(main.name, main.input);
  const sid = 'sid' in answer ? answer.sid : null;
  if (!checks || !answer.success || typeof sid !== 'string') return answer.success;
  if (live === undefined) return await checkReceived(sid, main.input, world);
  say(`When the code has arrived: ${checkByHand(sid, true)}`);
  return true;
};

/**
 * Runs a job's function in an embedded world of its own, prints each answer on standard output and what happens on
 * standard error.
 *
 * @returns whether the job succeeded: for one that checks, whether the code was approved.
 * @throws Error whose message says in a sentence why the world cannot start.
 */
export const runJob = async (run: JobRun): Promise<boolean> => {
  say('Starting the embedded world …');
  const world = await startWorld(run.live === undefined ? {} : { twilio: { live: run.live } });
  try {
    return await runIn(run, world);
  } finally {
    await world.close();
  }
};
