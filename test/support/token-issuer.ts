import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { loopbackCertificate } from './loopback-certificate.ts';

/** What the JWKS server does when it is asked. */
type Mood = 'well' | 'failing' | 'silent' | 'talking nonsense';

/** An issuer of tokens on 127.0.0.1, with its JWKS behind TLS. */
export interface TokenIssuer {
  readonly issuer: string;
  readonly jwksUri: string;
  /** How often its keys were read. */
  readings(): number;
  /** The claims of a token that is good for an hour, for the audience `app`, about `user-1`. */
  claims(change?: object): object;
  /** Signs a token with the key at hand, or with another one. */
  token(claims?: object, header?: object, key?: KeyObject): string;
  /** The public key at hand, as PEM. */
  publicPem(): string;
  /** Replaces the key at hand by a new one under a new `kid`. */
  rotate(): void;
  feel(mood: Mood): void;
  close(): Promise<void>;
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token as it is written, whatever signs it. */
export const writtenToken = (
  header: object,
  claims: object,
  signature: (input: string) => Buffer,
): string => {
  const input = `${part(header)}.${part(claims)}`;
  return `${input}.${signature(input).toString('base64url')}`;
};

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

/**
 * Starts an issuer that signs with ES256.
 *
 * @param namesAlgorithm - whether its JWKS says what algorithm the key is for.
 */
export const startTokenIssuer = async (namesAlgorithm = true): Promise<TokenIssuer> => {
  let keys = newKey();
  let kid = 1;
  let mood: Mood = 'well';
  let readings = 0;
  const jwks = () => ({
    keys: [
      {
        ...keys.publicKey.export({ format: 'jwk' }),
        kid: `key-${kid}`,
        ...(namesAlgorithm && { alg: 'ES256', use: 'sig' }),
      },
    ],
  });
  const server = createServer(loopbackCertificate, (_request, response) => {
    readings += 1;
    if (mood === 'silent') return;
    response.statusCode = mood === 'failing' ? 500 : 200;
    response.end(mood === 'talking nonsense' ? '<html>' : JSON.stringify(jwks()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const claims = (change: object = {}) => {
    const now = Math.floor(Date.now() / 1000);
    return { iss: issuer, aud: 'app', sub: 'user-1', iat: now, exp: now + 3600, ...change };
  };
  return {
    issuer,
    jwksUri: `${issuer}/.well-known/jwks.json`,
    readings: () => readings,
    claims,
    token: (given = claims(), header = {}, key = keys.privateKey) =>
      writtenToken({ alg: 'ES256', kid: `key-${kid}`, ...header }, given, (input) =>
        sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }),
      ),
    publicPem: () => keys.publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    rotate: () => {
      keys = newKey();
      kid += 1;
    },
    feel: (next) => {
      mood = next;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
};
