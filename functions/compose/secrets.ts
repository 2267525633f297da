import { createSecretCache, createSecretsManagerClient, type SecretCache } from '../adapters/secret-cache.ts';
import { parseTwilioSecret } from '../adapters/twilio-secret.ts';
import { hashKeysShape, hashUnder, parseHashKeys } from '../privacy/hash-keys.ts';
import type { KeyedHash } from '../privacy/keyed-hash.ts';
import { RunError } from '../runtime/errors.ts';
import type { TwilioSecret } from '../verify/credentials.ts';
import type { Base } from './base.ts';
import type { VariableName } from './environment.ts';

const secretsManager = () => createSecretsManagerClient();

const secret = <T>(base: Base, name: VariableName, parse: (text: string) => T): SecretCache<T> => {
  const { clock, environment, log, metrics } = base;
  const cache = createSecretCache({
    client: base.get(secretsManager),
    secretId: environment.required(name),
    parse,
    clock,
    log,
    onStale: () => metrics({ StaleSecrets: 1 }, {}),
  });
  // Read while the runtime still starts; a failure shows itself again when a request needs the secret.
  cache.current().catch(() => undefined);
  return cache;
};

const readHash = (text: string): KeyedHash => {
  const keys = parseHashKeys(text);
  if (keys !== undefined) return hashUnder(keys);
  throw new RunError('misconfigured', { reason: 'destination_key', fix: hashKeysShape });
};

/** Twilio's credential and services. */
export const twilioSecret = (base: Base): SecretCache<TwilioSecret> =>
  secret(base, 'TWILIO_SECRET_ID', parseTwilioSecret);

/** The hash of destinations, made once for each value of its secret. */
export const destinationHash = (base: Base): SecretCache<KeyedHash> =>
  secret(base, 'DESTINATION_KEY_SECRET_ID', readHash);
