import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseTwilioSecret } from '../../../functions/adapters/twilio-secret.ts';
import type { ApiKeys, SecretVersions } from '../../../functions/rotation/ports.ts';
import { createTwilioKeyKind } from '../../../functions/rotation/twilio-key.ts';
import { RunError } from '../../../functions/runtime/errors.ts';

const services = [`VA${'1'.repeat(32)}`, `VA${'2'.repeat(32)}`];
const secret = (fields: object = {}) =>
  JSON.stringify({
    twilio_account_sid: `AC${'0'.repeat(32)}`,
    twilio_api_key_sid: `SK${'0'.repeat(32)}`,
    twilio_api_key_secret: 'secret',
    service_sids: services,
    ...fields,
  });

/** A secret of one version, and an account of which this test says what it answers. */
const kindWith = (
  answers: readonly (Error | undefined)[],
  keys: Partial<ApiKeys> = {},
  secretManager: Partial<SecretVersions> = {},
) => {
  const probed: string[] = [];
  const pauses: number[] = [];
  const versions: SecretVersions = {
    describe: async () => ({ arn: 'arn:of:the:secret', labels: new Map([['v1', ['AWSCURRENT']]]) }),
    read: async () => secret(),
    stage: async () => undefined,
    makeCurrent: async () => undefined,
    settle: async () => undefined,
    ...secretManager,
  };
  const kind = createTwilioKeyKind({
    versions,
    keysOf: async () => ({
      list: async () => [],
      mint: async () => ({ sid: `SK${'1'.repeat(32)}`, secret: 'new' }),
      remove: async () => undefined,
      ...keys,
    }),
    parse: parseTwilioSecret,
    verifyWith: () => ({
      async probe(service) {
        const answer = answers[probed.length];
        probed.push(service);
        if (answer !== undefined) throw answer;
      },
    }),
    pause: async (ms) => void pauses.push(ms),
    onForeignKey: () => undefined,
  });
  return { kind, probed, pauses };
};

/** What the names of this secret's keys begin with. */
const owner = `verify-${createHash('sha256').update('arn:of:the:secret').digest('hex').slice(0, 16)} `;
const unknownYet = new RunError('misconfigured', { reason: 'twilio_20003', credentialRefused: true });

describe('a fresh key', () => {
  test('is tried on every service', async () => {
    const { kind, probed, pauses } = kindWith([]);
    await kind.test(secret());
    expect({ probed, pauses }).toEqual({ probed: services, pauses: [] });
  });

  test('may be unknown to Twilio for a while', async () => {
    const { kind, probed, pauses } = kindWith([unknownYet, undefined, unknownYet]);
    await kind.test(secret());
    expect({ probed, pauses }).toEqual({
      probed: [services[0], ...services, ...services],
      pauses: [1_000, 2_000],
    });
  });

  test('that Twilio never gets to know fails after 23 seconds', async () => {
    const { kind, probed, pauses } = kindWith(Array(9).fill(unknownYet));
    await expect(kind.test(secret())).rejects.toBe(unknownYet);
    expect(probed).toHaveLength(6);
    expect(pauses.reduce((sum, ms) => sum + ms)).toBe(23_000);
  });

  test.each([
    new RunError('upstream_timeout', { reason: 'twilio_timeout' }),
    new RunError('misconfigured', { reason: 'twilio_20404' }),
    new TypeError('a defect'),
  ])('is not tried again after $message', async (failure) => {
    const { kind, pauses } = kindWith([failure]);
    await expect(kind.test(secret())).rejects.toBe(failure);
    expect(pauses).toEqual([]);
  });
});

describe('a new value', () => {
  test('is not begun where no service could prove it', async () => {
    const { kind } = kindWith([], { mint: () => Promise.reject(new Error('minted')) });
    await expect(kind.next(secret({ service_sids: [] }), 't')).rejects.toMatchObject({
      details: { reason: 'rotation_service' },
    });
  });

  test('takes the place of an auth token, which stays for the signatures of webhooks', async () => {
    const { kind } = kindWith([]);
    const tokenOnly = {
      twilio_account_sid: `AC${'0'.repeat(32)}`,
      twilio_auth_token: 'token',
      service_sid: services[0],
    };
    expect(JSON.parse(await kind.next(JSON.stringify(tokenOnly), 't'))).toEqual({
      ...tokenOnly,
      twilio_api_key_sid: `SK${'1'.repeat(32)}`,
      twilio_api_key_secret: 'new',
    });
  });

  test('bears a name of at most 64 characters that begins alike for one secret, and differs for another', async () => {
    const names: string[] = [];
    const mint = async (name: string) => {
      names.push(name);
      return { sid: `SK${'1'.repeat(32)}`, secret: 'new' };
    };
    const { kind } = kindWith([], { mint });
    await kind.next(secret(), 'a'.repeat(64));
    await kind.next(secret(), '01234567-89ab-cdef-0123-456789abcdef');
    expect(names[0]).toHaveLength(64);
    expect(names[1]).toMatch(/^verify-[0-9a-f]{16} 01234567-89ab-cdef-0123-456789abcdef$/);
    expect(names[0]?.slice(0, 24)).toBe(names[1]?.slice(0, 24));
  });

  test('is made after what an earlier try left was ended, and nothing else', async () => {
    const ended: string[] = [];
    const own = `${owner}t`;
    const { kind } = kindWith([], {
      list: async () => [
        { sid: 'SK-left', name: own },
        { sid: `SK${'0'.repeat(32)}`, name: own },
        { sid: 'SK-of-another-secret', name: `verify-${'0'.repeat(16)} t` },
        { sid: 'SK-of-the-operator', name: 'verify' },
        { sid: 'SK-nameless', name: '' },
      ],
      remove: async (sid) => void ended.push(sid),
    });
    await kind.next(secret(), 't');
    expect(ended).toEqual(['SK-left']);
  });

  test.each<[string, Readonly<Record<string, string[]>>, (version?: string) => string | undefined]>([
    ['no version is said to be current', {}, () => secret()],
    ['only a pending version is known', { v2: ['AWSPENDING'] }, () => secret()],
    ['the value in use cannot be read', { v1: ['AWSCURRENT'] }, () => undefined],
    [
      'a labelled value cannot be read',
      { v1: ['AWSCURRENT'], v0: ['AWSPREVIOUS'] },
      (version) => (version === 'v0' ? undefined : secret()),
    ],
    [
      'two values lack where one version is pending',
      { v1: ['AWSCURRENT'], v0: ['mine'], v2: ['AWSPENDING'] },
      (version) => (version === 'v1' ? secret() : undefined),
    ],
  ])('is not begun, and no key ended, where %s', async (_why, labels, read) => {
    const ended: string[] = [];
    const list = async () => [{ sid: `SK${'0'.repeat(32)}`, name: `${owner}t` }];
    const { kind } = kindWith(
      [],
      { list, remove: async (sid) => void ended.push(sid), mint: () => Promise.reject(new Error('minted')) },
      {
        describe: async () => ({ arn: 'arn:of:the:secret', labels: new Map(Object.entries(labels)) }),
        read: async (version) => read(version),
      },
    );
    await expect(kind.next(secret(), 't')).rejects.toMatchObject({
      details: { reason: 'rotation_unreadable' },
    });
    expect(ended).toEqual([]);
  });

  test.each(['AWSCURRENT', 'AWSPREVIOUS', 'AWSPENDING', 'kept-by-the-operator'])(
    'ends no key that the version labelled %s names, however it is written',
    async (label) => {
      const sid = `SK${'9'.repeat(32)}`;
      const ended: string[] = [];
      const { kind } = kindWith(
        [],
        { list: async () => [{ sid, name: `${owner}t` }], remove: async (gone) => void ended.push(gone) },
        {
          describe: async () => ({
            arn: 'arn:of:the:secret',
            labels: new Map([
              ['v1', ['AWSCURRENT']],
              ['v2', [label]],
            ]),
          }),
          read: async (version) => (version === 'v2' ? `{ "twilio_api_key_sid" : " ${sid} " }` : secret()),
        },
      );
      await kind.next(secret(), 't');
      expect(ended).toEqual([]);
    },
  );
});
