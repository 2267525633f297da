import type { Caller, RunFunction } from './define-function.ts';
import { type Answer, failed } from './envelope.ts';
import { type ErrorCode, errorCatalogue, RunError } from './errors.ts';
import { type InputDeclarations, readInput } from './inputs.ts';

/** How a run ended: the answer, and where it failed the error that explains it. */
export interface Outcome extends Answer {
  readonly error: RunError | null;
}

/** The sentence a caller reads for an error: its own, the catalogue's, or the function's where the caller can do nothing. */
const sentenceOf = (error: RunError, failure: string): string => {
  const { sentence }: { sentence: string | null } = errorCatalogue[error.code];
  return sentence === null ? failure : (error.details.sentence ?? sentence);
};

/** Turns any failure into an outcome; one that nobody foresaw is the operator's to fix. */
export const failure = (thrown: unknown, definition: { readonly failure: string }): Outcome => {
  const error =
    thrown instanceof RunError
      ? thrown
      : new RunError('misconfigured', { reason: 'unexpected', cause: thrown });
  return { envelope: failed(sentenceOf(error, definition.failure)), hints: error.details.hints ?? {}, error };
};

/** The outcome of refusing a request before any function ran. */
export const refusal = (code: ErrorCode, definition: { readonly failure: string }): Outcome =>
  failure(new RunError(code), definition);

const callerOf = (input: Readonly<Record<string, unknown>>, caller: Caller): Caller => {
  const said = (field: string) => (typeof input[field] === 'string' ? input[field] : undefined);
  return {
    kind: caller.kind,
    ip: caller.ip ?? said('client_ip'),
    identity: caller.identity ?? said('identity'),
  };
};

/** Checks the input, runs the steps and gives the outcome. Never throws. */
export const runFunction = async <D extends InputDeclarations, Ports>(
  definition: RunFunction<D, Ports>,
  raw: unknown,
  caller: Caller,
  ports: Ports,
): Promise<Outcome> => {
  try {
    const input = readInput(definition.input, raw, caller.kind === 'http' ? 'any' : 'direct');
    const answer = await definition.stack({ ...ports, input, caller: callerOf(input, caller) });
    return { ...answer, error: null };
  } catch (thrown) {
    return failure(thrown, definition);
  }
};
