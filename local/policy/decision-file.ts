import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Decision, readDecision } from '../../functions/guard/decision-log.ts';
import { wrong } from '../job/command-error.ts';

/** A decision and the line of the file that holds it. */
export interface LoggedDecision {
  readonly line: number;
  readonly decision: Decision;
}

/**
 * Reads the decisions of a log file, in the order of their time: several containers' lines lie mixed.
 *
 * @throws CommandError naming the file, and the line where one is wrong.
 */
export const readDecisions = async (file: string): Promise<readonly LoggedDecision[]> => {
  const logged: LoggedDecision[] = [];
  let line = 0;
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
  try {
    for await (const text of lines) {
      line += 1;
      const decision = readDecision(text);
      if (decision !== undefined) logged.push({ line, decision });
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw wrong(
      error instanceof Error && 'code' in error
        ? `${file} can't be read (${error.code})`
        : `${file}:${line}: ${why}`,
    );
  }
  if (logged.length === 0)
    throw wrong(`${file} holds no decision: it should be a function's log, a JSON object on each line`);
  return logged.sort((one, other) => one.decision.at - other.decision.at);
};
