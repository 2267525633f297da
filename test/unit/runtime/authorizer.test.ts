import { createHmac, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Authorization, authorizer } from '../../../functions/authorizer/authorizer.ts';
import type { Issuer } from '../../../functions/authorizer/issuers.ts';
import { JwksKeeper } from '../../../functions/authorizer/jwks-keeper.ts';
import { createTokenVerifier } from '../../../functions/authorizer/token-verifier.ts';
import { readLambdaEvent } from '../../../functions/lambda/lambda-event.ts';
import { restEvent } from '../../support/lambda-events.ts';
import { loopbackCertificate } from '../../support/loopback-certificate.ts';
import { startTokenIssuer, type TokenIssuer, writtenToken } from '../../support/token-issuer.ts';

const api = 'arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/prod';
const methodArn = `${api}/POST/start_verification`;
const hour = 3_600_000;

let issuer: TokenIssuer;
let now = 0;
/** Milliseconds for a reading of keys. */
let timeout = 10_000;
let said: unknown[] = [];

beforeEach(async () => {
  issuer = await startTokenIssuer();
  now = 0;
  timeout = 10_000;
  said = [];
});
afterEach(() => issuer.close());

const entry = (change: Partial<Issuer> = {}): Issuer => ({
  issuer: issuer.issuer,
  audience: ['app'],
  audience_claim: 'aud',
  identity_claim: 'sub',
  ...change,
});

/** An authorizer in a container of its own, over real sockets. */
const container = (...issuers: readonly Issuer[]) => {
  const keys = new JwksKeeper(() => now, { ca: loopbackCertificate.cert, timeout, responseTimeout: timeout });
  const handler = authorizer({
    verify: createTokenVerifier(issuers.length > 0 ? issuers : [entry()], keys),
    log: (event, fields) => void said.push([event, fields]),
    metrics: (values, dimensions) => void said.push([values, dimensions]),
    clock: () => now,
  });
  return (authorizationToken: string) => handler({ authorizationToken, methodArn });
};

const effectOf = ({ policyDocument }: Authorization): string | undefined =>
  policyDocument.Statement[0]?.Effect;
const reasonSaid = () => said.flatMap((line) => /"reason":"(\w+)"/.exec(JSON.stringify(line))?.[1] ?? []);

describe('a good token', () => {
  test.each(['', 'Bearer ', 'bearer '])('admits after %j', async (scheme) => {
    expect(effectOf(await container()(`${scheme}${issuer.token()}`))).toBe('Allow');
    expect(issuer.readings()).toBe(1);
  });

  test('admits to every route of its stage, and of no other, since the gateway keeps the verdict by token', async () => {
    const { policyDocument } = await container()(issuer.token());
    expect(policyDocument.Statement).toEqual([
      { Action: 'execute-api:Invoke', Effect: 'Allow', Resource: `${api}/POST/*` },
    ]);
  });

  test('gives the guard the user, told from the same subject of another issuer', async () => {
    const { context } = await container()(issuer.token());
    const event = restEvent({}, { authorizer: { principalId: 'caller', ...context } });
    expect(readLambdaEvent(event).caller.identity).toBe(`${issuer.issuer}|user-1`);
  });

  test('of an app without users gives no identity, so that its users do not share one budget', async () => {
    const { principalId, context } = await container(entry({ identity_claim: null }))(issuer.token());
    const event = restEvent({}, { authorizer: { principalId, ...context } });
    expect(context).toEqual({ identity: '' });
    expect(readLambdaEvent(event).caller.identity).toBeUndefined();
  });

  test('may be for several audiences, and issued by any of several issuers', async () => {
    const other = await startTokenIssuer(false);
    const ask = container(entry({ audience: ['x', 'app'] }), entry({ issuer: other.issuer }));
    const tokens = [issuer.token(issuer.claims({ aud: ['app', 'y'] })), other.token()];
    for (const token of tokens) expect(effectOf(await ask(token))).toBe('Allow');
    await other.close();
  });

  test('may carry its audience as Cognito’s access tokens do', async () => {
    const ask = container(entry({ audience_claim: 'client_id' }));
    const claims = (client_id: unknown) => issuer.claims({ aud: undefined, client_id });
    expect(effectOf(await ask(issuer.token(claims('app'))))).toBe('Allow');
    expect(effectOf(await ask(issuer.token(claims('other'))))).toBe('Deny');
    expect(effectOf(await ask(issuer.token(claims(undefined))))).toBe('Deny');
  });
});

const past = () => Math.floor(Date.now() / 1000) - 60;
const claimed = (change: object) => () => issuer.token(issuer.claims(change));

describe('a bad token is denied, and not thrown', () => {
  test.each<[string, () => string, string]>([
    ['that has expired', () => issuer.token(issuer.claims({ exp: past() })), 'token_expired'],
    ['that never expires', claimed({ exp: undefined }), 'token_expired'],
    ['that is not valid yet', () => issuer.token(issuer.claims({ nbf: past() + 3600 })), 'token_early'],
    ['for another audience', claimed({ aud: 'other' }), 'token_audience'],
    ['for no audience', claimed({ aud: undefined }), 'token_audience'],
    ['of another issuer', claimed({ iss: 'https://example.com' }), 'token_issuer'],
    ['without an issuer', claimed({ iss: undefined }), 'token_issuer'],
    ['without a subject', claimed({ sub: undefined }), 'token_without_identity'],
    ['with an empty subject', claimed({ sub: '' }), 'token_without_identity'],
    ['that names no key', () => issuer.token(undefined, { kid: undefined }), 'token_invalid'],
    ['that names a key of nobody', () => issuer.token(undefined, { kid: 'other' }), 'token_key_unknown'],
    [
      'signed by a stranger under a known name',
      () => issuer.token(undefined, {}, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
      'token_signature',
    ],
    ['with another algorithm’s name', () => issuer.token(undefined, { alg: 'RS256' }), 'token_algorithm'],
    [
      'that asks for an extension',
      () => issuer.token(undefined, { crit: ['b64'], b64: true }),
      'token_critical',
    ],
    ['that asks for none, in so many words', () => issuer.token(undefined, { crit: [] }), 'token_critical'],
    ['that is no token', () => 'a.b.c', 'token_malformed'],
    ['that is empty', () => '', 'token_malformed'],
  ])('one %s', async (_what, token, reason) => {
    expect(effectOf(await container()(token()))).toBe('Deny');
    expect(reasonSaid()).toEqual([reason]);
  });

  test.each(['none', 'None', 'HS256', 'HS512'])(
    'one that says %s and is “signed” with what everybody knows, whether or not the JWKS names an algorithm',
    async (alg) => {
      for (const namesAlgorithm of [true, false]) {
        const other = await startTokenIssuer(namesAlgorithm);
        const token = writtenToken({ alg, kid: 'key-1' }, other.claims(), (input) =>
          alg.startsWith('HS')
            ? createHmac(`sha${alg.slice(2)}`, other.publicPem())
                .update(input)
                .digest()
            : Buffer.alloc(0),
        );
        const [ask, padded] = [container(entry({ issuer: other.issuer })), `${token}AAAA`];
        for (const one of [token, padded]) expect(effectOf(await ask(one))).toBe('Deny');
        await other.close();
      }
    },
  );

  test('one that is a good one with anything in it changed', async () => {
    const ask = container();
    const good = issuer.token();
    const [head, body, signature] = good.split('.');
    const bytes = (text = '') => Buffer.from(text, 'base64').toString('hex');
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.base64String({ maxLength: 8 }), async (at, text) => {
        const changed = good.slice(0, at) + text + good.slice(at + 1);
        const parts = changed.split('.');
        // The last character of a signature has bits that mean nothing.
        fc.pre(parts[0] !== head || parts[1] !== body || bytes(parts[2]) !== bytes(signature));
        expect(effectOf(await ask(changed))).toBe('Deny');
      }),
      { numRuns: 500 },
    );
  });
});

describe('the issuer’s keys', () => {
  test('are read once for many tokens', async () => {
    const ask = container();
    for (const sub of ['a', 'b', 'c']) await ask(issuer.token(issuer.claims({ sub })));
    expect(issuer.readings()).toBe(1);
  });

  test('are read again at once for a key that is new', async () => {
    const ask = container();
    await ask(issuer.token());
    now += 10_000;
    issuer.rotate();
    expect(effectOf(await ask(issuer.token()))).toBe('Allow');
    expect(issuer.readings()).toBe(2);
  });

  test('are not read more than once in 10 s, however many unknown keys tokens name', async () => {
    const ask = container();
    await ask(issuer.token());
    for (let kid = 0; kid < 200; kid += 1) {
      expect(effectOf(await ask(issuer.token(undefined, { kid: `flood-${kid}` })))).toBe('Deny');
      now += 100;
    }
    expect(issuer.readings()).toBeLessThanOrEqual(3);
    expect(effectOf(await ask(issuer.token()))).toBe('Allow');
  });

  test('stop being trusted within an hour after they were withdrawn', async () => {
    const ask = container();
    const token = issuer.token();
    await ask(token);
    issuer.rotate();
    now += hour - 1;
    expect(effectOf(await ask(token))).toBe('Allow');
    now += 1;
    expect(effectOf(await ask(token))).toBe('Deny');
  });

  test('at hand are used while they cannot be read again', async () => {
    const ask = container();
    const token = issuer.token();
    await ask(token);
    issuer.feel('failing');
    now += hour;
    for (let request = 0; request < 5; request += 1) expect(effectOf(await ask(token))).toBe('Allow');
    expect(issuer.readings()).toBe(2);
  });
});

describe.each(['failing', 'silent', 'talking nonsense'] as const)('while the issuer is %s', (mood) => {
  test('nothing is said about a token, so that no verdict is kept; 10 s after it is well the token admits', async () => {
    if (mood === 'silent') timeout = 50;
    const ask = container();
    issuer.feel(mood);
    await expect(ask(issuer.token())).rejects.toThrow('The keys of the issuer cannot be read');
    const readings = issuer.readings();
    await expect(ask(issuer.token())).rejects.toThrow('The keys of the issuer cannot be read');
    expect(issuer.readings()).toBe(readings);
    expect(new Set(reasonSaid())).toEqual(new Set(['jwks_unavailable']));
    issuer.feel('well');
    now += 9_999;
    await expect(ask(issuer.token())).rejects.toThrow();
    now += 1;
    expect(effectOf(await ask(issuer.token()))).toBe('Allow');
  });
});

test('no line and no metric holds anything of a token', async () => {
  const marked = { sub: 'canary-subject', aud: 'app', email: 'canary@example.com' };
  const ask = container();
  const good = issuer.token(issuer.claims(marked));
  const bad = issuer.token(issuer.claims({ ...marked, exp: past() }), { kid: 'canary-kid' });
  for (const token of [good, bad, `${good}x`]) await ask(token);
  const text = JSON.stringify(said);
  expect(said.length).toBeGreaterThan(5);
  expect(text).not.toContain('canary');
  for (const part of [good, bad].flatMap((token) => token.split('.'))) expect(text).not.toContain(part);
});
