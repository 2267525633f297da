import { setTimeout as pause } from 'node:timers/promises';
import { createSecretsManagerClient } from '../adapters/secret-cache.ts';
import { createSecretVersions } from '../adapters/secret-versions.ts';
import { createTwilioKeys, readTwilioAdmin } from '../adapters/twilio-keys.ts';
import { parseTwilioSecret } from '../adapters/twilio-secret.ts';
import { createTwilioVerify } from '../adapters/twilio-verify.ts';
import type { Log } from '../observability/log-catalogue.ts';
import { createLog } from '../observability/logger.ts';
import { serviceName } from '../observability/metric-catalogue.ts';
import { createMetrics, type Metrics } from '../observability/metrics.ts';
import { createDestinationKeyKind } from '../rotation/destination-key.ts';
import type { SecretVersions } from '../rotation/ports.ts';
import { type RotationEvent, rotate, type SecretKind } from '../rotation/rotate.ts';
import { createTwilioKeyKind } from '../rotation/twilio-key.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { Environment } from './environment.ts';
import { twilioPlace } from './twilio.ts';

/** A composed rotation, and what watches it. */
export interface RotationService {
  /** Does one step. @throws RunError where it could not be done. */
  readonly rotate: (event: RotationEvent) => Promise<void>;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** What a rotation is composed from: everything but the environment is for tests to replace. */
export interface RotationBasis extends Partial<Omit<RotationService, 'rotate'>> {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly client?: ReturnType<typeof createSecretsManagerClient>;
}

const onBasis = (basis: RotationBasis) => {
  const environment = new Environment(basis.environment);
  const name = environment.optional('POWERTOOLS_SERVICE_NAME') ?? serviceName;
  return {
    environment,
    client: basis.client ?? createSecretsManagerClient(),
    watch: {
      log: basis.log ?? createLog(name),
      metrics: basis.metrics ?? createMetrics(name),
      clock: basis.clock ?? systemClock,
    },
  };
};

/** Composes the rotation of the destination key; it needs no variable of its own. */
export const composeDestinationKeyRotation = (basis: RotationBasis = {}): RotationService => {
  const { client, watch } = onBasis(basis);
  const kind = createDestinationKeyKind(watch.clock);
  return {
    ...watch,
    rotate: (event) => rotate(event, createSecretVersions(client, event.SecretId), kind),
  };
};

/**
 * Composes the rotation of Twilio's API key. Beside `TWILIO_REGION`, `TWILIO_EDGE` and `TWILIO_API_BASE_URL` it reads
 * `TWILIO_ADMIN_SECRET_ID`: the secret whose credential may mint keys.
 */
export const composeTwilioKeyRotation = (basis: RotationBasis = {}): RotationService => {
  const { environment, client, watch } = onBasis(basis);
  const twilio = { clock: watch.clock, ...twilioPlace(environment) };

  const keysOf = async (accountSid: string) => {
    const adminId = environment.required('TWILIO_ADMIN_SECRET_ID');
    const admin = readTwilioAdmin(await createSecretVersions(client, adminId).read(), accountSid);
    return createTwilioKeys({ ...twilio, admin });
  };

  const kindOf = (versions: SecretVersions): SecretKind =>
    createTwilioKeyKind({
      versions,
      keysOf,
      parse: parseTwilioSecret,
      verifyWith: (secret) =>
        createTwilioVerify({
          ...twilio,
          secrets: { current: async () => secret, replacementOf: async () => undefined },
          fallbackChannels: [],
        }),
      pause,
      onForeignKey: (sid) =>
        watch.log('rotation_foreign_key', {
          fix: `When no function uses it any more, delete API key ${sid} in Twilio's Console`,
        }),
    });

  return {
    ...watch,
    rotate: (event) => {
      const versions = createSecretVersions(client, event.SecretId);
      return rotate(event, versions, kindOf(versions));
    },
  };
};
