import { readFile } from 'node:fs/promises';
import { parsePolicy } from '../functions/guard/policy/policy.ts';
import { isRecord } from '../functions/runtime/inputs.ts';

type Json = Readonly<Record<string, unknown>>;

/** Lays one policy over another, key by key at every depth; a list or a plain value replaces what was there. */
export const mergePolicies = (below: Json, above: Json): Json =>
  Object.fromEntries([
    ...Object.entries(below),
    ...Object.entries(above).map(([key, value]) => {
      const under = Object.hasOwn(below, key) ? below[key] : undefined;
      return [key, isRecord(value) && isRecord(under) ? mergePolicies(under, value) : value];
    }),
  ]);

const parsedObject = (text: string, name: string): Json => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${name} is not valid JSON`);
  }
  if (!isRecord(value)) throw new Error(`${name} must be a JSON object`);
  return value;
};

/**
 * The policy of this machine: cdk.json's context key `verify`, with `VERIFY_POLICY` of the environment merged over it.
 *
 * @throws Error whose message says which of the two cannot be read, or which key of the whole is unknown or wrong.
 */
export const readPolicy = async (environment: NodeJS.ProcessEnv): Promise<Json> => {
  const cdk = parsedObject(await readFile(new URL('../cdk.json', import.meta.url), 'utf8'), 'cdk.json');
  const context = isRecord(cdk['context']) ? cdk['context'] : {};
  const policy = isRecord(context['verify']) ? context['verify'] : {};
  const merged = mergePolicies(policy, parsedObject(environment['VERIFY_POLICY'] || '{}', 'VERIFY_POLICY'));
  parsePolicy(merged);
  return merged;
};
