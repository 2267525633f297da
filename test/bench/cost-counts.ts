import { App } from 'aws-cdk-lib';
import { Template as Synthesized } from 'aws-cdk-lib/assertions';
import recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { catalog } from '../../functions/catalog.ts';
import { readSettings } from '../../infra/settings.ts';
import { VerifyStack } from '../../infra/verify-stack.ts';
import { startWorld } from '../../local/world.ts';
import { resourcesOf, type Template } from '../infra/synth.ts';
import { emptyBundles } from '../support/empty-bundles.ts';
import { emulatorControl } from '../support/emulator-control.ts';
import { startFunctions } from '../support/function-process.ts';
import { restEvent } from '../support/lambda-events.ts';
import { guardCosts } from './guard-cost.ts';

type Line = Readonly<Record<string, unknown>>;

/** What one verification over HTTP, a start and an approved check, makes the functions print and answer. */
export interface Traffic {
  /** Bytes that both print: log lines and metrics. */
  readonly logBytes: number;
  /** Bytes of both answers, headers and all. */
  readonly answerBytes: number;
  /** Series of metrics, a name with its dimensions, that come of it, to the nearest ten. */
  readonly series: number;
}

/** What the synthesized production stack keeps by the month. */
export interface Standing {
  readonly wafRules: number;
  readonly keys: number;
  readonly secrets: number;
  /** To the nearest ten. */
  readonly alarmMetrics: number;
  readonly compositeAlarms: number;
  readonly dashboards: number;
  /** Bytes of one line of the gateway's access log, about. */
  readonly accessLineBytes: number;
  /** Megabytes of a run function. */
  readonly memory: number;
}

interface Embedded {
  readonly CloudWatchMetrics?: readonly {
    readonly Metrics: readonly { readonly Name: string }[];
    readonly Dimensions: readonly (readonly string[])[];
  }[];
}

// Numbers of another length would make every measurement another page.
const withEvenNumbers = (line: Line): string =>
  JSON.stringify(line, (name, value) => (typeof value === 'number' && name !== 'Timestamp' ? 100 : value));

// One alarm or metric more does not make another page.
const roughly = (count: number): number => Math.round(count / 10) * 10;

// How many requests to the table share one is a matter of microseconds, and a line lists what each took.
const rounded = (bytes: number): number => Math.round(bytes / 200) * 200;

const seriesOf = (line: Line): string[] =>
  ((line['_aws'] as Embedded | undefined)?.CloudWatchMetrics ?? []).flatMap(({ Metrics, Dimensions }) =>
    Metrics.flatMap(({ Name }) =>
      Dimensions.map((set) => `${Name} ${set.map((dimension) => `${dimension}=${line[dimension]}`).sort()}`),
    ),
  );

const bytesOf = (answer: unknown): number => {
  const { headers, body } = answer as { headers: Readonly<Record<string, string>>; body: string };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.byteLength(`HTTP/1.1 200 OK\r\n${head.join('')}\r\n${body}`);
};

/** Runs one verification in a process of its own and measures it. @throws Error where it is not approved. */
export const measureTraffic = async (): Promise<Traffic> => {
  const world = await startWorld({ twilio: 'emulator', policy: {} });
  try {
    const functions = startFunctions({ PATH: process.env['PATH'] ?? '', ...world.env });
    const to_phone = '+12125551234';
    const started = await functions.invoke('start_verification', restEvent({ to_phone }));
    const code = (await emulatorControl(world).messages(to_phone)).at(-1)?.code ?? '';
    const checked = await functions.invoke('check_verification', restEvent({ to_phone, code }));
    if (!JSON.stringify(checked).includes('approved')) throw new Error('The verification was not approved');
    const lines = (await functions.end())
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Line);
    return {
      // Lambda adds START, END and REPORT lines of its own to each request: some 350 bytes as JSON.
      logBytes: rounded(lines.reduce((sum, line) => sum + withEvenNumbers(line).length + 1, 2 * 350)),
      answerBytes: bytesOf(started) + bytesOf(checked),
      series: roughly(new Set(lines.flatMap(seriesOf)).size),
    };
  } finally {
    await world.close();
  }
};

interface AlarmMetric {
  readonly MetricStat?: unknown;
}

/** An alarm on several metrics is billed for each; one on a band of expected values for two more. */
const alarmMetrics = (template: Template): number =>
  [...resourcesOf(template, 'AWS::CloudWatch::Alarm').values()].reduce((sum, { Properties }) => {
    const metrics: readonly AlarmMetric[] = Properties.Metrics ?? [{ MetricStat: true }];
    const read = metrics.filter(({ MetricStat }) => MetricStat !== undefined).length;
    return sum + read + (Properties.ThresholdMetricId === undefined ? 0 : 2);
  }, 0);

/** Production as it is by default, with the functions that a verification takes: what others cost is no part of its price. */
const production = (): Template => {
  const app = new App({ context: recommendedFlags });
  const functions = catalog.filter(({ reserves }) => reserves !== 'nothing');
  // What is in the bundles costs nothing.
  const stack = new VerifyStack(app, 'verify', readSettings(app.node), { functions, bundle: emptyBundles });
  return Synthesized.fromStack(stack).toJSON() as Template;
};

/** Reads what production has from its template. */
export const countStanding = (): Standing => {
  const template = production();
  const of = (type: string) => [...resourcesOf(template, type).values()].map(({ Properties }) => Properties);
  const [acl] = of('AWS::WAFv2::WebACL');
  const [stage] = of('AWS::ApiGateway::Stage');
  const [start] = of('AWS::Lambda::Function');
  const format: string = stage?.AccessLogSetting?.Format ?? '';
  return {
    wafRules: acl?.Rules?.length ?? 0,
    keys: of('AWS::KMS::Key').length,
    secrets: of('AWS::SecretsManager::Secret').length,
    alarmMetrics: roughly(alarmMetrics(template)),
    compositeAlarms: of('AWS::CloudWatch::CompositeAlarm').length,
    dashboards: of('AWS::CloudWatch::Dashboard').length,
    accessLineBytes: format.replaceAll(/\$context[\w.]+/g, '0123456789').length,
    memory: start?.MemorySize ?? 0,
  };
};

/** What a start and an approved check of a warm container ask of the table, in request units, by an address. */
export const countUnits = async (): Promise<{ readonly read: number; readonly write: number }> => {
  const [, byAddress] = await guardCosts('warm');
  if (byAddress === undefined) throw new Error('The guard was not billed');
  const { start, approved } = byAddress;
  return { read: start.readUnits + approved.readUnits, write: start.writeUnits + approved.writeUnits };
};
