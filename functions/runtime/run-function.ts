import type { Caller, Callers, RunFunction } from './define-function.ts';
import type { Hints } from './envelope.ts';
import { type ErrorCode, errorCatalogue, RunError } from './errors.ts';
import { type InputDeclarations, readInput } from './inputs.ts';
import { type Answer, answered, failedAnswer, healthyAnswer, type ResponseDeclaration } from './response.ts';

/** How a run ended: the answer for every caller, hints for HTTP callers, and where it failed the error that explains it. */
export interface Outcome {
  readonly answer: Answer;
  readonly hints: Hints;
  readonly error: RunError | null;
}

/** A request for a run function. */
export interface RunRequest {
  readonly caller: Caller;
  /**
   * The raw input of a function with these declarations.
   *
   * @throws RunError where the request cannot hold one.
   */
  input(declarations: InputDeclarations): unknown;
}

/** What is needed of a declaration to answer that it failed. */
export interface Answering {
  /** The sentence for failures that the caller can do nothing about. */
  readonly failure: string;
  readonly response: ResponseDeclaration;
}

/** Turns any failure into an outcome; one that was not foreseen is for the operator to fix. */
export const failure = (thrown: unknown, { failure, response }: Answering): Outcome => {
  const error =
    thrown instanceof RunError
      ? thrown
      : new RunError('misconfigured', { reason: 'unexpected', cause: thrown });
  const { sentence }: { sentence: string | null } = errorCatalogue[error.code];
  // Its own, else the catalogue's, or the function's where the caller can do nothing.
  const said = sentence === null ? failure : (error.details.sentence ?? sentence);
  return { answer: failedAnswer(response, said), hints: error.details.hints ?? {}, error };
};

/** The outcome of refusing a request before any function ran. */
export const refusal = (code: ErrorCode, answering: Answering): Outcome =>
  failure(new RunError(code), answering);

const mayCall = (callers: Callers, { kind, signed }: Caller): boolean => {
  switch (callers) {
    case 'all':
      return true;
    case 'direct':
      return kind !== 'http' || signed === true;
  }
};

/** A direct caller's word on whom it speaks for is trusted; an HTTP caller's input holds no such field. */
const named = (caller: Caller, input: Readonly<Record<string, unknown>>): Caller => {
  const { client_ip: ip, identity } = input;
  return {
    ...caller,
    ip: caller.ip ?? (typeof ip === 'string' ? ip : undefined),
    identity: caller.identity ?? (typeof identity === 'string' ? identity : undefined),
  };
};

/**
 * Lets a caller in, checks the input, runs the steps and gives the outcome; for a canary, runs that. Never throws.
 *
 * @param ports - throws a RunError where they cannot be had.
 */
export const runFunction = async <
  D extends InputDeclarations,
  Ports,
  Used extends keyof Ports,
  R extends ResponseDeclaration,
>(
  definition: RunFunction<D, Ports, Used, R>,
  { caller, input: read }: RunRequest,
  ports: () => Pick<Ports, Used>,
): Promise<Outcome> => {
  try {
    if (!mayCall(definition.callers, caller)) throw new RunError('forbidden', { reason: 'callers' });
    if (caller.kind === 'canary') {
      await definition.canary(ports());
      return { answer: healthyAnswer(definition.response), hints: {}, error: null };
    }
    const raw = read(definition.input);
    const given = ports();
    const input = readInput(definition.input, raw, caller.kind === 'http' ? 'any' : 'direct');
    const { response, hints = {} } = await definition.steps({
      ...given,
      input,
      caller: named(caller, input),
    });
    return { answer: answered(definition.response, response), hints, error: null };
  } catch (thrown) {
    return failure(thrown, definition);
  }
};
