import { createHash } from 'node:crypto';
import { RunError } from '../runtime/errors.ts';
import type { TwilioSecret } from '../verify/credentials.ts';
import type { VerifyProvider } from '../verify/provider.ts';
import type { ApiKey, ApiKeys, DescribedSecret, SecretVersions } from './ports.ts';
import type { SecretKind } from './rotate.ts';

/** What the rotation of Twilio's API key stands on. */
export interface TwilioKeyParts {
  readonly versions: SecretVersions;
  /** The keys of an account, under the credential of the admin secret. @throws RunError where that is of another account. */
  readonly keysOf: (accountSid: string) => Promise<ApiKeys>;
  /** Reads the text of the secret. @throws RunError `misconfigured`, without any value of it. */
  readonly parse: (text: string) => TwilioSecret;
  /** Verify under a credential of its own. */
  readonly verifyWith: (secret: TwilioSecret) => Pick<VerifyProvider, 'probe'>;
  readonly pause: (ms: number) => Promise<void>;
  /** Told of a key that went out of use and that only its maker may end. */
  readonly onForeignKey: (sid: string) => void;
}

/** Milliseconds before each further try of a key that Twilio does not accept yet. */
const pauses = [1_000, 2_000, 4_000, 8_000, 8_000];

/**
 * What the names of the keys of one secret begin with. A hash of its ARN: stacks of the same name in two AWS accounts may share
 * an account of Twilio's, and must not end each other's keys.
 */
const ownerOf = (arn: string): string =>
  `verify-${createHash('sha256').update(arn).digest('hex').slice(0, 16)} `;

/** The values of a secret's labelled versions. @throws RunError where one that must have a value cannot be read. */
const labelledValues = async (versions: SecretVersions, { labels }: DescribedSecret) => {
  const values = await Promise.all(
    [...labels].map(async ([id, names]) => ({ names, text: await versions.read(id) })),
  );
  // No key may be taken for unused because its version could not be read; only a pending one may have no value yet.
  const lost = values.some(
    ({ names, text }) => text === undefined && names.some((name) => name !== 'AWSPENDING'),
  );
  if (lost || !values.some(({ names }) => names.includes('AWSCURRENT')))
    throw new RunError('store_unavailable', { reason: 'rotation_unreadable' });
  return values.map(({ names, text = '' }) => ({ names, text }));
};

/** What was found in an account once it was tidied up. */
interface Tidied {
  /** What the names of the secret's keys begin with. */
  readonly owner: string;
  /** The key of AWSPREVIOUS, where it is still there and not ours to end. */
  readonly foreign: ApiKey | undefined;
}

/**
 * Rotates the API key in the Twilio secret. A key's secret is told only when it is minted, so a key that could not be stored is
 * of no use: it is known by its name, ended, and minted anew. Keys that were not minted here are never ended.
 */
export const createTwilioKeyKind = (parts: TwilioKeyParts): SecretKind => {
  const { versions, keysOf, parse, verifyWith, pause, onForeignKey } = parts;

  /** Ends every key minted here that no labelled version names: what a killed step left, and the one before the previous. */
  const tidy = async (keys: ApiKeys): Promise<Tidied> => {
    // The list comes first: a key that is stored while we look is found in use.
    const listed = await keys.list();
    const secret = await versions.describe();
    const owner = ownerOf(secret.arn);
    const values = await labelledValues(versions, secret);
    const minted = listed.filter(({ name }) => name.startsWith(owner));
    for (const { sid } of minted) if (!values.some(({ text }) => text.includes(sid))) await keys.remove(sid);
    const previous = values.find(({ names }) => names.includes('AWSPREVIOUS'))?.text ?? '';
    return { owner, foreign: listed.find((key) => !minted.includes(key) && previous.includes(key.sid)) };
  };

  return {
    async next(current, token) {
      const { accountSid, services } = parse(current);
      // Asked now: without a service the new key could never be tested.
      if (services.length === 0)
        throw new RunError('misconfigured', {
          reason: 'rotation_service',
          fix: 'The Twilio secret lacks service_sid',
        });
      const keys = await keysOf(accountSid);
      const { owner } = await tidy(keys);
      // Twilio takes 64 characters of a name; the token is for the person who reads it.
      const { sid, secret } = await keys.mint(`${owner}${token}`.slice(0, 64));
      return JSON.stringify({
        ...JSON.parse(current),
        twilio_api_key_sid: sid,
        twilio_api_key_secret: secret,
      });
    },

    async test(next) {
      const secret = parse(next);
      const verify = verifyWith(secret);
      const probe = async (): Promise<void> => {
        for (const service of secret.services) await verify.probe(service);
      };
      for (const wait of pauses) {
        const refusal = await probe().then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        if (refusal === undefined) return;
        // Twilio does not know a fresh key everywhere at once; anything else does not fix itself in seconds.
        if (!(refusal instanceof RunError && refusal.details.credentialRefused)) throw refusal;
        await pause(wait);
      }
      await probe();
    },

    allow: () => undefined,

    async finished() {
      const current = await versions.read();
      const { foreign } = await tidy(await keysOf(parse(current ?? '').accountSid));
      if (foreign !== undefined) onForeignKey(foreign.sid);
    },
  };
};
