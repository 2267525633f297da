import { randomBytes } from 'node:crypto';
import { devNull } from 'node:os';
import { startDynamoDb } from './dynamodb.ts';
import { startEmulator } from './emulator/server.ts';
import { type SecretsManager, startSecretsManager } from './secrets-manager.ts';
import { readPolicy } from './settings.ts';

/** The account, API key and service that the emulator knows from its start. */
const emulatorSecret = {
  twilio_account_sid: `AC${'0'.repeat(32)}`,
  twilio_api_key_sid: `SK${'0'.repeat(32)}`,
  twilio_api_key_secret: 'emulator-secret',
  service_sid: `VA${'0'.repeat(32)}`,
};

const twilioSecretId = 'verify/twilio';
const destinationKeySecretId = 'verify/destination-key';
const tableName = 'verify';

/** Where Twilio's calls go: the emulator, another origin that stands for Twilio, or Twilio itself with the caller's secret. */
type Twilio = 'emulator' | { readonly baseUrl: string } | { readonly live: Readonly<Record<string, string>> };

/** What the world is made of; the process environment decides what is left out. */
export interface WorldOptions {
  /** The emulator's port; 0, as by default, is any free one. */
  readonly emulatorPort?: number;
  readonly twilio?: Twilio;
  /** The policy as it is to be given to the functions. */
  readonly policy?: unknown;
}

/** Everything that the functions stand on, in this process: DynamoDB, Secrets Manager and, unless it is elsewhere, Twilio. */
export interface World {
  /** The environment of a deployed function, which leads to this world. */
  readonly env: Readonly<Record<string, string>>;
  /** The emulator's origin; null where the world was told to use another. */
  readonly emulatorUrl: string | null;
  readonly secrets: SecretsManager;
  close(): Promise<void>;
}

const twilioOf = (environment: NodeJS.ProcessEnv): Twilio => {
  const baseUrl = environment['TWILIO_API_BASE_URL'];
  return baseUrl === undefined || baseUrl === '' ? 'emulator' : { baseUrl };
};

interface Closable {
  close(): Promise<void>;
}

/** Starts all of them at once; where one fails, those that did start are closed before its error is passed on. */
const startAll = async <T extends readonly Promise<Closable>[] | []>(
  starts: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> => {
  const settled = await Promise.allSettled<Promise<Closable>[]>([...starts]);
  const failed = settled.find((result) => result.status === 'rejected');
  if (failed === undefined) return await Promise.all(starts);
  await Promise.all(
    settled.map((result) => (result.status === 'fulfilled' ? result.value.close() : undefined)),
  );
  throw failed.reason;
};

const elsewhere = { url: null, close: async () => undefined };

/** Keeps the developer's own AWS profile, session and endpoint settings out of the world; an empty one counts as unset. */
const awsEnvironment = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_SESSION_TOKEN: '',
  AWS_PROFILE: '',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: devNull,
  AWS_SHARED_CREDENTIALS_FILE: devNull,
  AWS_USE_FIPS_ENDPOINT: 'false',
  AWS_USE_DUALSTACK_ENDPOINT: 'false',
};

/**
 * Starts the embedded world on ports of 127.0.0.1.
 *
 * @throws Error whose message is a sentence for a person: a port is taken, or the policy is not JSON.
 */
export const startWorld = async (options: WorldOptions = {}): Promise<World> => {
  const twilio = options.twilio ?? twilioOf(process.env);
  const policy = options.policy ?? (await readPolicy(process.env));
  const secret = typeof twilio === 'object' && 'live' in twilio ? twilio.live : emulatorSecret;
  const [dynamoDb, secrets, emulator] = await startAll([
    startDynamoDb({ tableName }),
    startSecretsManager({
      secrets: {
        [twilioSecretId]: JSON.stringify(secret),
        [destinationKeySecretId]: JSON.stringify({ current: randomBytes(32).toString('base64') }),
      },
    }),
    twilio === 'emulator' ? startEmulator({ port: options.emulatorPort ?? 0 }) : Promise.resolve(elsewhere),
  ]);
  const baseUrl = typeof twilio === 'object' && 'baseUrl' in twilio ? twilio.baseUrl : (emulator.url ?? '');
  return {
    env: {
      ...awsEnvironment,
      AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.url,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
      TWILIO_SECRET_ID: twilioSecretId,
      DESTINATION_KEY_SECRET_ID: destinationKeySecretId,
      VERIFY_TABLE_NAME: tableName,
      VERIFY_POLICY: JSON.stringify(policy),
      TWILIO_API_BASE_URL: baseUrl,
    },
    emulatorUrl: emulator.url,
    secrets,
    async close() {
      await Promise.all([dynamoDb.close(), secrets.close(), emulator.close()]);
    },
  };
};
