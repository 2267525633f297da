import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { Expected } from '../../functions/canary/gateway-answer.ts';
import { catalog } from '../../functions/catalog.ts';
import { approved, sent, wrongCode } from '../../functions/runtime/envelope.ts';
import { type Answer, healthyAnswer } from '../../functions/runtime/response.ts';
import { logsArrived, metricsArrived } from './arrivals.ts';
import { readDeployedStage, SmokeFailure } from './deployed-stage.ts';
import { type Admission, admitted, askDirectly, askGateway, type Traced } from './smoke-callers.ts';

/** What a smoke test is of, and with what. */
export interface SmokeOptions {
  readonly stage: string;
  readonly region: string | undefined;
  readonly token: Admission['token'];
  /** How often logs and metrics are looked for, at least once, with a {@link SmokeOptions.pause} between. */
  readonly looks: number;
  readonly pause: () => Promise<unknown>;
  readonly clock: () => number;
  /** Told of each step as it ends. */
  readonly say: (line: string) => void;
}

/** What went wrong, without whatever an SDK may have put into a message. */
const sentenceOf = (thrown: unknown): string => {
  if (thrown instanceof SmokeFailure) return thrown.message;
  const name = thrown instanceof Error ? thrown.name : 'unknown';
  return `it failed with ${name}`;
};

const clientsFor = (region: string | undefined) => {
  const options = region === undefined ? {} : { region };
  return {
    ssm: new SSMClient(options),
    lambda: new LambdaClient(options),
    logs: new CloudWatchLogsClient(options),
    cloudWatch: new CloudWatchClient(options),
  };
};

/** The credentials and region of a client, to sign requests to the gateway with. */
const signerOf = (client: LambdaClient) => async () => {
  const { accessKeyId, secretAccessKey, sessionToken = '' } = await client.config.credentials();
  return { region: await client.config.region(), accessKeyId, secretAccessKey, sessionToken };
};

/** Looks until it is there, as often as was asked for. */
const until = async (there: () => Promise<boolean>, { looks, pause }: SmokeOptions, what: string) => {
  for (let look = 1; !(await there()); look += 1) {
    if (look >= looks) throw new SmokeFailure(`${what} did not arrive`);
    await pause();
  }
};

/**
 * Proves that a deployed stage works. Sends no message: all it asks for is a test number of the stage's own policy.
 *
 * @returns whether every step held; a step that failed ends it, since the later ones stand on it.
 */
export const smoke = async (options: SmokeOptions): Promise<boolean> => {
  const { stage, token, clock, say } = options;
  const clients = clientsFor(options.region);
  const since = clock();
  const traced: Traced[] = [];

  const step = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
    const startedAt = clock();
    try {
      const result = await run();
      say(`ok    ${name} (${clock() - startedAt} ms)`);
      return result;
    } catch (thrown) {
      say(`FAIL  ${name}: ${sentenceOf(thrown)}`);
      throw new SmokeFailure(name);
    }
  };
  const asked = (name: string, run: () => Promise<Traced>) =>
    step(name, async () => void traced.push(await run()));

  const steps = async (): Promise<void> => {
    const found = await step(`stage ${stage} is deployed`, () => readDeployedStage(clients, stage, clock()));
    const { to, sid, code } = found.testNumber;
    const start = { to_phone: to };
    const check = { to_phone: to, code };
    const wrong = { to_phone: to, code: code === '000000' ? '000001' : '000000' };
    const { post } = await step('the gateway answers', () =>
      admitted(found.apiUrl, { token, signWith: signerOf(clients.lambda) }),
    );
    const gateway = (what: string, name: string, input: object, expected: Expected) =>
      asked(`gateway: ${what}`, () => askGateway(post, name, input, expected));
    const direct = (what: string, name: string, input: object, expected: Answer) =>
      asked(`direct: ${what}`, () => askDirectly(clients.lambda, found, name, input, expected));
    await gateway('a start without a number is refused', 'start_verification', { code }, 'invalid_input');
    await gateway('a check without a number is refused', 'check_verification', { code }, 'invalid_input');
    await gateway('a start answers pending', 'start_verification', start, sent(sid));
    await gateway('the wrong code is refused', 'check_verification', wrong, wrongCode());
    await gateway('the right code is approved', 'check_verification', check, approved(sid));
    await direct('a start answers pending', 'start_verification', start, sent(sid));
    await direct('the right code is approved', 'check_verification', check, approved(sid));
    for (const { name, response } of catalog)
      await direct(`${name} finds all it stands on`, name, { canary: true }, healthyAnswer(response));
    await step('the log line of each request arrives', () =>
      until(() => logsArrived(clients.logs, found, traced, since), options, 'at least one line'),
    );
    await step('the metrics of the requests arrive', () =>
      until(
        () => metricsArrived(clients.cloudWatch, found, traced, since, clock()),
        options,
        'the metric Requests with its dimensions',
      ),
    );
  };

  try {
    await steps();
    return true;
  } catch (thrown) {
    if (thrown instanceof SmokeFailure) return false;
    throw thrown;
  } finally {
    for (const client of Object.values(clients)) client.destroy();
  }
};
