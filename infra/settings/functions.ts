import * as v from 'valibot';
import { type DeclaredFunction, isForClients } from '../declared-function.ts';
import { jsonValue, onOrOff, wholeNumber } from './values.ts';

/** How callers are moved to a new version, each name with CodeDeploy's own; null moves them without it. */
export const shiftings = {
  all_at_once: null,
  canary_10_percent_5_minutes: 'CodeDeployDefault.LambdaCanary10Percent5Minutes',
  canary_10_percent_10_minutes: 'CodeDeployDefault.LambdaCanary10Percent10Minutes',
  canary_10_percent_30_minutes: 'CodeDeployDefault.LambdaCanary10Percent30Minutes',
  linear_10_percent_every_1_minute: 'CodeDeployDefault.LambdaLinear10PercentEvery1Minute',
} as const;

const shiftingNames = Object.keys(shiftings) as (keyof typeof shiftings)[];

const principal = v.pipe(
  v.string(),
  v.regex(
    /^arn:aws[a-z-]*:iam::\d{12}:(role|user)\/[\w+=,.@/-]+$/,
    'must be the ARN of a role or a user, such as arn:aws:iam::123456789012:role/administrator',
  ),
);

/** Executions at once that a run function keeps where nothing is said: the gateway's burst. */
const usualConcurrency = 100;

/** What a deployment decides about its functions and their data. */
export const functionSettings = {
  reserved_concurrency: v.optional(
    v.pipe(
      jsonValue,
      wholeNumber(0, 100_000),
      v.description(
        `Executions at once that each run function but those for direct callers keeps for itself, and its most; 0 reserves none. Left out: ${usualConcurrency}, and 0 in dev. AWS leaves at least 100 of the account's quota unreserved, and a new account may have a quota of 10 in all: there a deployment with a reservation fails, so ask AWS for more or set 0`,
      ),
    ),
  ),
  shifting: v.optional(
    v.pipe(
      v.picklist(shiftingNames, `must be one of ${shiftingNames.join(', ')}`),
      v.description(
        `How callers move to a new version, back again by itself when an alarm goes off meanwhile: ${shiftingNames.join(', ')}. Left out: canary_10_percent_10_minutes, and all_at_once in dev. While such an alarm is on already, CodeDeploy refuses every deployment: set all_at_once to bring the fix out`,
      ),
    ),
  ),
  contributor_insights: v.optional(
    v.pipe(
      onOrOff,
      v.description(
        'Whether CloudWatch names the most used and most throttled keys of the table, which are hashes; it costs a fee an event',
      ),
    ),
    false,
  ),
  secret_readers: v.optional(
    v.pipe(
      jsonValue,
      v.array(principal),
      v.description(
        'ARNs of roles and users who may read the secrets, beside the functions that must, the role that deploys and the account root; all others are denied, administrators too. Writing them needs no place here',
      ),
    ),
    [],
  ),
};

type Staged = v.InferOutput<v.ObjectSchema<typeof functionSettings, undefined>> & { readonly stage: string };

/** Executions at once that a run function keeps; undefined for none. The account has too few for functions that no client waits for. */
export const reservedConcurrency = (
  { reserved_concurrency: given, stage }: Staged,
  declared: Pick<DeclaredFunction, 'callers'>,
): number | undefined =>
  isForClients(declared) ? (given ?? (stage === 'dev' ? 0 : usualConcurrency)) || undefined : undefined;

/** CodeDeploy's name for how callers move to a new version; null where they move at once and without it. */
export const deploymentConfig = ({ shifting, stage }: Staged): string | null =>
  shiftings[shifting ?? (stage === 'dev' ? 'all_at_once' : 'canary_10_percent_10_minutes')];
