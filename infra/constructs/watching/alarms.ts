import { Stack } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmRule,
  ComparisonOperator,
  CompositeAlarm,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { DeclaredFunction } from '../../declared-function.ts';
import type { AlarmSpec } from '../../watching/alarm-spec.ts';
import { guardDecisions, sendsAndChecks, totalOf } from '../../watching/guard-decisions.ts';
import type { ServiceMetrics } from '../../watching/service-metrics.ts';
import { AnomalyAlarm } from './anomaly-alarm.ts';

/** Who is told, and where they read on. */
export interface AlarmsProps {
  readonly metrics: ServiceMetrics;
  readonly functions: readonly DeclaredFunction[];
  /** Told of every alarm, but for those that page. */
  readonly topic: ITopic;
  /** Told of an outage. */
  readonly pageTopic: ITopic;
  /** The address of docs/runbook.md. */
  readonly runbookUrl: string;
  readonly specs: readonly AlarmSpec[];
}

/** An alarm that takes a function back while it is being moved. */
export interface RollbackAlarm {
  /** The id of the function. */
  readonly of: string;
  readonly alarm: Alarm;
}

/** All alarms of the stack. Those that mean that users are turned away wake an operator as one alarm. */
export class Alarms extends Construct {
  /** Those of {@link AlarmSpec.rollsBack}. */
  readonly rollback: readonly RollbackAlarm[];
  readonly all: readonly Alarm[];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const { specs } = props;
    const alarms = specs.map((spec) => ({ spec, alarm: this.alarm(spec, props) }));
    this.all = alarms.map(({ alarm }) => alarm);
    this.rollback = alarms.flatMap(({ spec: { rollsBack: of }, alarm }) =>
      of === undefined ? [] : { of, alarm },
    );
    const paging = alarms.filter(({ spec }) => spec.pages).map(({ alarm }) => alarm);
    const outage = new CompositeAlarm(this, 'Outage', {
      compositeAlarmName: this.nameOf('Outage'),
      alarmDescription: described('outage', 'Users are turned away', props.runbookUrl),
      alarmRule: AlarmRule.anyOf(...paging),
    });
    // The operator that it woke is told that it is over, too.
    outage.addAlarmAction(new SnsAction(props.pageTopic));
    outage.addOkAction(new SnsAction(props.pageTopic));
    this.addAnomalies(props);
  }

  private nameOf(id: string): string {
    return `${Stack.of(this).stackName}-${id}`;
  }

  private alarm(spec: AlarmSpec, { runbookUrl, topic }: AlarmsProps): Alarm {
    const { over, of } = spec.periods ?? { over: 1, of: 1 };
    const alarm = new Alarm(this, spec.id, {
      alarmName: this.nameOf(spec.id),
      alarmDescription: described(spec.heading, spec.says, runbookUrl),
      metric: spec.metric,
      comparisonOperator: spec.comparison ?? ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      threshold: spec.threshold,
      datapointsToAlarm: over,
      evaluationPeriods: of,
      treatMissingData: spec.missing ?? TreatMissingData.NOT_BREACHING,
    });
    if (spec.pages !== true) alarm.addAlarmAction(new SnsAction(topic));
    return alarm;
  }

  private addAnomalies({ functions, metrics, topic, runbookUrl }: AlarmsProps): void {
    if (!sendsAndChecks(functions)) return;
    const decided = guardDecisions(metrics, functions);
    const spent = Object.fromEntries(
      ['sent', 'doubtful'].flatMap((outcome) =>
        Object.entries(totalOf(outcome, decided('send', outcome, 'EstimatedSpend')).metrics),
      ),
    );
    const approved = totalOf('approved', decided('check', 'approved'));
    const sent = totalOf('sent', decided('send', 'sent'));
    const shared = { actions: [topic.topicArn], width: 3 };
    new AnomalyAlarm(this, 'Spend', {
      ...shared,
      alarmName: this.nameOf('SpendUnusual'),
      description: described('spend-unusual', 'Messages cost more than usual for this hour', runbookUrl),
      expression: Object.keys(spent)
        .map((name) => `FILL(${name}, 0)`)
        .join(' + '),
      metrics: spent,
      bad: 'above',
      hours: 1,
    });
    new AnomalyAlarm(this, 'Conversion', {
      ...shared,
      alarmName: this.nameOf('ConversionUnusual'),
      description: described(
        'conversion-unusual',
        'Fewer codes than usual for this hour are entered',
        runbookUrl,
      ),
      expression: `100 * ${approved.sum} / ${sent.sum}`,
      metrics: { ...approved.metrics, ...sent.metrics },
      bad: 'below',
      hours: 2,
    });
  }
}

const described = (heading: string, says: string, runbookUrl: string): string =>
  `${says}. ${runbookUrl}#${heading}`;
