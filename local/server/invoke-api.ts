import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody, send } from '../http-server.ts';
import { arnOf, type LocalFunction, lambdaContext } from './local-functions.ts';

/** The size limit of Lambda's Invoke API, in bytes. */
const maxPayload = 6 * 1024 * 1024;

/** The function's name or ARN, percent-encoded or not, from an Invoke path. */
const invokePath = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;

/** A name, `account:function:name` or an ARN, each with or without a qualifier. */
const reference = /^(?:(?:arn:aws[\w-]*:lambda:[\w-]+:)?(?:\d{12}:)?function:)?([\w-]+)(?::([\w$-]+))?$/;

/** The reference to a function in a path of the Invoke API; undefined where the path is another. */
export const invokedReference = (path: string): string | undefined => {
  const encoded = invokePath.exec(path)?.[1];
  if (encoded === undefined) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
};

const refuse = (response: ServerResponse, status: number, type: string, message: string): void => {
  // Lambda's model spells the member differently for this one.
  const member = type === 'ResourceNotFoundException' ? 'Message' : 'message';
  const headers = { 'Content-Type': 'application/json', 'x-amzn-ErrorType': type };
  send(response, status, headers, JSON.stringify({ Type: 'User', [member]: message }));
};

const parsedPayload = (payload: Buffer): { readonly event: unknown } | undefined => {
  try {
    return { event: payload.byteLength === 0 ? {} : JSON.parse(payload.toString('utf8')) };
  } catch {
    return undefined;
  }
};

const thrownBody = (thrown: unknown): string =>
  JSON.stringify(
    thrown instanceof Error
      ? { errorType: thrown.name, errorMessage: thrown.message, trace: thrown.stack?.split('\n') ?? [] }
      : { errorType: typeof thrown, errorMessage: String(thrown), trace: [] },
  );

/** Calls the function and waits: the payload is what it returned, or what it threw. */
const call = async (
  response: ServerResponse,
  called: LocalFunction,
  event: unknown,
  requestId: string,
): Promise<void> => {
  const headers = { 'Content-Type': 'application/json', 'X-Amz-Executed-Version': '$LATEST' };
  try {
    const result = await called.handler(event, lambdaContext(called.name, requestId));
    send(response, 200, headers, JSON.stringify(result ?? null));
  } catch (thrown) {
    send(response, 200, { ...headers, 'X-Amz-Function-Error': 'Unhandled' }, thrownBody(thrown));
  }
};

/**
 * Lambda's Invoke API. Any qualifier means the one version that there is; an event that fails is not tried again.
 */
export const invoke = async (
  request: IncomingMessage,
  response: ServerResponse,
  functions: readonly LocalFunction[],
  asked: string,
  requestId: string,
): Promise<void> => {
  response.setHeader('x-amzn-RequestId', requestId);
  const payload = await readBody(request, maxPayload);
  const [, name] = reference.exec(asked) ?? [];
  const called = functions.find((known) => known.name === name);
  if (called === undefined) {
    const known = functions.map((one) => one.name).join(', ');
    const message = `Function not found: ${name === undefined ? 'no such name' : arnOf(name)}. Here are: ${known}`;
    refuse(response, 404, 'ResourceNotFoundException', message);
    return;
  }
  if (payload === undefined) {
    const message = `Request must be smaller than ${maxPayload} bytes for the InvokeFunction operation`;
    refuse(response, 413, 'RequestTooLargeException', message);
    return;
  }
  const parsed = parsedPayload(payload);
  if (parsed === undefined) {
    refuse(response, 400, 'InvalidRequestContentException', 'Could not parse request body into json');
    return;
  }
  switch (request.headers['x-amz-invocation-type'] ?? 'RequestResponse') {
    case 'RequestResponse':
      return call(response, called, parsed.event, requestId);
    case 'Event':
      response.writeHead(202).end();
      // As in Lambda nobody waits for it; the function's own log says how it went.
      called.handler(parsed.event, lambdaContext(called.name, requestId)).catch(() => undefined);
      return;
    case 'DryRun':
      response.writeHead(204).end();
      return;
    default:
      refuse(response, 400, 'InvalidParameterValueException', 'The invocation type is not one of Lambda');
  }
};
