import { randomUUID } from 'node:crypto';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  InvalidParameterException,
  InvalidRequestException,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SecretsManager, startSecretsManager } from '../../local/secrets-manager.ts';

let manager: SecretsManager;
let client: SecretsManagerClient;

const signed = (url: string) =>
  new SecretsManagerClient({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });

beforeAll(async () => {
  manager = await startSecretsManager({ secrets: { given: 'first' } });
  client = signed(manager.url);
});

afterAll(async () => {
  client.destroy();
  await manager.close();
});

const create = async (value = 'one') => {
  const Name = `test/${randomUUID()}`;
  const { VersionId = '' } = await client.send(new CreateSecretCommand({ Name, SecretString: value }));
  return { SecretId: Name, first: VersionId };
};

const put = async (SecretId: string, SecretString: string, VersionStages?: string[]) => {
  const { VersionId = '' } = await client.send(
    new PutSecretValueCommand({ SecretId, SecretString, VersionStages }),
  );
  return VersionId;
};

const read = async (SecretId: string, VersionStage?: string) =>
  (await client.send(new GetSecretValueCommand({ SecretId, VersionStage }))).SecretString;

const stages = async (SecretId: string) =>
  (await client.send(new DescribeSecretCommand({ SecretId }))).VersionIdsToStages ?? {};

describe('reading', () => {
  test('finds a secret by its name, its ARN, and its ARN without the random end', async () => {
    const { SecretId } = await create('value');
    const { ARN = '', CreatedDate } = await client.send(new DescribeSecretCommand({ SecretId }));
    expect(CreatedDate?.getTime()).toBeGreaterThan(0);
    for (const id of [SecretId, ARN, ARN.replace(/-[^-]{6}$/, '')]) expect(await read(id)).toBe('value');
  });

  test('answers with the version, its labels and its date', async () => {
    const { SecretId, first } = await create('value');
    expect(await client.send(new GetSecretValueCommand({ SecretId }))).toMatchObject({
      Name: SecretId,
      VersionId: first,
      SecretString: 'value',
      VersionStages: ['AWSCURRENT'],
      CreatedDate: expect.any(Date),
    });
  });

  test('keeps a binary value as it is', async () => {
    const SecretBinary = Uint8Array.of(0, 255, 128);
    const Name = randomUUID();
    await client.send(new CreateSecretCommand({ Name, SecretBinary }));
    const got = await client.send(new GetSecretValueCommand({ SecretId: Name }));
    expect([...(got.SecretBinary ?? [])]).toEqual([0, 255, 128]);
    expect(got.SecretString).toBeUndefined();
  });

  test('knows no secret, version or label that is not there', async () => {
    const { SecretId, first } = await create();
    for (const input of [
      { SecretId: 'none' },
      { SecretId, VersionId: randomUUID() },
      { SecretId, VersionStage: 'AWSPENDING' },
    ])
      await expect(client.send(new GetSecretValueCommand(input))).rejects.toThrow(ResourceNotFoundException);
    await put(SecretId, 'two');
    await expect(
      client.send(new GetSecretValueCommand({ SecretId, VersionId: first, VersionStage: 'AWSCURRENT' })),
    ).rejects.toThrow(InvalidRequestException);
  });
});

describe('rotation', () => {
  test('stages a new value, makes it current, and keeps the old one as the previous', async () => {
    const { SecretId, first } = await create('old');
    const second = await put(SecretId, 'new', ['AWSPENDING']);
    expect(await read(SecretId)).toBe('old');
    expect(await read(SecretId, 'AWSPENDING')).toBe('new');

    const moved = {
      SecretId,
      VersionStage: 'AWSCURRENT',
      MoveToVersionId: second,
      RemoveFromVersionId: first,
    };
    await client.send(new UpdateSecretVersionStageCommand(moved));
    expect(await read(SecretId)).toBe('new');
    expect(await read(SecretId, 'AWSPREVIOUS')).toBe('old');

    const finished = { SecretId, VersionStage: 'AWSPENDING', RemoveFromVersionId: second };
    await client.send(new UpdateSecretVersionStageCommand(finished));
    expect(await stages(SecretId)).toEqual({ [first]: ['AWSPREVIOUS'], [second]: ['AWSCURRENT'] });
  });

  test('begins with a version that is pending and has no value yet', async () => {
    const { SecretId, first } = await create('old');
    const token = manager.rotate(SecretId);
    expect(await stages(SecretId)).toEqual({ [first]: ['AWSCURRENT'], [token]: ['AWSPENDING'] });
    for (const asked of [{ VersionId: token }, { VersionStage: 'AWSPENDING' }])
      await expect(client.send(new GetSecretValueCommand({ SecretId, ...asked }))).rejects.toThrow(
        ResourceNotFoundException,
      );
    const filled = { SecretId, ClientRequestToken: token, VersionStages: ['AWSPENDING'] };
    await client.send(new PutSecretValueCommand({ ...filled, SecretString: 'new' }));
    await client.send(new PutSecretValueCommand({ ...filled, SecretString: 'new' }));
    await expect(
      client.send(new PutSecretValueCommand({ ...filled, SecretString: 'other' })),
    ).rejects.toThrow(ResourceExistsException);
    expect(await read(SecretId, 'AWSPENDING')).toBe('new');
    expect(await read(SecretId)).toBe('old');
  });

  test('begins only when the one before is over or was called off', async () => {
    const { SecretId, first } = await create();
    const token = manager.rotate(SecretId);
    expect(() => manager.rotate(SecretId)).toThrow("A previous rotation isn't complete");
    await client.send(
      new UpdateSecretVersionStageCommand({
        SecretId,
        VersionStage: 'AWSPENDING',
        RemoveFromVersionId: token,
      }),
    );
    const second = manager.rotate(SecretId);
    expect(await stages(SecretId)).toEqual({ [first]: ['AWSCURRENT'], [second]: ['AWSPENDING'] });
  });

  test('leaves AWSPENDING on the version that became current, and may begin anew all the same', async () => {
    const { SecretId, first } = await create('old');
    const token = manager.rotate(SecretId);
    const value = { SecretId, ClientRequestToken: token, SecretString: 'new' };
    await client.send(new PutSecretValueCommand({ ...value, VersionStages: ['AWSPENDING'] }));
    const moved = { SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: token };
    await client.send(new UpdateSecretVersionStageCommand({ ...moved, RemoveFromVersionId: first }));
    expect((await stages(SecretId))[token]?.sort()).toEqual(['AWSCURRENT', 'AWSPENDING']);
    const next = manager.rotate(SecretId);
    expect(await stages(SecretId)).toEqual({
      [first]: ['AWSPREVIOUS'],
      [token]: ['AWSCURRENT'],
      [next]: ['AWSPENDING'],
    });
  });

  test('goes back to the previous value', async () => {
    const { SecretId, first } = await create('old');
    const second = await put(SecretId, 'new');
    const back = {
      SecretId,
      VersionStage: 'AWSCURRENT',
      MoveToVersionId: first,
      RemoveFromVersionId: second,
    };
    await client.send(new UpdateSecretVersionStageCommand(back));
    expect(await stages(SecretId)).toEqual({ [first]: ['AWSCURRENT'], [second]: ['AWSPREVIOUS'] });
  });

  test('lists a version that lost its labels only when asked for those too', async () => {
    const { SecretId, first } = await create();
    const second = await put(SecretId, 'two');
    const third = await put(SecretId, 'three');
    const list = async (IncludeDeprecated: boolean) => {
      const listed = await client.send(new ListSecretVersionIdsCommand({ SecretId, IncludeDeprecated }));
      return listed.Versions?.map(({ VersionId }) => VersionId);
    };
    expect(await list(false)).toEqual([second, third]);
    expect(await list(true)).toEqual([first, second, third]);
  });

  test('moves a label only from the version that the request names, and never takes AWSCURRENT off', async () => {
    const { SecretId, first } = await create();
    const second = await put(SecretId, 'two', ['AWSPENDING']);
    for (const input of [
      { MoveToVersionId: second },
      { MoveToVersionId: second, RemoveFromVersionId: second },
      { RemoveFromVersionId: first },
    ])
      await expect(
        client.send(new UpdateSecretVersionStageCommand({ SecretId, VersionStage: 'AWSCURRENT', ...input })),
      ).rejects.toThrow(InvalidParameterException);
    expect(await stages(SecretId)).toEqual({ [first]: ['AWSCURRENT'], [second]: ['AWSPENDING'] });
    await expect(
      client.send(
        new UpdateSecretVersionStageCommand({ SecretId, VersionStage: 'X', MoveToVersionId: randomUUID() }),
      ),
    ).rejects.toThrow(ResourceNotFoundException);
  });

  test('leaves one current version and no label on two, whatever is put in whatever order', async () => {
    const labelsOfAPut = fc.constantFrom<string[] | undefined>(
      undefined,
      ['AWSPENDING'],
      ['AWSCURRENT'],
      ['AWSCURRENT', 'AWSPENDING'],
    );
    await fc.assert(
      fc.asyncProperty(fc.array(labelsOfAPut, { maxLength: 8 }), async (puts) => {
        const { SecretId } = await create();
        let current = 'one';
        for (const [turn, labels] of puts.entries()) {
          await put(SecretId, `value ${turn}`, labels);
          if (labels?.includes('AWSCURRENT') !== false) current = `value ${turn}`;
        }
        const attached = Object.values(await stages(SecretId)).flat();
        expect(new Set(attached).size).toBe(attached.length);
        expect(await read(SecretId)).toBe(current);
      }),
      { numRuns: 30 },
    );
  });
});

describe('writing', () => {
  test('is done once for one token, and refuses the token for another value', async () => {
    const { SecretId } = await create();
    const ClientRequestToken = randomUUID();
    const twice = new PutSecretValueCommand({ SecretId, ClientRequestToken, SecretString: 'two' });
    await client.send(twice);
    await put(SecretId, 'three');
    await client.send(twice);
    expect(await read(SecretId)).toBe('three');
    await expect(
      client.send(new PutSecretValueCommand({ SecretId, ClientRequestToken, SecretString: 'other' })),
    ).rejects.toThrow(ResourceExistsException);
  });

  test('makes a secret once, and one without a value has no version yet', async () => {
    const ClientRequestToken = randomUUID();
    const made = { Name: randomUUID(), ClientRequestToken, SecretString: 'value' };
    const { ARN } = await client.send(new CreateSecretCommand(made));
    expect((await client.send(new CreateSecretCommand(made))).ARN).toBe(ARN);
    await expect(
      client.send(new CreateSecretCommand({ Name: made.Name, SecretString: 'value' })),
    ).rejects.toThrow(ResourceExistsException);

    const Name = randomUUID();
    expect((await client.send(new CreateSecretCommand({ Name }))).VersionId).toBeUndefined();
    await expect(read(Name)).rejects.toThrow(ResourceNotFoundException);
    // The first version is current even where another label was asked for.
    await put(Name, 'value', ['AWSPENDING']);
    expect(await read(Name)).toBe('value');
  });

  test('refuses both kinds of value, neither, and a secret that is not there', async () => {
    const { SecretId } = await create();
    const send = (input: { SecretId: string; SecretString?: string; SecretBinary?: Uint8Array }) =>
      client.send(new PutSecretValueCommand(input));
    await expect(send({ SecretId, SecretString: 'a', SecretBinary: Uint8Array.of(1) })).rejects.toThrow(
      InvalidParameterException,
    );
    await expect(send({ SecretId })).rejects.toThrow(InvalidRequestException);
    await expect(send({ SecretId: 'none', SecretString: 'a' })).rejects.toThrow(ResourceNotFoundException);
  });
});

describe('the handles of a test', () => {
  test('rotate a secret under a client', async () => {
    expect(await read('given')).toBe('first');
    manager.put('given', 'second');
    expect(await read('given')).toBe('second');
    manager.put('made by put', 'value');
    expect(await read('made by put')).toBe('value');
  });

  test('count and break the calls', async () => {
    const own = await startSecretsManager({ secrets: { given: 'value' } });
    const reader = signed(own.url);
    const send = () => reader.send(new GetSecretValueCommand({ SecretId: 'given' }));
    own.failNext(1, 'AccessDeniedException');
    await expect(send()).rejects.toMatchObject({ name: 'AccessDeniedException' });
    // The client itself repeats these.
    own.failNext(1, 'InternalServiceError');
    own.failNext(1, 'cut');
    expect((await send()).SecretString).toBe('value');
    expect(own.requests()).toEqual({ GetSecretValue: 4 });
    reader.destroy();
    await own.close();
  });
});

describe('what no SDK would send', () => {
  const post = async (target: string, body: string, authorization = 'AWS4-HMAC-SHA256 Credential=local') => {
    const headers = { 'X-Amz-Target': target, 'Content-Type': 'application/x-amz-json-1.1', authorization };
    const response = await fetch(manager.url, { method: 'POST', headers, body });
    return { status: response.status, ...((await response.json()) as { __type: string }) };
  };

  test.each([
    ['secretsmanager.Nothing', '{}', 'UnknownOperationException'],
    ['secretsmanager.constructor', '{}', 'UnknownOperationException'],
    ['secretsmanager.GetSecretValue', '{', 'SerializationException'],
    ['secretsmanager.GetSecretValue', 'null', 'InvalidParameterException'],
    ['secretsmanager.GetSecretValue', '{"SecretId":1}', 'InvalidParameterException'],
  ])('%s with %s is refused as %s', async (target, body, type) => {
    expect(await post(target, body)).toMatchObject({ status: 400, __type: type });
  });

  test('is refused without a signature', async () => {
    const refused = await post('secretsmanager.GetSecretValue', '{"SecretId":"given"}', 'Basic x');
    expect(refused).toMatchObject({ status: 400, __type: 'MissingAuthenticationTokenException' });
  });
});
