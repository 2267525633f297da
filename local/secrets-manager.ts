import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as v from 'valibot';
import { type Listening, listen, readBody, send } from './http-server.ts';
import {
  beginRotation,
  hasValue,
  moveStage,
  putVersion,
  type Secret,
  SecretStore,
  SecretsManagerError,
  type SecretValue,
  stagesOf,
  versionOf,
} from './secret-store.ts';

/** How a request can be made to fail: an error type of Secrets Manager, or a connection that is cut. */
type Fault = 'AccessDeniedException' | 'InternalServiceError' | 'ThrottlingException' | 'cut';

/** The Secrets Manager of the embedded world, and the handles by which tests rotate, count and break it. */
export interface SecretsManager extends Listening {
  /** Gives a secret a new current value, making the secret where there is none. */
  put(name: string, value: string): void;
  /**
   * Begins a rotation of a secret.
   *
   * @returns its token, with which a rotation function is to be called.
   * @throws SecretsManagerError where another rotation has not come to its end.
   */
  rotate(name: string): string;
  /** Calls off the rotation of a secret, where one has not come to its end. */
  callOff(name: string): void;
  /** How often each operation was called, failed calls included. */
  requests(): Readonly<Record<string, number>>;
  /** Makes the next calls fail. */
  failNext(times: number, fault: Fault): void;
}

const stage = v.pipe(v.string(), v.minLength(1), v.maxLength(256));
const secretId = v.pipe(v.string(), v.minLength(1), v.maxLength(2048));
const versionId = v.pipe(v.string(), v.minLength(32), v.maxLength(64));
const valueFields = { SecretString: v.optional(v.string()), SecretBinary: v.optional(v.string()) };

const hasOneValue = (fields: SecretValue): boolean => {
  if (fields.SecretString !== undefined && fields.SecretBinary !== undefined)
    throw new SecretsManagerError(
      'InvalidParameterException',
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    );
  return hasValue(fields);
};

const identified = ({ arn, name }: Secret) => ({ ARN: arn, Name: name });

/** An operation: checks its parameters and answers, as the protocol's JSON. */
type Operation = (store: SecretStore, parameters: unknown) => object;

const operation =
  <E extends v.ObjectEntries>(
    entries: E,
    answer: (parameters: v.InferOutput<v.ObjectSchema<E, undefined>>, store: SecretStore) => object,
  ): Operation =>
  (store, parameters) => {
    const checked = v.safeParse(v.object(entries), parameters);
    if (checked.success) return answer(checked.output, store);
    const keys = checked.issues.map((issue) => v.getDotPath(issue) ?? 'the request').join(', ');
    throw new SecretsManagerError('InvalidParameterException', `Missing or invalid parameters: ${keys}.`);
  };

const operations: Readonly<Record<string, Operation>> = {
  CreateSecret: operation(
    {
      Name: v.pipe(v.string(), v.regex(/^[\w/+=.@-]{1,512}$/)),
      ClientRequestToken: versionId,
      Description: v.optional(v.string()),
      ...valueFields,
    },
    (request, store) => {
      const { Name: name, ClientRequestToken: token, Description: description } = request;
      const secret = store.create(name, token, hasOneValue(request) ? request : undefined, description);
      return { ...identified(secret), ...(hasOneValue(request) && { VersionId: token }) };
    },
  ),
  PutSecretValue: operation(
    {
      SecretId: secretId,
      ClientRequestToken: versionId,
      VersionStages: v.optional(v.pipe(v.array(stage), v.minLength(1), v.maxLength(20))),
      ...valueFields,
    },
    (request, store) => {
      const { SecretId, ClientRequestToken: token, VersionStages: stages } = request;
      if (!hasOneValue(request))
        throw new SecretsManagerError(
          'InvalidRequestException',
          'You must provide either SecretString or SecretBinary.',
        );
      const secret = store.find(SecretId);
      putVersion(secret, token, request, stages);
      return { ...identified(secret), VersionId: token, VersionStages: stagesOf(secret, token) };
    },
  ),
  GetSecretValue: operation(
    { SecretId: secretId, VersionId: v.optional(versionId), VersionStage: v.optional(stage) },
    ({ SecretId, VersionId, VersionStage }, store) => {
      const secret = store.find(SecretId);
      const { id, createdDate, SecretString, SecretBinary } = versionOf(secret, VersionId, VersionStage);
      return {
        ...identified(secret),
        VersionId: id,
        SecretString,
        SecretBinary,
        VersionStages: stagesOf(secret, id),
        CreatedDate: createdDate,
      };
    },
  ),
  DescribeSecret: operation({ SecretId: secretId }, ({ SecretId }, store) => {
    const secret = store.find(SecretId);
    const staged = [...new Set(secret.stages.values())].map((id) => [id, stagesOf(secret, id)]);
    return {
      ...identified(secret),
      Description: secret.description,
      CreatedDate: secret.createdDate,
      VersionIdsToStages: Object.fromEntries(staged),
    };
  }),
  UpdateSecretVersionStage: operation(
    {
      SecretId: secretId,
      VersionStage: stage,
      RemoveFromVersionId: v.optional(versionId),
      MoveToVersionId: v.optional(versionId),
    },
    ({ SecretId, VersionStage, RemoveFromVersionId, MoveToVersionId }, store) => {
      const secret = store.find(SecretId);
      moveStage(secret, VersionStage, RemoveFromVersionId, MoveToVersionId);
      return identified(secret);
    },
  ),
  ListSecretVersionIds: operation(
    { SecretId: secretId, IncludeDeprecated: v.optional(v.boolean(), false) },
    ({ SecretId, IncludeDeprecated }, store) => {
      const secret = store.find(SecretId);
      const versions = [...secret.versions.values()].map(({ id, createdDate }) => ({
        VersionId: id,
        VersionStages: stagesOf(secret, id),
        CreatedDate: createdDate,
      }));
      return {
        ...identified(secret),
        Versions: versions.filter((version) => IncludeDeprecated || version.VersionStages.length > 0),
      };
    },
  ),
};

const parsedJson = (body: Buffer | undefined): unknown => {
  try {
    return JSON.parse(body?.toString('utf8') ?? '');
  } catch {
    throw new SecretsManagerError('SerializationException', 'The body is not JSON');
  }
};

const answerWith = (response: ServerResponse, status: number, answer: object): void => {
  const headers = { 'Content-Type': 'application/x-amz-json-1.1', 'x-amzn-RequestId': randomUUID() };
  send(response, status, headers, JSON.stringify(answer));
};

const answerTo = async (request: IncomingMessage, name: string, store: SecretStore): Promise<object> => {
  const body = await readBody(request, 1024 * 1024);
  if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 '))
    throw new SecretsManagerError('MissingAuthenticationTokenException', 'Missing Authentication Token');
  const known = Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (known === undefined)
    throw new SecretsManagerError('UnknownOperationException', 'There is no such operation here');
  return known(store, parsedJson(body));
};

const fail = (response: ServerResponse, thrown: unknown): void => {
  const type = thrown instanceof SecretsManagerError ? thrown.type : 'InternalServiceError';
  const message =
    thrown instanceof SecretsManagerError ? thrown.message : 'An error occurred on the server side.';
  answerWith(response, type === 'InternalServiceError' ? 500 : 400, { __type: type, Message: message });
};

/**
 * Starts Secrets Manager in memory: the operations that reading and rotating a secret need, in AWS JSON 1.1.
 *
 * @param options.secrets - the secrets to begin with: their texts by name.
 * @throws Error whose message is a sentence for a person, where the port cannot be had.
 */
export const startSecretsManager = async ({
  port = 0,
  secrets,
}: {
  readonly port?: number;
  readonly secrets: Readonly<Record<string, string>>;
}): Promise<SecretsManager> => {
  const store = new SecretStore();
  for (const [name, value] of Object.entries(secrets))
    store.create(name, randomUUID(), { SecretString: value });
  const counts = new Map<string, number>();
  const faults: Fault[] = [];

  const server = createServer(async (request, response) => {
    const name = String(request.headers['x-amz-target']).replace(/^secretsmanager\./, '');
    counts.set(name, (counts.get(name) ?? 0) + 1);
    const fault = faults.shift();
    if (fault === 'cut') {
      request.socket.destroy();
      return;
    }
    try {
      if (fault !== undefined) throw new SecretsManagerError(fault, 'This call was made to fail');
      answerWith(response, 200, await answerTo(request, name, store));
    } catch (thrown) {
      fail(response, thrown);
    }
  });

  return {
    ...(await listen(server, port)),
    put(name, value) {
      let secret: Secret;
      try {
        secret = store.find(name);
      } catch {
        store.create(name, randomUUID(), { SecretString: value });
        return;
      }
      putVersion(secret, randomUUID(), { SecretString: value });
    },
    rotate(name) {
      const token = randomUUID();
      beginRotation(store.find(name), token);
      return token;
    },
    callOff(name) {
      store.find(name).stages.delete('AWSPENDING');
    },
    requests: () => Object.fromEntries(counts),
    failNext(times, fault) {
      faults.push(...Array<Fault>(times).fill(fault));
    },
  };
};
