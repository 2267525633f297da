import * as v from 'valibot';
import { RunError } from '../runtime/errors.ts';
import type { SecretVersions } from './ports.ts';

/** The four steps that Secrets Manager asks for, in its order. */
export const rotationSteps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

const rotationEvent = v.object({
  Step: v.picklist(rotationSteps),
  SecretId: v.pipe(v.string(), v.minLength(1)),
  ClientRequestToken: v.pipe(v.string(), v.minLength(32), v.maxLength(64)),
});

/** What Secrets Manager sends. The token is the id of the version that is to become current. */
export type RotationEvent = v.InferOutput<typeof rotationEvent>;

/** One kind of secret: how its next value comes about. Each may be called again after it was cut off at any point. */
export interface SecretKind {
  /** Makes the next value; what an earlier try made and could not store is taken away first. */
  readonly next: (current: string, token: string) => Promise<string>;
  /** @throws RunError where the next value does not work. */
  readonly test: (next: string) => Promise<void>;
  /** @throws RunError where the next value would no longer do: asked in the moment before it becomes current. */
  readonly allow: (next: string) => void;
  /** Clears up once the value is current. */
  readonly finished: () => Promise<void>;
}

const refused = (reason: string, fix: string): RunError => new RunError('misconfigured', { reason, fix });

/**
 * Reads the event of a rotation.
 *
 * @throws RunError `invalid_input` where Secrets Manager did not send it.
 */
export const readRotationEvent = (event: unknown): RotationEvent => {
  const { success, output } = v.safeParse(rotationEvent, event);
  if (success) return output;
  throw new RunError('invalid_input', {
    reason: 'rotation_event',
    fix: 'Only Secrets Manager may call this',
  });
};

const currentValue = async (versions: SecretVersions): Promise<string> => {
  const text = await versions.read();
  if (text === undefined) throw refused('rotation_empty', 'The secret has no value yet: fill it in first');
  return text;
};

const createStep = async (versions: SecretVersions, kind: SecretKind, token: string): Promise<void> => {
  if ((await versions.read(token)) === undefined)
    await versions.stage(token, await kind.next(await currentValue(versions), token));
};

// When a schedule is set up, Secrets Manager tries this step alone, with a copy of the value in use.
const testStep = async (versions: SecretVersions, kind: SecretKind, token: string): Promise<void> => {
  const next = await versions.read(token);
  if (next !== undefined && next !== (await versions.read())) await kind.test(next);
};

const makeCurrent = async (
  versions: SecretVersions,
  kind: SecretKind,
  token: string,
  instead: string,
): Promise<void> => {
  const next = await versions.read(token);
  if (next === undefined)
    throw refused('rotation_order', 'Rotate the secret anew: its next value is missing');
  kind.allow(next);
  await versions.makeCurrent(token, instead);
};

// Left on a version, AWSPENDING would stop the next rotation as soon as another writer makes a version. AWS says that it takes the
// label off by itself, and was seen not to.
const settle = async (versions: SecretVersions, token: string): Promise<void> => {
  const { labels } = await versions.describe();
  if (labels.get(token)?.includes('AWSPENDING') === true) await versions.settle(token);
};

/**
 * Does one step of a rotation. Every step may be repeated, also after a later one: what is done already is not done
 * again.
 *
 * @throws RunError where the step could not be done; Secrets Manager tries the rotation again from its first step.
 */
export const rotate = async (
  { Step: step, ClientRequestToken: token }: RotationEvent,
  versions: SecretVersions,
  kind: SecretKind,
): Promise<void> => {
  // What others do in this step, both kinds of secret have done when their value is made.
  if (step === 'setSecret') return;
  const { labels } = await versions.describe();
  const current = [...labels].find(([, names]) => names.includes('AWSCURRENT'))?.[0];
  const ahead = token !== current;
  if (ahead && labels.get(token)?.includes('AWSPENDING') !== true)
    throw refused('rotation_not_pending', 'This version is not AWSPENDING: its rotation was called off');
  if (step === 'createSecret' && ahead) await createStep(versions, kind, token);
  if (step === 'testSecret' && ahead) await testStep(versions, kind, token);
  if (step !== 'finishSecret') return;
  if (ahead && current !== undefined) await makeCurrent(versions, kind, token, current);
  await settle(versions, token);
  await kind.finished();
};
