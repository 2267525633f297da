import type { Context } from 'aws-lambda';
import { catalog } from '../../functions/catalog.ts';
import { composeFor } from '../../functions/compose/all-ports.ts';
import { lambdaHandler } from '../../functions/lambda/lambda-handler.ts';
import type { Callers } from '../../functions/runtime/define-function.ts';
import { isRecord } from '../../functions/runtime/inputs.ts';
import { differenceFrom } from '../../functions/runtime/response-check.ts';
import type { Answering } from '../../functions/runtime/run-function.ts';
import type { ServiceFunction } from '../../functions/service/ports.ts';

/** A function of the catalogue, ready to be called as Lambda would. */
export interface LocalFunction extends Answering {
  readonly name: string;
  readonly callers: Callers;
  readonly handler: (event: unknown, context: Context) => Promise<unknown>;
}

/** How long a call may take by what the context says, in milliseconds; nothing here cuts it off. */
const timeout = 15_000;

/** The ARN of a function of this machine. */
export const arnOf = (name: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

/** The context that Lambda gives a handler. */
export const lambdaContext = (name: string, requestId: string): Context => {
  const startedAt = performance.now();
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: name,
    functionVersion: '$LATEST',
    invokedFunctionArn: arnOf(name),
    memoryLimitInMB: '512',
    awsRequestId: requestId,
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: () => Math.max(0, timeout - (performance.now() - startedAt)),
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  };
};

type Handler = LocalFunction['handler'];
type Told = (sentence: string) => void;

/** The answer in what a handler gave back: an answer begins with `success`, a proxy result holds one in its body. */
const answerIn = (result: unknown): unknown =>
  isRecord(result) && !('success' in result) && typeof result['body'] === 'string'
    ? JSON.parse(result['body'])
    : result;

/** A handler, each of whose answers is held against what its function declares; a difference is told, and not changed. */
export const heldToDeclaration =
  (handler: Handler, { name, response }: Pick<LocalFunction, 'name' | 'response'>, onDefect: Told): Handler =>
  async (event, context) => {
    const result = await handler(event, context);
    const difference = differenceFrom(response, answerIn(result));
    if (difference !== undefined) onDefect(`${name} answered otherwise than it declares: ${difference}`);
    return result;
  };

/**
 * Composes every function of the catalogue as its Lambda would be. Each reads the environment once, so a process serves
 * one world.
 *
 * @param onDefect - told of each answer that differs from what its function declares.
 */
export const loadFunctions = (
  environment: Readonly<Record<string, string>>,
  onDefect: Told,
): readonly LocalFunction[] => {
  Object.assign(process.env, environment);
  return catalog.map((definition: ServiceFunction) => {
    const { name, callers, failure, response } = definition;
    const handler = lambdaHandler(definition, composeFor(definition.uses));
    return { name, callers, failure, response, handler: heldToDeclaration(handler, definition, onDefect) };
  });
};
