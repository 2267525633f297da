import type { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { gatewayCanaryName } from '../../../functions/canary/gateway-canary.ts';
import { type Policy, parsePolicy } from '../../../functions/guard/policy/policy.ts';
import { isForClients } from '../../declared-function.ts';
import type { Settings } from '../../settings.ts';
import type { AlarmSpec } from '../../watching/alarm-spec.ts';
import { blockedAlarm, failureQueueAlarm, gatewayAlarm, rotationAlarm } from '../../watching/edge-alarms.ts';
import {
  authorizerAlarms,
  canaryAlarm,
  functionAlarms,
  lambdaAlarms,
  type WatchedFunction,
  type WatchedRun,
} from '../../watching/function-alarms.ts';
import { guardAlarms } from '../../watching/guard-alarms.ts';
import { type ServiceMetrics, serviceMetrics } from '../../watching/service-metrics.ts';
import { authorizerName, type Edge } from '../edge/edge.ts';
import { Canary } from '../lambdas/canary.ts';
import { GatewayCanary } from '../lambdas/gateway-canary.ts';
import { AlarmTopic } from './alarm-topic.ts';
import { Alarms } from './alarms.ts';
import { Dashboards } from './dashboards.ts';

/** What is watched, and how. */
export interface WatchingProps {
  readonly settings: Settings;
  /** The dimension `service` of the metrics. */
  readonly service: string;
  readonly functions: readonly WatchedRun[];
  readonly rotations: readonly WatchedFunction[];
  readonly edge: Edge;
  readonly failures: IQueue;
  /** The gateway's canary's own: its bundle's folder and its Lambda's name. */
  readonly canary: { readonly bundle: string; readonly functionName: string };
  /** What every Lambda of the stack has in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly key: IKey;
  readonly removalPolicy: RemovalPolicy;
}

const canaryAlarms = (
  metrics: ServiceMetrics,
  { functions, settings }: WatchingProps,
): readonly AlarmSpec[] => {
  if (!settings.canary) return [];
  const minutes = settings.canary_minutes;
  const gateway = { id: 'Gateway', name: gatewayCanaryName, heading: 'gateway-canary-failed' };
  const ofFunctions = functions
    .filter(isForClients)
    .map(({ id, name }) => ({ id, name, heading: 'canary-failed' }));
  return [...ofFunctions, gateway].map((canary) => canaryAlarm(metrics, { ...canary, minutes }));
};

const alarmsOf = (metrics: ServiceMetrics, props: WatchingProps, policy: Policy): readonly AlarmSpec[] => {
  const { edge, failures, functions, rotations, settings } = props;
  const authorizer = edge.authorizer && {
    id: 'AuthorizeCaller',
    name: authorizerName,
    lambda: edge.authorizer.lambda,
  };
  return [
    ...functions.flatMap((watched) => functionAlarms(metrics, watched)),
    ...canaryAlarms(metrics, props),
    ...(authorizer ? authorizerAlarms(metrics, authorizer) : []),
    ...guardAlarms(metrics, policy, settings.stage),
    gatewayAlarm(edge.api),
    ...(edge.webAcl ? [blockedAlarm(edge.webAcl.acl, settings.alarms.blocked_per_5m)] : []),
    failureQueueAlarm(failures),
    ...rotations.flatMap((watched) => [rotationAlarm(metrics, watched), ...lambdaAlarms(watched)]),
  ];
};

/** Canaries, alarms, the topic that tells of them, and the dashboards to look at then. */
export class Watching extends Construct {
  readonly topic: ITopic;
  readonly rollback: Alarms['rollback'];

  constructor(scope: Construct, id: string, props: WatchingProps) {
    super(scope, id);
    const { functions, key, settings } = props;
    const policy = parsePolicy(JSON.parse(settings.policy));
    const metrics = serviceMetrics(props.service);
    if (settings.canary) this.addCanaries(props, policy);
    const { email, page_topic_arn, runbook_url, topic_arn } = settings.alarms;
    this.topic =
      topic_arn === undefined
        ? new AlarmTopic(this, 'Notices', key, email).topic
        : Topic.fromTopicArn(this, 'Notices', topic_arn);
    const { all, rollback } = new Alarms(this, 'Alarms', {
      metrics,
      functions,
      topic: this.topic,
      pageTopic:
        page_topic_arn === undefined ? this.topic : Topic.fromTopicArn(this, 'Pages', page_topic_arn),
      runbookUrl: runbook_url,
      specs: alarmsOf(metrics, props, policy),
    });
    this.rollback = rollback;
    new Dashboards(this, 'Dashboards', {
      metrics,
      functions,
      canaries: settings.canary ? [...functions.map(({ name }) => name), gatewayCanaryName] : [],
      edge: props.edge,
      alarms: all,
      currency: policy.daily_budget.cost.currency,
    });
  }

  private addCanaries({ canary, edge, functions, settings, ...shared }: WatchingProps, policy: Policy): void {
    for (const { id, lambda } of functions)
      new Canary(this, `${id}Canary`, lambda.alias, settings.canary_minutes);
    const { environment, key, removalPolicy } = shared;
    new GatewayCanary(this, 'GatewayCanary', {
      ...canary,
      settings,
      policy,
      gateway: edge.gateway,
      url: edge.url,
      environment,
      key,
      logRetention: settings.log_retention_days,
      removalPolicy,
    });
  }
}
