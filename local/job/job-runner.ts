import { catalog } from '../../functions/catalog.ts';
import { compose, type Service } from '../../functions/compose/run-service.ts';
import type { RunFunction } from '../../functions/runtime/define-function.ts';
import type { Envelope } from '../../functions/runtime/envelope.ts';
import type { InputDeclarations } from '../../functions/runtime/inputs.ts';
import { failure, type Outcome, runFunction } from '../../functions/runtime/run-function.ts';
import type { Ports } from '../../functions/service/ports.ts';
import { startWorld, type World } from '../world.ts';
import { receivedCode } from './received-code.ts';
import type { RunJob } from './xanoscript/run-job.ts';

type Definition = RunFunction<InputDeclarations, Ports>;
type Input = RunJob['main']['input'];

const definitions = catalog as unknown as readonly Definition[];

/** The names of the functions that a job can run. */
export const functionNames: readonly string[] = definitions.map(({ name }) => name);

const definitionOf = (name: string): Definition => {
  const found = definitions.find((definition) => definition.name === name);
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

/** Runs a function as a direct caller and prints its envelope: one line of standard output. */
const runOne = async (name: string, input: Input, service: Service): Promise<Envelope> => {
  const definition = definitionOf(name);
  let outcome: Outcome;
  try {
    outcome = await runFunction(definition, input, { kind: 'direct' }, service.ports());
  } catch (thrown) {
    outcome = failure(thrown, definition);
  }
  process.stdout.write(`${JSON.stringify(outcome.envelope)}\n`);
  explain(outcome, name);
  return outcome.envelope;
};

/** How to check by hand: nobody but the user knows where the code went and what it is. */
const checkByHand = (sid: string, live: boolean): string =>
  `npm run job --${live ? ' --live' : ''} --main check_verification --input.sid ${sid} --input.to_phone NUMBER --input.code CODE`;

/** Runs the main job's second half: the check, with the code that reached the phone. */
const checkReceived = async (sid: string, input: Input, world: World, service: Service): Promise<boolean> => {
  const { to_phone = input['to'] ?? '', service_sid = null } = input;
  const code = await receivedCode(world.env['TWILIO_API_BASE_URL'] ?? '', String(to_phone), sid);
  if (code === undefined) {
    say(`The code cannot be read there. Check it by hand: ${checkByHand(sid, false)}`);
    return false;
  }
  say('The phone received the code. Checking it …');
  const check = await runOne('check_verification', { to_phone, code, sid, service_sid }, service);
  say(check.status === 'approved' ? 'Approved.' : 'Not approved.');
  return check.status === 'approved';
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
  // The AWS SDK reads the process's own environment. Standard output is for envelopes alone.
  Object.assign(process.env, {
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
    ...world.env,
  });
  const service = compose();
  say(`Running ${main.name} …`);
  const { sid, success } = await runOne(main.name, main.input, service);
  if (!checks || !success || sid === null) return success;
  if (live === undefined) return await checkReceived(sid, main.input, world, service);
  say(`When the code has arrived: ${checkByHand(sid, true)}`);
  return success;
};

/**
 * Runs a job's function in an embedded world of its own, prints each envelope on standard output and what happens on
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
