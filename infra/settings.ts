import type { Node } from 'constructs';
import * as v from 'valibot';
import { parsePolicy } from '../functions/guard/policy/policy.ts';
import { accessSettings } from './settings/access.ts';
import { edgeSettings } from './settings/edge.ts';
import { functionSettings } from './settings/functions.ts';
import { rotationSettings } from './settings/rotation.ts';
import { refuseUnsafe } from './settings/safety.ts';
import { onOrOff } from './settings/values.ts';
import { watchingSettings } from './settings/watching.ts';

const optionalName = (description: string) =>
  v.optional(
    v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]*$/, 'must be a lower-case name'), v.description(description)),
  );

/** Every setting of a deployment. */
export const settingsSchema = v.object({
  stage: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[a-z][a-z0-9]{0,15}$/, 'must be 1 to 16 lower-case letters and digits, a letter first'),
      v.description(
        'Names the deployment, 1 to 16 lower-case letters and digits. dev goes with all its data when it is destroyed; every other stage is protected from that and keeps its data',
      ),
    ),
    'prod',
  ),
  canary: v.optional(
    v.pipe(
      onOrOff,
      v.description('Whether every function, and the API through the gateway, is tried every few minutes'),
    ),
    true,
  ),
  acknowledge_test_numbers: v.optional(
    v.pipe(
      onOrOff,
      v.description(
        'Whether test numbers, which anybody who learns their code passes, may go into a stage other than dev',
      ),
    ),
    false,
  ),
  twilio_region: optionalName("Twilio's region, such as ie1; its default where left out"),
  twilio_edge: optionalName("Twilio's edge, such as dublin; its default where left out"),
  ...edgeSettings,
  ...accessSettings,
  ...functionSettings,
  ...watchingSettings,
  ...rotationSettings,
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

const policyJson = (context: unknown, settings: v.InferOutput<typeof settingsSchema>): string => {
  const policy = parsedContext(context);
  refuseUnsafe(settings, parsePolicy(policy));
  const json = JSON.stringify(policy);
  if (Buffer.byteLength(json) > maxPolicyBytes)
    throw new Error(`The policy is too large: a function takes at most ${maxPolicyBytes} bytes of it`);
  return json;
};

/** The CDK's own keys of the context have a dash or a colon in them, settings have neither. */
const refuseUnknown = (node: Node): void => {
  const unknown = Object.keys(node.getAllContext()).filter(
    (key) => /^\w+$/.test(key) && key !== 'verify' && !(key in settingsSchema.entries),
  );
  if (unknown.length > 0)
    throw new Error(
      `The settings are not valid. ${unknown.join(', ')}: there is no such setting; see docs/settings.md`,
    );
};

/**
 * Reads the settings from the app's context.
 *
 * @throws Error whose message names every key that is wrong, and what it should be.
 */
export const readSettings = (node: Node): Settings => {
  refuseUnknown(node);
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
