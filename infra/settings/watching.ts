import * as v from 'valibot';
import { jsonValue, wholeNumber } from './values.ts';

/** What CloudWatch Logs takes for the days that a log group keeps its lines. */
const retentions = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827] as const;

const topicArn = v.pipe(
  v.string(),
  v.regex(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/, 'must be the ARN of a standard SNS topic'),
);

const alarms = v.strictObject({
  email: v.optional(
    v.pipe(
      v.array(v.pipe(v.string(), v.email('must be an e-mail address'))),
      v.description("Addresses that the stack's own topic writes to, once each has confirmed; every alarm"),
    ),
    [],
  ),
  topic_arn: v.optional(
    v.pipe(topicArn, v.description("A topic to tell in place of the stack's own, which is then not made")),
  ),
  page_topic_arn: v.optional(
    v.pipe(
      topicArn,
      v.description(
        'The topic that wakes somebody: told of the one alarm that means an outage, and of no other',
      ),
    ),
  ),
  runbook_url: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[\w./:~%-]{1,200}$/, 'must be an address or a path, without query or fragment'),
      v.description('Where docs/runbook.md is read; each alarm links to its heading there'),
    ),
    'docs/runbook.md',
  ),
  blocked_per_5m: v.optional(
    v.pipe(
      wholeNumber(1, 1_000_000_000),
      v.description('Requests that AWS WAF may block in 5 minutes before somebody is told'),
    ),
    1_000,
  ),
});

/** How the deployment is watched. */
export const watchingSettings = {
  canary_minutes: v.optional(
    v.pipe(
      jsonValue,
      v.picklist([5, 10, 15, 30, 60], 'must be 5, 10, 15, 30 or 60'),
      v.description('Minutes between two runs of each canary: 5, 10, 15, 30 or 60'),
    ),
    5,
  ),
  alarms: v.optional(v.pipe(jsonValue, alarms, v.description('Who is told when something is wrong')), {}),
  log_retention_days: v.optional(
    v.pipe(
      jsonValue,
      v.picklist(retentions, `must be one of ${retentions.join(', ')}`),
      v.description(
        'Days for which log groups keep their lines; that of AWS WAF, which holds addresses, keeps 30',
      ),
    ),
    90,
  ),
};

const watchingSchema = v.strictObject(watchingSettings);

/** The part of the settings that says how the deployment is watched. */
export type WatchingSettings = v.InferOutput<typeof watchingSchema>;
