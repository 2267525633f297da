import { randomUUID } from 'node:crypto';

/** A failure as Secrets Manager names it. */
export class SecretsManagerError extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

const notFound = (message: string): SecretsManagerError =>
  new SecretsManagerError('ResourceNotFoundException', message);

/** A secret's value: one of the two, or neither while a rotation has only begun. */
export interface SecretValue {
  readonly SecretString?: string | undefined;
  /** Base64. */
  readonly SecretBinary?: string | undefined;
}

/** One version of a secret. */
export interface SecretVersion extends SecretValue {
  readonly id: string;
  /** Seconds since the epoch, with a fraction: the protocol's timestamps. */
  readonly createdDate: number;
}

/** A secret: its versions, and which of them each staging label is attached to. */
export interface Secret {
  readonly arn: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly createdDate: number;
  readonly versions: Map<string, SecretVersion>;
  readonly stages: Map<string, string>;
}

const now = (): number => Date.now() / 1000;

/** The staging labels of a version. */
export const stagesOf = (secret: Secret, versionId: string): string[] =>
  [...secret.stages].filter(([, attached]) => attached === versionId).map(([stage]) => stage);

/** Moves a label to a version. The version that had it becomes AWSPREVIOUS if the label is AWSCURRENT. */
const attach = (secret: Secret, stage: string, versionId: string): void => {
  const before = secret.stages.get(stage);
  if (before === versionId) return;
  secret.stages.set(stage, versionId);
  if (stage === 'AWSCURRENT' && before !== undefined) secret.stages.set('AWSPREVIOUS', before);
};

/** Whether either of the two is there. */
export const hasValue = ({ SecretString, SecretBinary }: SecretValue): boolean =>
  SecretString !== undefined || SecretBinary !== undefined;

/** Adds a version, or gives one its value; the same token with the same value again changes nothing. */
export const putVersion = (
  secret: Secret,
  token: string,
  value: SecretValue,
  stages: readonly string[] = ['AWSCURRENT'],
): void => {
  const known = secret.versions.get(token);
  if (known !== undefined && hasValue(known)) {
    if (known.SecretString === value.SecretString && known.SecretBinary === value.SecretBinary) return;
    throw new SecretsManagerError(
      'ResourceExistsException',
      `You can't use ClientRequestToken ${token} because that value is already in use for a version of secret ${secret.arn}.`,
    );
  }
  secret.versions.set(token, { ...value, id: token, createdDate: now() });
  for (const stage of stages) attach(secret, stage, token);
  // The first version is current, whatever was asked for.
  if (!secret.stages.has('AWSCURRENT')) attach(secret, 'AWSCURRENT', token);
};

/**
 * Begins a rotation as RotateSecret does before it calls a function: a version without a value is AWSPENDING.
 *
 * @throws SecretsManagerError `InvalidRequestException` where another rotation has not come to its end.
 */
export const beginRotation = (secret: Secret, token: string): void => {
  const pending = secret.stages.get('AWSPENDING');
  if (pending !== undefined && pending !== secret.stages.get('AWSCURRENT'))
    throw new SecretsManagerError(
      'InvalidRequestException',
      "A previous rotation isn't complete. That rotation will be reattempted.",
    );
  secret.versions.set(token, { id: token, createdDate: now() });
  attach(secret, 'AWSPENDING', token);
};

/** Finds the version asked for by id, by label, or by both; AWSCURRENT where neither is given. */
export const versionOf = (
  secret: Secret,
  id: string | undefined,
  stage: string | undefined = id === undefined ? 'AWSCURRENT' : undefined,
): SecretVersion => {
  const staged = stage === undefined ? undefined : secret.stages.get(stage);
  const version = secret.versions.get(id ?? staged ?? '');
  if (version === undefined || !hasValue(version)) {
    const label = id === undefined ? `staging label: ${stage}` : `VersionId: ${id}`;
    throw notFound(`Secrets Manager can't find the specified secret value for ${label}`);
  }
  if (stage !== undefined && staged !== version.id)
    throw new SecretsManagerError(
      'InvalidRequestException',
      'You provided a VersionStage that is not associated to the provided VersionId.',
    );
  return version;
};

/** Moves a label to a version, or takes it off one; it is moved only from the version that the request names. */
export const moveStage = (
  secret: Secret,
  stage: string,
  from: string | undefined,
  to: string | undefined,
): void => {
  const attached = secret.stages.get(stage);
  for (const id of [from, to])
    if (id !== undefined && !secret.versions.has(id))
      throw notFound(`Secrets Manager can't find the specified secret version: ${id}.`);
  if (attached !== undefined && attached !== to && attached !== from)
    throw new SecretsManagerError(
      'InvalidParameterException',
      `The parameter RemoveFromVersionId can't be empty or another version. Staging label ${stage} is currently attached to version ${attached}, so you must explicitly reference that version in RemoveFromVersionId.`,
    );
  if (attached === undefined && from !== undefined)
    throw new SecretsManagerError(
      'InvalidParameterException',
      `Staging label ${stage} is not attached to version ${from}.`,
    );
  if (to !== undefined) attach(secret, stage, to);
  else if (stage === 'AWSCURRENT')
    throw new SecretsManagerError(
      'InvalidParameterException',
      'You can only move staging label AWSCURRENT to a different secret version. It can’t be completely removed.',
    );
  else secret.stages.delete(stage);
};

/** The secrets, by name. */
export class SecretStore {
  readonly #secrets = new Map<string, Secret>();

  /**
   * Finds a secret by its name, its ARN, or its ARN without the six characters at its end.
   *
   * @throws SecretsManagerError `ResourceNotFoundException`.
   */
  find(id: string): Secret {
    const secret =
      this.#secrets.get(id) ??
      [...this.#secrets.values()].find(({ arn }) => arn === id || arn.slice(0, -7) === id);
    if (secret === undefined) throw notFound("Secrets Manager can't find the specified secret.");
    return secret;
  }

  /** Makes a secret; the same request again, known by its token and value, returns that secret. */
  create(name: string, token: string, value: SecretValue | undefined, description?: string): Secret {
    const known = this.#secrets.get(name);
    if (known !== undefined) {
      if (value !== undefined && known.versions.has(token)) {
        putVersion(known, token, value);
        return known;
      }
      throw new SecretsManagerError(
        'ResourceExistsException',
        `The operation failed because the secret ${name} already exists.`,
      );
    }
    const secret: Secret = {
      arn: `arn:aws:secretsmanager:us-east-1:000000000000:secret:${name}-${randomUUID().slice(0, 6)}`,
      name,
      description,
      createdDate: now(),
      versions: new Map(),
      stages: new Map(),
    };
    if (value !== undefined) putVersion(secret, token, value);
    this.#secrets.set(name, secret);
    return secret;
  }
}
