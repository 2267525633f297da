import { join } from 'node:path';
import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { gatewayCanaryName } from '../functions/canary/gateway-canary.ts';
import { catalog } from '../functions/catalog.ts';
import { serviceName } from '../functions/observability/metric-catalogue.ts';
import { needsOf } from '../functions/service/ports.ts';
import { bundleFunctions } from './bundling/bundle.ts';
import { FailureQueue } from './constructs/data/failure-queue.ts';
import { GuardTable } from './constructs/data/guard-table.ts';
import { StackKey } from './constructs/data/stack-key.ts';
import { VerifySecrets } from './constructs/data/verify-secrets.ts';
import { authorizerName, Edge } from './constructs/edge/edge.ts';
import { GradualShift } from './constructs/lambdas/gradual-shift.ts';
import { Rotation, rotationNames } from './constructs/lambdas/rotation.ts';
import { RunLambda } from './constructs/lambdas/run-lambda.ts';
import type { StackLambdaProps } from './constructs/lambdas/stack-lambda.ts';
import { Watching } from './constructs/watching/watching.ts';
import type { DeclaredFunction } from './declared-function.ts';
import { runVariables } from './run-variables.ts';
import { deploymentConfig, reservedConcurrency } from './settings/functions.ts';
import type { Settings } from './settings.ts';
import type { WatchedRun } from './watching/function-alarms.ts';

/** `start_verification` to `StartVerification`, as CloudFormation wants its names. */
const pascalCase = (name: string): string =>
  name.replaceAll(/(?:^|_)([a-z])/g, (_match, letter: string) => letter.toUpperCase());

/** The names of a stage: those that share an account tell their functions and their metrics apart by them. */
const namesOf = ({ stage }: Settings) => {
  const named = (name: string): string => (stage === 'prod' ? name : `${name}-${stage}`);
  const service = named(serviceName);
  return { named, service, watched: service === serviceName ? {} : { POWERTOOLS_SERVICE_NAME: service } };
};

/** What the stack deploys: the service's own functions, unless a test gives others. */
export interface Deployed {
  readonly functions: readonly DeclaredFunction[];
  /** Makes a folder that holds a folder for each entry named, with its `index.mjs`. */
  readonly bundle: (entries: readonly string[]) => string;
}

/** The Lambda entries that these functions and settings need. */
const entriesOf = (functions: readonly DeclaredFunction[], settings: Settings): readonly string[] => [
  ...functions.map(({ name }) => name),
  ...(settings.access.mode === 'token' ? [authorizerName] : []),
  ...(settings.canary ? [gatewayCanaryName] : []),
  ...rotationNames(settings),
];

/** What is kept. */
interface Data {
  readonly secrets: VerifySecrets;
  readonly guard: GuardTable;
  readonly failures: FailureQueue;
}

/** What every Lambda of the stack is told, and its own bundle and name. */
type LambdaProps = Pick<
  StackLambdaProps,
  'bundle' | 'environment' | 'functionName' | 'key' | 'logRetention' | 'removalPolicy'
>;

/** The whole service, everything of it derived from the catalogue of run functions. */
export class VerifyStack extends Stack {
  private readonly settings: Settings;

  constructor(
    scope: Construct,
    id: string,
    settings: Settings,
    { functions, bundle }: Deployed = { functions: catalog, bundle: bundleFunctions },
  ) {
    // Only dev may be thrown away.
    const relaxed = settings.stage === 'dev';
    super(scope, id, {
      description: 'Phone verification as run jobs, over Twilio Verify',
      terminationProtection: !relaxed,
    });
    this.settings = settings;
    const { named, service, watched } = namesOf(settings);
    const bundles = bundle(entriesOf(functions, settings));
    const removalPolicy = relaxed ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    const stackKey = new StackKey(this, 'Data', removalPolicy);
    const data = this.addData(stackKey, removalPolicy);
    const own = (name: string) => ({ bundle: join(bundles, name), functionName: named(name) });
    const lambda = {
      key: stackKey.key,
      logRetention: settings.log_retention_days,
      removalPolicy,
      environment: watched,
    };
    const runs = functions.map((declared): WatchedRun => {
      const props = { ...lambda, ...own(declared.name) };
      return { ...declared, id: pascalCase(declared.name), lambda: this.addRun(declared, data, props) };
    });
    const edge = new Edge(this, 'Edge', {
      ...lambda,
      settings,
      routes: runs.map((run) => ({ definition: run, lambda: run.lambda.alias })),
      authorizer: own(authorizerName),
    });
    const { secrets } = data;
    const rotation = new Rotation(this, 'Rotation', {
      ...lambda,
      key: stackKey,
      settings,
      secrets,
      bundles,
      named,
    });
    const watching = new Watching(this, 'Watching', {
      ...lambda,
      settings,
      service,
      functions: runs,
      rotations: Object.entries(rotation.lambdas).map(([name, rotating]) => ({
        id: pascalCase(name),
        name,
        lambda: rotating,
      })),
      edge,
      failures: data.failures.queue,
      canary: own(gatewayCanaryName),
    });
    this.addShift(runs, watching);
    this.addOutputs(runs, {
      ApiUrl: edge.url,
      ...(edge.domainTarget && { DomainTarget: edge.domainTarget }),
      TableName: data.guard.table.tableName,
      AlarmTopicArn: watching.topic.topicArn,
      TwilioSecretArn: secrets.twilio.secretArn,
      DestinationKeySecretArn: secrets.destinationKey.secretArn,
      ...(rotation.admin && { TwilioAdminSecretArn: rotation.admin.secretArn }),
    });
  }

  /** What is kept: secrets, counters, and the events that no function answered. */
  private addData(key: StackKey, removalPolicy: RemovalPolicy): Data {
    const { contributor_insights: contributorInsights, secret_readers: readers } = this.settings;
    return {
      secrets: new VerifySecrets(this, 'Secrets', { key, removalPolicy, readers }),
      guard: new GuardTable(this, 'Guard', { key, removalPolicy, contributorInsights }),
      failures: new FailureQueue(this, 'Failures', key),
    };
  }

  /** A run function's Lambda, with what its declaration asks for. */
  private addRun(declared: DeclaredFunction, data: Data, props: LambdaProps): RunLambda {
    const { settings } = this;
    return new RunLambda(this, pascalCase(declared.name), {
      ...props,
      ...data,
      description: declared.description,
      needs: needsOf(declared),
      environment: { ...props.environment, ...runVariables(declared, { ...data, settings }) },
      reservedConcurrency: reservedConcurrency(settings, declared),
    });
  }

  private addShift(functions: readonly WatchedRun[], { rollback }: Watching): void {
    const shifting = deploymentConfig(this.settings);
    if (shifting === null) return;
    new GradualShift(this, 'Shift', {
      functions: Object.fromEntries(functions.map(({ id, lambda }) => [id, lambda])),
      deploymentConfig: shifting,
      alarms: rollback,
    });
  }

  private addOutputs(functions: readonly WatchedRun[], others: Readonly<Record<string, string>>): void {
    const outputs = [
      ...Object.entries(others),
      ...functions.flatMap(({ id, lambda: { alias, lambda } }) => [
        [`${id}FunctionName`, lambda.functionName] as const,
        [`${id}FunctionArn`, alias.functionArn] as const,
      ]),
    ];
    for (const [name, value] of outputs) new CfnOutput(this, name, { value });
  }
}
