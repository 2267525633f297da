import { Duration, Stack } from 'aws-cdk-lib';
import { Dashboard, type IAlarm, type IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { businessWidgets } from '../../watching/business-widgets.ts';
import type { WatchedRun } from '../../watching/function-alarms.ts';
import { operationsWidgets } from '../../watching/operations-widgets.ts';
import type { ServiceMetrics } from '../../watching/service-metrics.ts';
import type { Edge } from '../edge/edge.ts';

/** What the dashboards show. */
export interface DashboardsProps {
  readonly metrics: ServiceMetrics;
  readonly functions: readonly WatchedRun[];
  /** The dimension `function` of each canary. */
  readonly canaries: readonly string[];
  readonly edge: Edge;
  readonly alarms: readonly IAlarm[];
  /** Of the estimates of spend. */
  readonly currency: string;
}

/** Two dashboards: what the service is for, and whether it is well. */
export class Dashboards extends Construct {
  constructor(scope: Construct, id: string, { currency, edge, ...shown }: DashboardsProps) {
    super(scope, id);
    this.dashboard('Business', Duration.days(7), businessWidgets({ ...shown, currency }));
    this.dashboard(
      'Operations',
      Duration.hours(6),
      operationsWidgets({ ...shown, api: edge.api, webAcl: edge.webAcl?.acl }),
    );
  }

  private dashboard(name: string, defaultInterval: Duration, rows: readonly (readonly IWidget[])[]): void {
    const dashboardName = `${Stack.of(this).stackName}-${name.toLowerCase()}`;
    const dashboard = new Dashboard(this, name, { dashboardName, defaultInterval });
    for (const row of rows) dashboard.addWidgets(...row);
  }
}
