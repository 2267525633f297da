import { GetFunctionConfigurationCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { GetParametersCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { catalog } from '../../functions/catalog.ts';
import { parsePolicy } from '../../functions/guard/policy/policy.ts';
import { type TestNumber, testNumberOf } from '../../functions/guard/policy/test-numbers.ts';
import { serviceName } from '../../functions/observability/metric-catalogue.ts';
import type { Destination } from '../../functions/verify/destination.ts';

/** A step's failure: a sentence for the operator. */
export class SmokeFailure extends Error {}

/** A function of a deployed stage. */
interface DeployedFunction {
  /** Of its alias. */
  readonly arn: string;
  readonly logGroup: string;
}

/** What a deployed stage says of itself. */
export interface DeployedStage {
  /** With a slash at its end. */
  readonly apiUrl: string;
  readonly functions: ReadonlyMap<string, DeployedFunction>;
  /** The dimension `service` of its metrics. */
  readonly service: string;
  readonly testNumber: TestNumber & { readonly to: string };
}

const names = catalog.map(({ name }) => name);

/** The values of the stage's parameters, by the last part of their names. */
const publishedBy = async (client: SSMClient, stage: string): Promise<ReadonlyMap<string, string>> => {
  const path = `/twilio-verify-phone/${stage}/`;
  const wanted = ['api-url', ...names.map((name) => `${name}-arn`)].map((name) => `${path}${name}`);
  const { Parameters = [], InvalidParameters = [] } = await client.send(
    new GetParametersCommand({ Names: wanted }),
  );
  if (InvalidParameters.length > 0)
    throw new SmokeFailure(
      `SSM has no ${InvalidParameters.join(', ')}: is the stage deployed in this region?`,
    );
  return new Map(Parameters.map(({ Name = '', Value = '' }) => [Name.slice(path.length), Value]));
};

/** What a function's configuration says, held against what it must be. */
const configurationOf = async (client: LambdaClient, name: string, arn: string) => {
  const found = await client.send(new GetFunctionConfigurationCommand({ FunctionName: arn }));
  const { State, LoggingConfig, Environment } = found;
  if (State !== 'Active') throw new SmokeFailure(`${name} is ${State ?? 'in no known state'} and not Active`);
  const logGroup = LoggingConfig?.LogGroup;
  if (logGroup === undefined) throw new SmokeFailure(`${name} has no log group`);
  return { function: { arn, logGroup }, variables: Environment?.Variables ?? {} };
};

/**
 * A function of the stage.
 *
 * @throws SmokeFailure where the stage has none of that name.
 */
export const functionOf = ({ functions }: DeployedStage, name: string): DeployedFunction => {
  const found = functions.get(name);
  if (found === undefined) throw new SmokeFailure(`the stage has no function ${name}`);
  return found;
};

const testNumberIn = (policy: string | undefined, now: number): DeployedStage['testNumber'] => {
  const { test_numbers: numbers } = parsePolicy(JSON.parse(policy || '{}'));
  const found = numbers
    .map(({ number }) => ({ to: number, test: testNumberOf(number as Destination, numbers, now) }))
    .find(({ test }) => test !== undefined);
  if (found?.test === undefined)
    throw new SmokeFailure(
      'The stage has no test number that holds today; add one to verify.test_numbers and deploy',
    );
  return { ...found.test, to: found.to };
};

/**
 * Reads what a stage published and how its functions are configured.
 *
 * @param now - milliseconds since the epoch, which decides whether a test number holds.
 * @throws SmokeFailure where something is missing or not as it must be; what the SDK throws.
 */
export const readDeployedStage = async (
  { ssm, lambda }: { readonly ssm: SSMClient; readonly lambda: LambdaClient },
  stage: string,
  now: number,
): Promise<DeployedStage> => {
  const published = await publishedBy(ssm, stage);
  const found = await Promise.all(
    names.map(
      async (name) =>
        [name, await configurationOf(lambda, name, published.get(`${name}-arn`) ?? '')] as const,
    ),
  );
  const variables = found.map(([, configuration]) => configuration.variables);
  // A function has the variables that it uses, and no other.
  const written = (name: string) => variables.find((one) => one[name] !== undefined)?.[name];
  return {
    apiUrl: published.get('api-url') ?? '',
    functions: new Map(found.map(([name, configuration]) => [name, configuration.function])),
    service: written('POWERTOOLS_SERVICE_NAME') ?? serviceName,
    testNumber: testNumberIn(written('VERIFY_POLICY'), now),
  };
};
