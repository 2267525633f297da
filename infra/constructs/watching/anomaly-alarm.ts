import { CfnAlarm, CfnAnomalyDetector, type Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';

/** A measure whose usual course CloudWatch learns, and the side on which leaving it is bad. */
export interface AnomalyAlarmProps {
  readonly alarmName: string;
  readonly description: string;
  /** Of the metrics below, by their names there. */
  readonly expression: string;
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly bad: 'above' | 'below';
  /** How many standard deviations wide the usual is on either side. */
  readonly width: number;
  /** Hours in a row that must be unusual. */
  readonly hours: number;
  readonly actions: readonly string[];
}

const hour = 3_600;

/** An alarm on what is unusual for the hour of the week. It learns for two weeks; an hour without values is no alarm. */
export class AnomalyAlarm extends Construct {
  constructor(scope: Construct, id: string, props: AnomalyAlarmProps) {
    super(scope, id);
    const queries = [
      ...Object.entries(props.metrics).map(([name, { namespace, metricName, dimensions, statistic }]) => ({
        id: name,
        metricStat: {
          metric: {
            namespace,
            metricName,
            dimensions: Object.entries(dimensions ?? {}).map(([key, value]) => ({ name: key, value })),
          },
          period: hour,
          stat: statistic,
        },
        returnData: false,
      })),
      { id: 'measure', expression: props.expression, returnData: true },
    ];
    // The model belongs to the very queries that the alarm makes.
    new CfnAnomalyDetector(this, 'Model', { metricMathAnomalyDetector: { metricDataQueries: queries } });
    new CfnAlarm(this, 'Alarm', {
      alarmName: props.alarmName,
      alarmDescription: props.description,
      metrics: [
        ...queries,
        { id: 'usual', expression: `ANOMALY_DETECTION_BAND(measure, ${props.width})`, returnData: true },
      ],
      thresholdMetricId: 'usual',
      comparisonOperator: props.bad === 'above' ? 'GreaterThanUpperThreshold' : 'LessThanLowerThreshold',
      evaluationPeriods: props.hours,
      treatMissingData: 'notBreaching',
      alarmActions: [...props.actions],
    });
  }
}
