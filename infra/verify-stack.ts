import { join } from 'node:path';
import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { gatewayCanaryName } from '../functions/canary/gateway-canary.ts';
import { catalog } from '../functions/catalog.ts';
import { serviceName } from '../functions/observability/metric-catalogue.ts';
import { needsOf } from '../functions/service/ports.ts';
import { bundleFunctions } from './bundling/bundle.ts';
import { authorizerName, Edge } from './constructs/edge.ts';
import { FailureQueue } from './constructs/failure-queue.ts';
import { GradualShift } from './constructs/gradual-shift.ts';
import { GuardTable } from './constructs/guard-table.ts';
import { Rotation, rotationNames } from './constructs/rotation.ts';
import { RunLambda } from './constructs/run-lambda.ts';
import { StackKey } from './constructs/stack-key.ts';
import type { StackLambda } from './constructs/stack-lambda.ts';
import { VerifySecrets } from './constructs/verify-secrets.ts';
import { Watching } from './constructs/watching.ts';
import { deploymentConfig, reservedConcurrency } from './settings/functions.ts';
import type { Settings } from './settings.ts';
import type { WatchedFunction } from './watching/function-alarms.ts';

/** `start_verification` to `StartVerification`, as CloudFormation wants its names. */
const pascalCase = (name: string): string =>
  name.replaceAll(/(?:^|_)([a-z])/g, (_match, letter: string) => letter.toUpperCase());

/** The names of a stage: those that share an account tell their functions and their metrics apart by them. */
const namesOf = ({ stage }: Settings) => {
  const named = (name: string): string => (stage === 'prod' ? name : `${name}-${stage}`);
  const service = named(serviceName);
  return { named, service, watched: service === serviceName ? {} : { POWERTOOLS_SERVICE_NAME: service } };
};

/** The Lambda entries that these settings need. */
const entriesOf = (settings: Settings): readonly string[] => [
  ...catalog.map(({ name }) => name),
  ...(settings.access.mode === 'token' ? [authorizerName] : []),
  ...(settings.canary ? [gatewayCanaryName] : []),
  ...rotationNames(settings),
];

const watchedFunctions = (
  lambdas: readonly (readonly [name: string, lambda: StackLambda])[],
): readonly WatchedFunction[] => lambdas.map(([name, lambda]) => ({ id: pascalCase(name), name, lambda }));

/** What is kept. */
interface Data {
  readonly secrets: VerifySecrets;
  readonly guard: GuardTable;
  readonly failures: FailureQueue;
}

/** The whole service, everything of it derived from the catalogue of run functions. */
export class VerifyStack extends Stack {
  private readonly settings: Settings;

  constructor(scope: Construct, id: string, settings: Settings) {
    // Only dev may be thrown away.
    const relaxed = settings.stage === 'dev';
    super(scope, id, {
      description: 'Phone verification as run jobs, over Twilio Verify',
      terminationProtection: !relaxed,
    });
    this.settings = settings;
    const { named, service, watched } = namesOf(settings);
    const bundles = bundleFunctions(entriesOf(settings));
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
    const runs = catalog.map((definition) => {
      const { name, description } = definition;
      const run = new RunLambda(this, pascalCase(name), {
        ...lambda,
        ...own(name),
        ...data,
        description,
        needs: needsOf(definition),
        environment: { ...watched, ...this.variables(data) },
        reservedConcurrency: reservedConcurrency(settings),
      });
      return { definition, run, lambda: run.alias };
    });
    const edge = new Edge(this, 'Edge', {
      ...lambda,
      settings,
      routes: runs,
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
    const functions = watchedFunctions(runs.map(({ definition, run }) => [definition.name, run]));
    const watching = new Watching(this, 'Watching', {
      ...lambda,
      settings,
      service,
      functions,
      rotations: watchedFunctions(Object.entries(rotation.lambdas)),
      edge,
      failures: data.failures.queue,
      canary: own(gatewayCanaryName),
    });
    this.addShift(functions, watching);
    this.addOutputs(functions, {
      ApiUrl: edge.url,
      ...(edge.domainTarget && { DomainTarget: edge.domainTarget }),
      TableName: data.guard.table.tableName,
      AlarmTopicArn: watching.topic.topicArn,
      TwilioSecretArn: secrets.twilio.secretArn,
      DestinationKeySecretArn: secrets.destinationKey.secretArn,
      ...(rotation.admin && { TwilioAdminSecretArn: rotation.admin.secretArn }),
    });
  }

  /** What is kept: secrets, counters, and the events that nobody answered. */
  private addData(key: StackKey, removalPolicy: RemovalPolicy): Data {
    const { contributor_insights: contributorInsights, secret_readers: readers } = this.settings;
    return {
      secrets: new VerifySecrets(this, 'Secrets', { key, removalPolicy, readers }),
      guard: new GuardTable(this, 'Guard', { key, removalPolicy, contributorInsights }),
      failures: new FailureQueue(this, 'Failures', key),
    };
  }

  /** What the contract promises a run function of its environment. */
  private variables({ secrets, guard }: Data): Record<string, string> {
    const { cors_origins: origins, policy, twilio_edge, twilio_region } = this.settings;
    return {
      TWILIO_SECRET_ID: secrets.twilio.secretArn,
      DESTINATION_KEY_SECRET_ID: secrets.destinationKey.secretArn,
      VERIFY_TABLE_NAME: guard.table.tableName,
      VERIFY_POLICY: policy,
      ...(twilio_region && { TWILIO_REGION: twilio_region }),
      ...(twilio_edge && { TWILIO_EDGE: twilio_edge }),
      ...(origins.length > 0 && { CORS_ORIGINS: origins.join(' ') }),
    };
  }

  private addShift(functions: readonly WatchedFunction[], { rollback }: Watching): void {
    const shifting = deploymentConfig(this.settings);
    if (shifting === null) return;
    new GradualShift(this, 'Shift', {
      functions: Object.fromEntries(functions.map(({ id, lambda }) => [id, lambda])),
      deploymentConfig: shifting,
      alarms: rollback,
    });
  }

  private addOutputs(functions: readonly WatchedFunction[], others: Readonly<Record<string, string>>): void {
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
