import type { Context } from 'aws-lambda';
import { catalog } from '../../functions/catalog.ts';

/** A function of the catalogue, ready to be called as Lambda would. */
export interface LocalFunction {
  readonly name: string;
  /** The sentence for failures that the caller can do nothing about. */
  readonly failure: string;
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

/**
 * Loads the Lambda entry of every function of the catalogue. An entry reads the environment once, when it is loaded,
 * so a process serves one world.
 */
export const loadFunctions = (
  environment: Readonly<Record<string, string>>,
): Promise<readonly LocalFunction[]> => {
  Object.assign(process.env, environment);
  return Promise.all(
    catalog.map(async ({ name, failure }) => {
      const entry: { handler: LocalFunction['handler'] } = await import(`../../functions/lambda/${name}.ts`);
      return { name, failure, handler: entry.handler };
    }),
  );
};
