import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { RotationBasis, RotationService } from '../../functions/compose/rotation.ts';
import { rotationHandler } from '../../functions/lambda/rotation-handler.ts';
import { rotationSteps } from '../../functions/rotation/rotate.ts';
import type { Clock } from '../../functions/runtime/clock.ts';
import type { World } from '../../local/world.ts';
import { createMortalWire, type MortalWire } from './mortal-wire.ts';

/** A rotation function over a world, on a wire that can kill it, and the secret that it rotates. */
export interface RotationWorld {
  readonly wire: MortalWire;
  /** All that the function said: its lines, its metrics and what it threw. */
  readonly said: unknown[];
  /** Begins a rotation as Secrets Manager does. */
  begin(): string;
  /** Calls the function for one step. @throws what the function throws */
  step(step: string, token: string): Promise<void>;
  /** Calls it for all four, as Secrets Manager does on every try. */
  rotate(token: string): Promise<void>;
  /** Tries the function as Secrets Manager does when a schedule is set up. */
  tryOut(): Promise<void>;
  /** Calls a rotation off, as an operator does. */
  callOff(): void;
  /** The version ids by label. */
  labels(): Promise<Readonly<Record<string, string>>>;
  /** The text of a version. */
  value(version: string): Promise<string>;
  close(): Promise<void>;
}

/** What differs from one rotation to another. */
interface RotationWorldOptions {
  readonly secretId: string;
  readonly compose: (basis: RotationBasis) => RotationService;
  /** Beside the world's own. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

const clientOf = (endpoint: string): SecretsManagerClient =>
  new SecretsManagerClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });

/** Puts a rotation function into a world, which stays the caller's to close. */
export const startRotation = async (world: World, options: RotationWorldOptions): Promise<RotationWorld> => {
  const { secretId, compose, environment, clock } = options;
  const wire = createMortalWire();
  const direct = clientOf(world.secrets.url);
  const wired = clientOf(await wire.to(world.secrets.url));
  const said: unknown[] = [];
  const service = compose({
    environment: {
      ...world.env,
      ...environment,
      TWILIO_API_BASE_URL: await wire.to(world.emulatorUrl ?? ''),
    },
    client: wired,
    log: (event, fields) => void said.push({ event, ...fields }),
    metrics: (values, dimensions) => void said.push({ metrics: values, dimensions }),
    ...(clock && { clock }),
  });
  const handler = rotationHandler('rotation', service);
  const describe = () => direct.send(new DescribeSecretCommand({ SecretId: secretId }));

  const step = async (name: string, token: string): Promise<void> => {
    const { ARN } = await describe();
    await handler({ Step: name, SecretId: ARN, ClientRequestToken: token }).catch((thrown: unknown) => {
      said.push(String(thrown instanceof Error ? thrown.stack : thrown));
      throw thrown;
    });
  };

  return {
    wire,
    said,
    step,
    begin: () => world.secrets.rotate(secretId),
    async rotate(token) {
      for (const name of rotationSteps) await step(name, token);
    },
    async tryOut() {
      const token = world.secrets.rotate(secretId);
      const { SecretString } = await direct.send(new GetSecretValueCommand({ SecretId: secretId }));
      const copy = { ClientRequestToken: token, SecretString, VersionStages: ['AWSPENDING'] };
      await direct.send(new PutSecretValueCommand({ SecretId: secretId, ...copy }));
      await step('testSecret', token);
      world.secrets.callOff(secretId);
    },
    callOff: () => world.secrets.callOff(secretId),
    async labels() {
      const { VersionIdsToStages = {} } = await describe();
      return Object.fromEntries(
        Object.entries(VersionIdsToStages).flatMap(([id, names]) => names.map((name) => [name, id])),
      );
    },
    async value(VersionId) {
      const read = await direct.send(new GetSecretValueCommand({ SecretId: secretId, VersionId }));
      return read.SecretString ?? '';
    },
    async close() {
      direct.destroy();
      wired.destroy();
      await wire.close();
    },
  };
};
