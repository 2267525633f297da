import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import type { Service } from '../compose/run-service.ts';
import type { LogEvent } from '../observability/log-catalogue.ts';
import { thrownPlace } from '../privacy/thrown-place.ts';
import { corsHeaders } from '../runtime/cors.ts';
import type { RunFunction } from '../runtime/define-function.ts';
import { type Envelope, healthy } from '../runtime/envelope.ts';
import { errorCatalogue, RunError } from '../runtime/errors.ts';
import { type HttpReply, httpReply } from '../runtime/http-reply.ts';
import type { InputDeclarations } from '../runtime/inputs.ts';
import { failure, type Outcome, runFunction } from '../runtime/run-function.ts';
import type { Ports } from '../service/ports.ts';
import { type LambdaRequest, readLambdaEvent } from './lambda-event.ts';

/** Answer this long before Lambda would cut the function off, in milliseconds. */
const timeoutEarlyInMillis = 500;

const lineFor = ({ error }: Outcome): LogEvent => {
  if (error === null) return 'request_answered';
  const { status } = errorCatalogue[error.code];
  if (status < 500) return 'request_refused';
  return error.code === 'misconfigured' ? 'operator_needed' : 'upstream_failed';
};

type Result = HttpReply | Envelope;
/** A request on its way: the event becomes a LambdaRequest, the response an outcome and then the result. */
type Invocation = middy.Request<LambdaRequest, Outcome | Result, Error, Context, { startedAt: number }>;

/**
 * The Lambda handler of a run function, the same for all three kinds of caller: a proxy event gets a proxy result,
 * a direct invoke and a canary get the envelope. It never throws.
 */
export const lambdaHandler = <D extends InputDeclarations>(
  definition: RunFunction<D, Ports>,
  { ports, log, metrics, durations, clock, corsOrigins }: Service,
) => {
  const answer = async ({ caller, input }: LambdaRequest): Promise<Outcome> => {
    try {
      if (caller.kind !== 'canary')
        return await runFunction(definition, input(definition.input), caller, ports());
      await definition.canary(ports());
      return { envelope: healthy(), hints: {}, error: null };
    } catch (thrown) {
      return failure(thrown, definition);
    }
  };

  const observe = (
    { event: { caller, requestId }, context, internal }: Invocation,
    outcome: Outcome,
  ): void => {
    const { code, details } = outcome.error ?? {};
    const duration = clock() - internal.startedAt;
    log(lineFor(outcome), {
      function: definition.name,
      request_id: requestId ?? context.awsRequestId,
      caller: caller.kind,
      code,
      reason: details?.reason,
      fix: details?.fix,
      duration,
      thrown: thrownPlace(details?.cause),
    });
    metrics({ Requests: 1 }, { function: definition.name, outcome: code ?? 'ok' });
    const canary = caller.kind === 'canary' ? { CanarySuccess: outcome.error === null ? 1 : 0 } : {};
    metrics({ Duration: duration, ...durations(), ...canary }, { function: definition.name });
  };

  const reply = (invocation: Invocation): Result => {
    const { event, context, response, error } = invocation;
    const outcome = error instanceof Error ? failure(error, definition) : (response as Outcome);
    observe(invocation, outcome);
    return event.caller.kind === 'http'
      ? httpReply(outcome, event.requestId ?? context.awsRequestId, corsHeaders(corsOrigins, event.origin))
      : outcome.envelope;
  };

  const pipeline = middy<LambdaRequest, Outcome | Result, Error, Context, { startedAt: number }>({
    timeoutEarlyInMillis,
    timeoutEarlyResponse: () =>
      failure(new RunError('upstream_timeout', { reason: 'lambda_timeout', effect: 'unknown' }), definition),
  })
    .before((request) => {
      request.internal.startedAt = clock();
      request.event = readLambdaEvent(request.event);
    })
    .after((request) => {
      request.response = reply(request);
    })
    .onError((request) => {
      request.response = reply(request);
    })
    .handler(answer);
  return async (event: unknown, context: Context): Promise<Result> =>
    (await pipeline(event as LambdaRequest, context)) as Result;
};
