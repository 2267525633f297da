import { Aws, Duration } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { ComparisonOperator, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import type { AlarmSpec } from './alarm-spec.ts';
import type { WatchedFunction } from './function-alarms.ts';
import type { ServiceMetrics } from './service-metrics.ts';

const period = Duration.minutes(5);

/** The alarm on what the gateway answers, be it the gateway's fault or a function's. */
export const gatewayAlarm = (api: RestApi): AlarmSpec => ({
  id: 'GatewayErrors',
  heading: 'gateway-errors',
  says: 'The API answers with 5xx',
  metric: api.deploymentStage.metricServerError({ period, statistic: 'Sum' }),
  threshold: 20,
  periods: { over: 2, of: 2 },
  pages: true,
});

/** What a web ACL blocked, by the name that it gave its metrics. */
export const blockedRequests = (acl: CfnWebACL): Metric =>
  new Metric({
    namespace: 'AWS/WAFV2',
    metricName: 'BlockedRequests',
    dimensionsMap: {
      WebACL: (acl.visibilityConfig as CfnWebACL.VisibilityConfigProperty).metricName,
      Region: Aws.REGION,
      Rule: 'ALL',
    },
    statistic: 'Sum',
    period,
  });

/** The alarm on a wave of requests that the web ACL keeps out. */
export const blockedAlarm = (acl: CfnWebACL, threshold: number): AlarmSpec => ({
  id: 'WafBlocks',
  heading: 'waf-blocks',
  says: `AWS WAF blocked ${threshold} requests or more in 5 minutes`,
  metric: blockedRequests(acl),
  threshold,
});

/** The alarm on events that a function did not live to answer. */
export const failureQueueAlarm = (queue: IQueue): AlarmSpec => ({
  id: 'FailureQueue',
  heading: 'failure-queue',
  says: 'An event given to a function to answer later was not answered',
  metric: queue.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Maximum' }),
  threshold: 1,
});

/** The alarm on a rotation of which a step failed. */
export const rotationAlarm = (metrics: ServiceMetrics, { id, name }: WatchedFunction): AlarmSpec => ({
  id: `${id}Failed`,
  heading: 'rotation-failed',
  says: `${name} failed; the secret in use still works`,
  metric: metrics('RotationSuccess', { function: name }, { statistic: 'Minimum' }),
  comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
  threshold: 1,
});
