import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { gatewayClient } from '../../functions/adapters/gateway-client.ts';
import { differenceOf, type Expected, type GatewayAnswer } from '../../functions/canary/gateway-answer.ts';
import type { Answer } from '../../functions/runtime/response.ts';
import { type DeployedStage, functionOf, SmokeFailure } from './deployed-stage.ts';

/** A request whose traces must arrive. */
export interface Traced {
  readonly name: string;
  /** The id that its log line bears. */
  readonly requestId: string;
  readonly outcome: string;
}

/** What the gateway is shown beside the body: nothing, a token, or a signature. */
export interface Admission {
  readonly token?: { readonly header: string; readonly value: string } | undefined;
  /** The region and credentials to sign with. */
  readonly signWith: () => Promise<{
    readonly region: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
  }>;
}

/** How long the gateway may take, in milliseconds: more than its own 29 seconds, whose answer is to be seen. */
const patience = 32_000;

const plainPost =
  (url: string, headers: Readonly<Record<string, string>>) =>
  async (path: string, input: object): Promise<GatewayAnswer> => {
    const response = await fetch(new URL(path, url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(input),
      signal: AbortSignal.timeout(patience),
      redirect: 'manual',
    });
    return {
      status: response.status,
      header: (name) => response.headers.get(name),
      body: await response.text(),
    };
  };

/**
 * Finds out how the stage is guarded, by a request that a public one answers and no other: then says how to get in.
 *
 * @returns posts to a path of the API; and how it gets in, for the report.
 */
export const admitted = async (url: string, { token, signWith }: Admission) => {
  const open = plainPost(url, {});
  const { status } = await open('start_verification', { to_phone: '' });
  if (status !== 403) return { how: 'public', post: open };
  if (token !== undefined)
    return { how: 'with a token', post: plainPost(url, { [token.header]: token.value }) };
  return { how: 'signed', post: gatewayClient({ url, signWith: await signWith() }) };
};

/**
 * Asks a function through the gateway and holds the answer against the contract.
 *
 * @throws SmokeFailure that says in what the answer differs.
 */
export const askGateway = async (
  post: (path: string, input: object) => Promise<GatewayAnswer>,
  name: string,
  input: object,
  expected: Expected,
): Promise<Traced> => {
  const answer = await post(name, input);
  const difference = differenceOf(answer, expected);
  if (difference !== undefined) {
    const told = answer.header('verify-error');
    throw new SmokeFailure(
      `the answer is not the contract's (${difference}${told === null ? '' : `, Verify-Error ${told}`})`,
    );
  }
  const outcome = typeof expected === 'string' ? expected : 'ok';
  return { name, requestId: answer.header('x-request-id') ?? '', outcome };
};

/**
 * Invokes a function's alias and holds the answer against the contract.
 *
 * @throws SmokeFailure that says in what it differs; what the SDK throws.
 */
export const askDirectly = async (
  client: LambdaClient,
  stage: DeployedStage,
  name: string,
  input: object,
  expected: Answer,
): Promise<Traced> => {
  const { Payload, FunctionError, $metadata } = await client.send(
    new InvokeCommand({ FunctionName: functionOf(stage, name).arn, Payload: JSON.stringify(input) }),
  );
  if (FunctionError !== undefined) throw new SmokeFailure('the function threw, which it never may');
  if (Payload?.transformToString() !== JSON.stringify(expected))
    throw new SmokeFailure('the envelope is not the one that the contract wants');
  return { name, requestId: $metadata.requestId ?? '', outcome: 'ok' };
};
