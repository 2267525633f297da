import { createDynamoDbClient, DynamoDbStore } from '../adapters/dynamodb-store.ts';
import { createSecretCache, createSecretsManagerClient } from '../adapters/secret-cache.ts';
import { createServiceDirectory } from '../adapters/service-directory.ts';
import { timedVerify, timeRequests } from '../adapters/timed.ts';
import { createTwilioLookup } from '../adapters/twilio-lookup.ts';
import { parseTwilioSecret } from '../adapters/twilio-secret.ts';
import { createTwilioVerify } from '../adapters/twilio-verify.ts';
import { assembleGuard } from '../guard/assemble-guard.ts';
import { type Policy, parsePolicy } from '../guard/policy/policy.ts';
import { estimatedCost } from '../guard/spend/daily-budget-shares.ts';
import { createGuardWatch } from '../observability/guard-watch.ts';
import type { Log } from '../observability/log-catalogue.ts';
import { createLog } from '../observability/logger.ts';
import { serviceName } from '../observability/metric-catalogue.ts';
import { createMetrics, type Metrics } from '../observability/metrics.ts';
import { createPartDurations, type PartDurations } from '../observability/part-durations.ts';
import { type HashKeys, hashUnder, parseHashKeys } from '../privacy/hash-keys.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { RunError } from '../runtime/errors.ts';
import type { Ports } from '../service/ports.ts';

/** The environment of a function (CONTRACT: Environment of a deployed function). */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A composed service: what the run functions touch, and what watches them. */
export interface Service {
  /**
   * The real ports.
   *
   * @throws RunError `misconfigured` whose `fix` names every variable that is missing or wrong.
   */
  readonly ports: () => Ports;
  readonly log: Log;
  readonly metrics: Metrics;
  /** What the parts took since it was last asked for. */
  readonly durations: PartDurations['collect'];
  readonly clock: Clock;
  /** The origins of web pages that may read replies; usually none. */
  readonly corsOrigins: readonly string[];
}

const required = ['TWILIO_SECRET_ID', 'DESTINATION_KEY_SECRET_ID', 'VERIFY_TABLE_NAME'] as const;

const misconfigured = (fix: string): RunError =>
  new RunError('misconfigured', { reason: 'environment', fix });

const requiredVariables = (environment: Environment): Record<(typeof required)[number], string> => {
  const missing = required.filter((name) => (environment[name] ?? '') === '');
  if (missing.length > 0) throw misconfigured(`The environment lacks ${missing.join(', ')}`);
  return Object.fromEntries(required.map((name) => [name, environment[name]])) as Record<
    (typeof required)[number],
    string
  >;
};

const policyOf = (environment: Environment): Policy => {
  try {
    return parsePolicy(JSON.parse(environment['VERIFY_POLICY'] || '{}'));
  } catch (thrown) {
    const why =
      thrown instanceof SyntaxError ? 'It is not JSON' : thrown instanceof Error ? thrown.message : '';
    throw misconfigured(`VERIFY_POLICY: ${why}`);
  }
};

const hashKeys = (text: string): HashKeys => {
  const keys = parseHashKeys(text);
  if (keys !== undefined) return keys;
  const fix =
    'The destination key secret must hold "current", a key of at least 16 characters, and once it was rotated "previous" and "current_since"';
  throw new RunError('misconfigured', { reason: 'destination_key', fix });
};

const composePorts = (
  environment: Environment,
  log: Log,
  metrics: Metrics,
  { took }: PartDurations,
): Ports => {
  const variables = requiredVariables(environment);
  const policy = policyOf(environment);
  const clock = systemClock;
  const client = createSecretsManagerClient();
  const secret = <T>(secretId: string, parse: (text: string) => T) =>
    createSecretCache({
      client,
      secretId,
      parse,
      clock,
      log,
      onStale: () => metrics({ StaleSecrets: 1 }, {}),
    });
  const twilioSecrets = secret(variables.TWILIO_SECRET_ID, parseTwilioSecret);
  const keys = secret(variables.DESTINATION_KEY_SECRET_ID, hashKeys);
  const hash = async () => hashUnder(await keys.current(), clock());
  // Read while the runtime still starts; a failure shows itself again when a request needs the secret.
  for (const { current } of [twilioSecrets, keys]) current().catch(() => undefined);
  const table = timeRequests(createDynamoDbClient(), clock, (millis) => took('StoreDuration', millis));
  const store = new DynamoDbStore(table, variables.VERIFY_TABLE_NAME);
  const twilio = {
    secrets: twilioSecrets,
    clock,
    baseUrl: environment['TWILIO_API_BASE_URL'],
    region: environment['TWILIO_REGION'],
    edge: environment['TWILIO_EDGE'],
  };
  const lookup = createTwilioLookup(twilio);
  const verify = createTwilioVerify({ ...twilio, fallbackChannels: policy.fallback_channels });
  const watch = createGuardWatch(log, metrics, (country, isEmail) =>
    estimatedCost(policy.daily_budget, country, isEmail),
  );
  return {
    policy,
    services: createServiceDirectory(twilioSecrets),
    store,
    guard: assembleGuard({ store, hash, policy, clock, lookup, watch }),
    verify: timedVerify(verify, clock, (millis) => took('TwilioDuration', millis)),
  };
};

/** Composes the service from its environment. Never throws: what is wrong is said when the ports are asked for. */
export const compose = (environment: Environment = process.env): Service => {
  // Powertools' own variable: stages that share an account tell their metrics apart by it.
  const name = environment['POWERTOOLS_SERVICE_NAME'] || serviceName;
  const log = createLog(name);
  const metrics = createMetrics(name);
  const durations = createPartDurations();
  let composed: () => Ports;
  try {
    const ports = composePorts(environment, log, metrics, durations);
    composed = () => ports;
  } catch (thrown) {
    composed = () => {
      throw thrown;
    };
  }
  return {
    ports: composed,
    log,
    metrics,
    durations: durations.collect,
    clock: systemClock,
    corsOrigins: environment['CORS_ORIGINS']?.split(' ') ?? [],
  };
};
