import { type CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import { type CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { metricsNamespace } from '../../functions/observability/metric-catalogue.ts';
import { type DeployedStage, functionOf } from './deployed-stage.ts';
import type { Traced } from './smoke-callers.ts';

const minute = 60_000;

/** Whether the line of every request is in its function's log group. */
export const logsArrived = async (
  client: CloudWatchLogsClient,
  stage: DeployedStage,
  traced: readonly Traced[],
  since: number,
): Promise<boolean> => {
  const found = await Promise.all(
    traced.map(async ({ name, requestId }) => {
      const { events = [] } = await client.send(
        new FilterLogEventsCommand({
          logGroupName: functionOf(stage, name).logGroup,
          startTime: since,
          filterPattern: `{ $.request_id = "${requestId}" }`,
        }),
      );
      return events.length > 0;
    }),
  );
  return found.every(Boolean);
};

/** Whether the metric that the alarms read counts at least these requests since then, by function and outcome. */
export const metricsArrived = async (
  client: CloudWatchClient,
  { service }: DeployedStage,
  traced: readonly Traced[],
  since: number,
  now: number,
): Promise<boolean> => {
  const groups = Map.groupBy(traced, ({ name, outcome }) => `${name} ${outcome}`);
  const counted = await Promise.all(
    [...groups].map(async ([key, { length }]) => {
      const [name, outcome] = key.split(' ');
      const { Datapoints = [] } = await client.send(
        new GetMetricStatisticsCommand({
          Namespace: metricsNamespace,
          MetricName: 'Requests',
          Dimensions: [
            { Name: 'service', Value: service },
            { Name: 'function', Value: name },
            { Name: 'outcome', Value: outcome },
          ],
          // CloudWatch counts by whole minutes.
          StartTime: new Date(Math.floor(since / minute) * minute),
          EndTime: new Date(now + minute),
          Period: 60,
          Statistics: ['Sum'],
        }),
      );
      return Datapoints.reduce((sum, { Sum = 0 }) => sum + Sum, 0) >= length;
    }),
  );
  return counted.every(Boolean);
};
