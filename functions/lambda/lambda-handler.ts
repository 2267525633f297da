import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import type { Service } from '../compose/run-service.ts';
import type { LogEvent } from '../observability/log-catalogue.ts';
import { thrownPlace } from '../privacy/thrown-place.ts';
import { corsHeaders } from '../runtime/cors.ts';
import type { RunFunction } from '../runtime/define-function.ts';
import { type ErrorCode, errorCatalogue, RunError } from '../runtime/errors.ts';
import { type HttpReply, httpReply } from '../runtime/http-reply.ts';
import type { InputDeclarations } from '../runtime/inputs.ts';
import type { Answer, ResponseDeclaration } from '../runtime/response.ts';
import { failure, type Outcome, runFunction } from '../runtime/run-function.ts';
import type { Ports } from '../service/ports.ts';
import { type LambdaRequest, readLambdaEvent } from './lambda-event.ts';

/** Answer this long before Lambda would cut the function off, in milliseconds. */
const timeoutEarlyInMillis = 500;

const lineFor = (code: ErrorCode | undefined): LogEvent => {
  if (code === undefined) return 'request_answered';
  if (errorCatalogue[code].status < 500) return 'request_refused';
  return code === 'misconfigured' ? 'operator_needed' : 'upstream_failed';
};

/** What the event's caller gets, and a request on its way: the event becomes a LambdaRequest, the response that result. */
type Result = HttpReply | Answer;
type Invocation = middy.Request<LambdaRequest, Outcome | Result, Error, Context, { startedAt: number }>;

/**
 * The Lambda handler of a run function, the same for all three kinds of caller: a proxy event gets a proxy result,
 * a direct invoke and a canary get the answer alone. It never throws.
 */
export const lambdaHandler = <
  D extends InputDeclarations,
  Used extends keyof Ports,
  R extends ResponseDeclaration,
>(
  definition: RunFunction<D, Ports, Used, R>,
  { ports, log, metrics, durations, clock, corsOrigins }: Service<Pick<Ports, Used>>,
) => {
  const { name } = definition;

  const observe = ({ event, context, internal }: Invocation, { error }: Outcome): void => {
    const { caller, requestId } = event;
    const { code, details } = error ?? {};
    const duration = clock() - internal.startedAt;
    log(lineFor(code), {
      function: name,
      request_id: requestId ?? context.awsRequestId,
      caller: caller.kind,
      code,
      reason: details?.reason,
      fix: details?.fix,
      duration,
      thrown: error === null ? undefined : thrownPlace(error.details.cause),
    });
    metrics({ Requests: 1 }, { function: name, outcome: code ?? 'ok' });
    const canary = caller.kind === 'canary' ? { CanarySuccess: error === null ? 1 : 0 } : {};
    metrics({ Duration: duration, ...durations.collect(), ...canary }, { function: name });
  };

  const reply = (invocation: Invocation): void => {
    const { event, context, response, error } = invocation;
    const outcome = error instanceof Error ? failure(error, definition) : (response as Outcome);
    observe(invocation, outcome);
    if (event.caller.kind === 'http') {
      const cors = corsOrigins.length === 0 ? {} : corsHeaders(corsOrigins, event.origin);
      invocation.response = httpReply(outcome, event.requestId ?? context.awsRequestId, cors);
    } else invocation.response = outcome.answer;
  };

  const pipeline = middy<LambdaRequest, Outcome | Result, Error, Context, { startedAt: number }>({
    timeoutEarlyInMillis,
    timeoutEarlyResponse: () =>
      failure(new RunError('upstream_timeout', { reason: 'lambda_timeout', effect: 'unknown' }), definition),
  })
    .before((invocation) => {
      invocation.internal.startedAt = clock();
      invocation.event = readLambdaEvent(invocation.event);
    })
    .after(reply)
    .onError(reply)
    .handler((request) => runFunction(definition, request, ports));
  return async (event: unknown, context: Context): Promise<Result> =>
    (await pipeline(event as LambdaRequest, context)) as Result;
};
