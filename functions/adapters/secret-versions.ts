import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
  SecretsManagerServiceException,
  UpdateSecretVersionStageCommand,
  type UpdateSecretVersionStageCommandInput,
} from '@aws-sdk/client-secrets-manager';
import type { SecretVersions } from '../rotation/ports.ts';
import { RunError } from '../runtime/errors.ts';

// What the SDK throws can repeat what it was given.
const failureOf = (thrown: unknown): RunError => {
  const name = thrown instanceof SecretsManagerServiceException ? thrown.name : 'unreachable';
  return new RunError('store_unavailable', { reason: `secrets_manager_${name}` });
};

/** The versions of one secret in Secrets Manager. */
export const createSecretVersions = (client: SecretsManagerClient, secretId: string): SecretVersions => {
  const secret = { SecretId: secretId };
  const asked = async <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((thrown: unknown) => {
      throw failureOf(thrown);
    });
  const moveLabel = async (move: Omit<UpdateSecretVersionStageCommandInput, 'SecretId'>): Promise<void> => {
    await asked(client.send(new UpdateSecretVersionStageCommand({ ...secret, ...move })));
  };
  return {
    async describe() {
      const { ARN: arn = secretId, VersionIdsToStages = {} } = await asked(
        client.send(new DescribeSecretCommand(secret)),
      );
      return { arn, labels: new Map(Object.entries(VersionIdsToStages)) };
    },
    async read(version) {
      try {
        return (await client.send(new GetSecretValueCommand({ ...secret, VersionId: version }))).SecretString;
      } catch (thrown) {
        if (thrown instanceof ResourceNotFoundException) return undefined;
        throw failureOf(thrown);
      }
    },
    async stage(version, text) {
      const value = { ClientRequestToken: version, SecretString: text, VersionStages: ['AWSPENDING'] };
      await asked(client.send(new PutSecretValueCommand({ ...secret, ...value })));
    },
    makeCurrent: (version, instead) =>
      moveLabel({ VersionStage: 'AWSCURRENT', MoveToVersionId: version, RemoveFromVersionId: instead }),
    settle: (version) => moveLabel({ VersionStage: 'AWSPENDING', RemoveFromVersionId: version }),
  };
};
