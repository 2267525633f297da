import BaseTwilio from 'twilio/lib/base/BaseTwilio.js';
import Domain from 'twilio/lib/base/Domain.js';
import Version from 'twilio/lib/base/Version.js';
import type V1Module from 'twilio/lib/rest/iam/V1.js';
import { ApiKeyContextImpl } from 'twilio/lib/rest/iam/v1/apiKey.js';
import { GetApiKeysListInstance } from 'twilio/lib/rest/iam/v1/getApiKeys.js';
import { NewApiKeyListInstance } from 'twilio/lib/rest/iam/v1/newApiKey.js';
import type { ApiKeys } from '../rotation/ports.ts';
import { RunError } from '../runtime/errors.ts';
import type { TwilioSecret } from '../verify/credentials.ts';
import { refusedBy, TwilioRefusal } from '../verify/twilio-errors.ts';
import { unreadable } from './twilio-exchange.ts';
import { createTwilioHttp, type TwilioHttpOptions } from './twilio-http-client.ts';
import { parseTwilioSecret } from './twilio-secret.ts';

/** What the gateway to Twilio's API keys stands on. */
export interface TwilioKeysOptions extends TwilioHttpOptions {
  /** A Main key or the auth token of the account whose keys these are; no other credential may manage keys. */
  readonly admin: TwilioSecret;
  /** `TWILIO_REGION`: keys are valid in one region only; undefined for the default. */
  readonly region: string | undefined;
  /** `TWILIO_EDGE`; undefined for the default. */
  readonly edge: string | undefined;
}

type V1 = V1Module.default;

const wrongAdmin = (reason: string, fix: string): RunError => new RunError('misconfigured', { reason, fix });

/**
 * Reads the admin secret, which has the form of the Twilio secret and needs no service.
 *
 * @throws RunError `misconfigured` where it holds no credential, or one of another account than this.
 */
export const readTwilioAdmin = (text: string | undefined, accountSid: string): TwilioSecret => {
  const admin = parsedAdmin(text ?? '');
  if (admin.accountSid === accountSid) return admin;
  throw wrongAdmin(
    'twilio_admin_account',
    'The Twilio admin secret is of another account than the Twilio secret',
  );
};

const parsedAdmin = (text: string): TwilioSecret => {
  try {
    return parseTwilioSecret(text);
  } catch {
    throw wrongAdmin(
      'twilio_admin_secret',
      'The Twilio admin secret must hold twilio_account_sid with twilio_auth_token or with the twilio_api_key_sid and twilio_api_key_secret of a Main key',
    );
  }
};

// A page of keys stays far below what our HTTP client reads of an answer.
const pageSize = 100;

/** The SDK's own errors can hold the secret of a new key, so only ours are passed on. */
const failureOf = (thrown: unknown): RunError => {
  if (thrown instanceof RunError) return thrown;
  if (!(thrown instanceof TwilioRefusal))
    return new RunError('upstream_unavailable', { reason: 'twilio_connect', effect: 'none' });
  if (thrown.status !== 401) return refusedBy(thrown, { notFound: 'misconfigured' });
  return wrongAdmin(
    'twilio_admin_refused',
    'Twilio refuses the admin secret: it must hold the auth token or a Main key of the account',
  );
};

/** Whether a delete found nothing: the key was gone. */
const isGone = (thrown: unknown): boolean => thrown instanceof TwilioRefusal && thrown.status === 404;

/** Twilio's Key resource v1 through the official SDK, of which only what is used here is loaded. */
export const createTwilioKeys = (options: TwilioKeysOptions): ApiKeys => {
  const { accountSid, username, password } = options.admin;
  const newHttpClient = createTwilioHttp(options);
  // Empty, not undefined: else the SDK reads the environment by itself.
  const where = { region: options.region ?? '', edge: options.edge ?? '' };

  const call = async <T>(ask: (v1: V1) => Promise<T>): Promise<T> => {
    const client = new BaseTwilio.Client(username, password, {
      accountSid,
      httpClient: newHttpClient(),
      ...where,
    });
    const v1 = new Version.default(new Domain.default(client, 'https://iam.twilio.com'), 'v1') as V1;
    return ask(v1).catch((thrown: unknown) => {
      throw failureOf(thrown);
    });
  };

  return {
    async list() {
      const keys = await call((v1) => GetApiKeysListInstance(v1).list({ accountSid, pageSize }));
      return keys.map(({ sid, friendlyName }) => ({ sid, name: friendlyName }));
    },
    async mint(name) {
      const { sid, secret } = await call((v1) =>
        NewApiKeyListInstance(v1).create({ accountSid, friendlyName: name }),
      );
      if (!/^SK[0-9a-fA-F]{32}$/.test(sid) || typeof secret !== 'string' || secret === '') throw unreadable();
      return { sid, secret };
    },
    async remove(sid) {
      await call((v1) =>
        new ApiKeyContextImpl(v1, sid).remove().catch((thrown: unknown) => {
          if (!isGone(thrown)) throw thrown;
        }),
      );
    },
  };
};
