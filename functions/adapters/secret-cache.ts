import {
  GetSecretValueCommand,
  SecretsManagerClient,
  SecretsManagerServiceException,
} from '@aws-sdk/client-secrets-manager';
import type { Log } from '../observability/log-catalogue.ts';
import type { Clock } from '../runtime/clock.ts';
import { RunError } from '../runtime/errors.ts';

/** How long a secret is used before it is read again, in milliseconds. */
const freshFor = 5 * 60_000;
/** How long to leave Secrets Manager alone after a failed reading while an older value serves, in milliseconds. */
const retryAfterFailure = 30_000;
/** How long a refused secret that proved unchanged is not asked for again, in milliseconds. */
const unchangedFor = 1_000;

/** A secret, kept fresh; concurrent readers share one request. */
export interface SecretCache<T> {
  /**
   * The value, at most five minutes old, or older while it cannot be read again.
   *
   * @throws RunError `misconfigured` or `store_unavailable` where it could never be read.
   */
  current(): Promise<T>;
  /** The value that replaced `refused`, read at once; undefined where the secret has not changed. */
  replacementOf(refused: T): Promise<T | undefined>;
}

interface Held<T> {
  readonly value: T;
  readonly text: string;
}

/** The failures that no retry fixes: no such secret, no permission, no key. */
const permanent = new Set([
  'AccessDeniedException',
  'DecryptionFailure',
  'InvalidParameterException',
  'InvalidRequestException',
  'ResourceNotFoundException',
]);

const failureOf = (thrown: unknown, secretId: string): RunError => {
  if (thrown instanceof RunError) return thrown;
  const name = thrown instanceof SecretsManagerServiceException ? thrown.name : 'unreachable';
  return permanent.has(name)
    ? new RunError('misconfigured', {
        reason: 'secret_unreadable',
        fix: `Secret ${secretId} cannot be read: ${name}`,
      })
    : new RunError('store_unavailable', { reason: 'secrets_manager', retryAfter: 5 });
};

/** What a cache stands on. */
interface SecretCacheOptions<T> {
  readonly client: SecretsManagerClient;
  readonly secretId: string;
  /** Reads the secret's text; throws a RunError that holds no value of it. */
  readonly parse: (text: string) => T;
  readonly clock: Clock;
  readonly log: Log;
  /** Told each time that the secret could not be read again and the value at hand goes on serving. */
  readonly onStale: () => void;
}

/** Caches one secret of Secrets Manager. */
export const createSecretCache = <T>({
  client,
  secretId,
  parse,
  clock,
  log,
  onStale,
}: SecretCacheOptions<T>): SecretCache<T> => {
  let held: Held<T> | undefined;
  let staleAt = 0;
  let unchangedUntil = 0;
  let flight: Promise<Held<T>> | undefined;

  const read = async (): Promise<Held<T>> => {
    const { SecretString: text = '' } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
    // The same text stays the same object, so that a caller can tell whether the secret changed.
    const value = held?.text === text ? held.value : parse(text);
    held = { value, text };
    staleAt = clock() + freshFor;
    return held;
  };

  const readOrKeep = async (): Promise<Held<T>> => {
    try {
      return await read();
    } catch (thrown) {
      const failure = failureOf(thrown, secretId);
      if (held === undefined) throw failure;
      staleAt = clock() + retryAfterFailure;
      log('secret_stale', { reason: failure.details.reason, fix: failure.details.fix });
      onStale();
      return held;
    }
  };

  const refresh = (): Promise<Held<T>> => {
    flight ??= readOrKeep().finally(() => {
      flight = undefined;
    });
    return flight;
  };

  return {
    async current() {
      const fresh = held !== undefined && clock() < staleAt ? held : await refresh();
      return fresh.value;
    },
    async replacementOf(refused) {
      // A reading under way may have begun before the secret was changed: it does not count as having looked.
      await flight?.catch(() => undefined);
      if (held !== undefined && held.value !== refused) return held.value;
      if (clock() < unchangedUntil) return undefined;
      const { value } = await refresh();
      if (value === refused) {
        unchangedUntil = clock() + unchangedFor;
        return undefined;
      }
      log('secret_renewed', {});
      return value;
    },
  };
};

/** The client for {@link createSecretCache}: short waits, since a request stands behind each. */
export const createSecretsManagerClient = (): SecretsManagerClient =>
  new SecretsManagerClient({
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 1_500, throwOnRequestTimeout: true },
  });
