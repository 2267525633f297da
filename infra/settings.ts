import type { Node } from 'constructs';
import * as v from 'valibot';
import { type Policy, parsePolicy } from '../functions/guard/policy.ts';

const optionalName = v.optional(
  v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]*$/, 'must be a lower-case name')),
);
// The command line's -c canary=false arrives as text.
const onOrOff = v.pipe(
  v.union([v.boolean(), v.picklist(['true', 'false'])], 'must be true or false'),
  v.transform((value) => value === true || value === 'true'),
);

const settingsSchema = v.object({
  /** Names the deployment; `prod` keeps its data when the stack is deleted. */
  stage: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[a-z][a-z0-9]{0,15}$/, 'must be 1 to 16 lower-case letters and digits, a letter first'),
    ),
    'prod',
  ),
  /** Whether every function is tried every five minutes. */
  canary: v.optional(onOrOff, true),
  /** Whether test numbers, which anybody who learns their code passes, may go into production. */
  acknowledge_test_numbers: v.optional(onOrOff, false),
  /** Twilio's region and edge, such as `ie1` and `dublin`; left out for its default. */
  twilio_region: optionalName,
  twilio_edge: optionalName,
});

/** What a deployment decides: the keys of cdk.json's `context`, or `-c key=value`. */
export type Settings = v.InferOutput<typeof settingsSchema> & {
  /** The policy as JSON, only what the operator wrote: the functions fill in the defaults. */
  readonly policy: string;
};

/** What `VERIFY_POLICY` may take of the 4 KiB that Lambda grants all of a function's variables, in bytes. */
const maxPolicyBytes = 3_000;

/** The command line's `-c verify={…}` arrives as text. */
const parsedContext = (context: unknown): unknown => {
  if (typeof context !== 'string') return context ?? {};
  try {
    return JSON.parse(context);
  } catch {
    throw new Error('The policy is not valid. verify: must be a JSON object');
  }
};

const refuseTestNumbers = (
  { test_numbers }: Policy,
  settings: v.InferOutput<typeof settingsSchema>,
): void => {
  if (settings.stage !== 'prod' || settings.acknowledge_test_numbers || test_numbers.length === 0) return;
  throw new Error(
    'The stage prod has test numbers. Take them out of verify.test_numbers, or set acknowledge_test_numbers to true',
  );
};

const policyJson = (context: unknown, settings: v.InferOutput<typeof settingsSchema>): string => {
  const policy = parsedContext(context);
  refuseTestNumbers(parsePolicy(policy), settings);
  const json = JSON.stringify(policy);
  if (Buffer.byteLength(json) > maxPolicyBytes)
    throw new Error(`The policy is too large: a function takes at most ${maxPolicyBytes} bytes of it`);
  return json;
};

/**
 * Reads the settings from the app's context.
 *
 * @throws Error whose message names every key that is wrong, and what it should be.
 */
export const readSettings = (node: Node): Settings => {
  const given = Object.fromEntries(
    Object.keys(settingsSchema.entries).map((key) => [key, node.tryGetContext(key) ?? undefined]),
  );
  const result = v.safeParse(settingsSchema, given);
  if (!result.success) {
    const problems = result.issues.map((issue) => `${v.getDotPath(issue)}: ${issue.message}`);
    throw new Error(`The settings are not valid. ${problems.join('; ')}`);
  }
  return { ...result.output, policy: policyJson(node.tryGetContext('verify'), result.output) };
};
