import { countStanding, countUnits, measureTraffic, type Standing, type Traffic } from './cost-counts.ts';
import { prices } from './cost-prices.ts';

/** Verifications that the page is about, in a month. */
const verifications = 1_000_000;
/** A start and a check. */
const requests = 2 * verifications;
const secondsInMonth = 730 * 3_600;

/** What is assumed, since only a deployment shows it. */
const assumed = {
  /** Milliseconds billed for a request: Twilio's 250 and the function's own (docs/memory.md). */
  billed: 300,
  /** Warm containers of each function; each reads both secrets every five minutes. */
  containers: 2,
  /** Months for which the lines are kept. */
  retention: 3,
  /** Series of metrics that errors, refusals and canaries add to those of a verification. */
  otherSeries: 30,
} as const;

interface Part {
  readonly part: string;
  readonly counted: string;
  readonly dollars: number;
}

const gigabytes = (bytes: number): number => bytes / 1e9;
const million = (count: number): number => count / 1e6;

/** X-Ray records the first request of each second and one in twenty of the others. */
const traced = (perSecond: number): number => (perSecond <= 1 ? perSecond : 1 + 0.05 * (perSecond - 1));

const moving = (units: { read: number; write: number }, traffic: Traffic, standing: Standing): Part[] => {
  const seconds = (requests * assumed.billed * (standing.memory / 1024)) / 1000;
  const logged = gigabytes(traffic.logBytes * verifications + standing.accessLineBytes * requests);
  const traces = traced(requests / secondsInMonth) * secondsInMonth;
  const kilobytes = ((traffic.logBytes + 2 * standing.accessLineBytes) / 1000).toFixed(1);
  return [
    { part: 'API Gateway', counted: '2 requests', dollars: million(requests) * prices.gatewayMillion },
    { part: 'WAF', counted: '2 requests', dollars: million(requests) * prices.wafMillion },
    {
      part: 'Lambda',
      counted: `2 requests of ${assumed.billed} ms at ${standing.memory} MB (assumed)`,
      dollars: million(requests) * prices.lambdaMillion + seconds * prices.lambdaGigabyteSecond,
    },
    {
      part: 'DynamoDB',
      counted: `${units.write} write and ${units.read} read units (counted)`,
      dollars: units.write * prices.writeUnitsMillion + units.read * prices.readUnitsMillion,
    },
    {
      part: 'CloudWatch Logs',
      counted: `${kilobytes} kB of lines (measured), kept ${assumed.retention} months`,
      dollars: logged * (prices.logGigabyte + assumed.retention * prices.logGigabyteMonth),
    },
    {
      part: 'X-Ray',
      counted: `${Math.round((100 * traces) / requests)} % of the requests, spread evenly over the month`,
      dollars: million(traces) * prices.tracesMillion,
    },
    {
      part: 'Data transfer',
      counted: `${(traffic.answerBytes / 1000).toFixed(1)} kB of answers (measured)`,
      dollars: gigabytes(traffic.answerBytes * verifications) * prices.outGigabyte,
    },
  ];
};

const standingParts = (standing: Standing, traffic: Traffic): Part[] => {
  // Both functions, both secrets, every five minutes; the key opens each.
  const reads = assumed.containers * 2 * 2 * 12 * 730;
  const series = traffic.series + assumed.otherSeries;
  return [
    {
      part: 'WAF',
      counted: `1 web ACL of ${standing.wafRules} rules`,
      dollars: prices.wafAcl + standing.wafRules * prices.wafRule,
    },
    {
      part: 'CloudWatch metrics',
      counted: `about ${traffic.series} series of a verification (counted), ${assumed.otherSeries} others (assumed)`,
      dollars: series * prices.metric,
    },
    {
      part: 'CloudWatch alarms',
      counted: `about ${standing.alarmMetrics} metrics watched, ${standing.compositeAlarms} composite`,
      dollars: standing.alarmMetrics * prices.alarmMetric + standing.compositeAlarms * prices.compositeAlarm,
    },
    {
      part: 'CloudWatch dashboards',
      counted: `${standing.dashboards}`,
      dollars: standing.dashboards * prices.dashboard,
    },
    {
      part: 'Secrets Manager',
      counted: `${standing.secrets} secrets, ${reads} readings by ${assumed.containers} containers a function (assumed)`,
      dollars: standing.secrets * prices.secret + million(reads) * prices.secretMillion,
    },
    {
      part: 'KMS',
      counted: `${standing.keys} key, which opens each reading`,
      dollars: standing.keys * prices.kmsKey + million(reads) * prices.kmsMillion,
    },
  ];
};

const money = (dollars: number): string => dollars.toFixed(2);
const totalOf = (parts: readonly Part[]): number => parts.reduce((sum, { dollars }) => sum + dollars, 0);

const tableOf = (head: string, parts: readonly Part[]): string =>
  [
    `| part | ${head} | US$ |`,
    '|---|---|---:|',
    ...parts.map(({ part, counted, dollars }) => `| ${part} | ${counted} | ${money(dollars)} |`),
    `| **total** | | **${money(totalOf(parts))}** |`,
  ].join('\n');

/** The page docs/cost.md, from what is counted now. */
export const costPage = async (): Promise<string> => {
  const [traffic, units] = [await measureTraffic(), await countUnits()];
  const standing = countStanding();
  const perMillion = moving(units, traffic, standing);
  const perMonth = standingParts(standing, traffic);
  const twilio = verifications * (prices.twilioVerification + prices.twilioSms);
  const ours = totalOf(perMillion) + totalOf(perMonth);
  return `# What it costs

Written by \`npm run cost\`; a test holds this page to what that counts. List prices of us-east-1 without free tiers, in
[test/bench/cost-prices.ts](../test/bench/cost-prices.ts) with the page that each is from. A verification is one start and one
approved check through the gateway, by an address, answered by warm containers under the default policy.

## A million verifications

${tableOf('what one verification takes', perMillion)}

## A month of a production stage, with or without traffic

${tableOf('what is kept', perMonth)}

## Beside Twilio

Twilio takes $${money(prices.twilioVerification)} a successful verification and about $${prices.twilioSms} an SMS to the United States: **$${twilio.toLocaleString('en-US')}** a million. AWS
takes $${money(ours)} for the same million in one month, ${((100 * ours) / twilio).toFixed(2)} % of that. A message that was not sent saves more than
${Math.floor(prices.twilioSms / (totalOf(perMillion) / verifications))} verifications' worth of AWS, so what the guard costs is not what to save on.

## What is not in it

Refused requests (each costs its gateway, WAF and Lambda parts; one that WAF blocks costs WAF's alone), cold starts (they read
the counts of the last days), failed conditional writes (AWS charges them like others), the optional Lookup, Contributor
Insights, CAPTCHA, provisioned concurrency, and whatever reads the logs. What is assumed is said so in the tables.
`;
};
