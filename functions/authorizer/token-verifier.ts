import { assertStringArraysOverlap } from 'aws-jwt-verify/assert';
import {
  JwtExpiredError,
  JwtInvalidAudienceError,
  JwtInvalidIssuerError,
  JwtInvalidSignatureAlgorithmError,
  JwtInvalidSignatureError,
  JwtNotBeforeError,
  JwtParseError,
  KidNotFoundInJwksError,
  ParameterValidationError,
} from 'aws-jwt-verify/error';
import { JwtVerifier } from 'aws-jwt-verify/jwt-verifier';
import type { Issuer } from './issuers.ts';
import { type JwksKeeper, KeysUnavailable } from './jwks-keeper.ts';

/** How far the clocks of an issuer and of Lambda may differ, in seconds. */
const graceSeconds = 10;

/** What a token proved: who is asking, or why it does not admit. */
export type Verdict =
  /** `identity` tells one user from another, across issuers; undefined where the tokens tell of an app only. */
  | { readonly admitted: true; readonly identity: string | undefined }
  /** A stable word for the log. */
  | { readonly admitted: false; readonly reason: string };

/** A token whose header asks for an extension. */
class CriticalHeader extends Error {}

// By class and not by name: names do not outlive the bundler.
const reasons = [
  [JwtExpiredError, 'token_expired'],
  [JwtNotBeforeError, 'token_early'],
  [JwtInvalidAudienceError, 'token_audience'],
  [JwtInvalidIssuerError, 'token_issuer'],
  // The library says so of a token whose issuer is none of several.
  [ParameterValidationError, 'token_issuer'],
  [JwtInvalidSignatureAlgorithmError, 'token_algorithm'],
  [JwtInvalidSignatureError, 'token_signature'],
  [KidNotFoundInJwksError, 'token_key_unknown'],
  [JwtParseError, 'token_malformed'],
  [CriticalHeader, 'token_critical'],
] as const;

const reasonOf = (thrown: unknown): string =>
  reasons.find(([kind]) => thrown instanceof kind)?.[1] ?? 'token_invalid';

type Payload = Readonly<Record<string, unknown>>;

const verifierProperties = ({ issuer, audience, audience_claim: claim, jwks_uri: jwksUri }: Issuer) => ({
  issuer,
  audience: claim === 'aud' ? [...audience] : null,
  graceSeconds,
  ...(jwksUri !== undefined && { jwksUri }),
  customJwtCheck: ({ header, payload }: { header: object; payload: Payload & { readonly exp?: number } }) => {
    // RFC 7515, 4.1.11: who does not understand what is named there must refuse, and no extension is understood here.
    if (Object.hasOwn(header, 'crit')) throw new CriticalHeader();
    // The library takes a token without an expiry for one that never expires.
    if (payload.exp === undefined) throw new JwtExpiredError('The token has no expiry', undefined);
    if (claim === 'client_id')
      assertStringArraysOverlap('Client', payload['client_id'], [...audience], JwtInvalidAudienceError);
  },
});

/**
 * Makes the check of tokens: signature, issuer, audience, time and, where one is asked for, the claim that tells who
 * the user is.
 *
 * @returns the check, which throws KeysUnavailable where nothing can be said because an issuer's keys are out of reach.
 */
export const createTokenVerifier = (issuers: readonly Issuer[], keys: JwksKeeper) => {
  const verifier = JwtVerifier.create(issuers.map(verifierProperties), { jwksCache: keys });
  const claims = new Map(issuers.map(({ issuer, identity_claim }) => [issuer, identity_claim]));

  const verdictOn = (payload: Payload): Verdict => {
    const issuer = String(payload['iss']);
    const claim = claims.get(issuer) ?? null;
    if (claim === null) return { admitted: true, identity: undefined };
    const value = payload[claim];
    // A subject is unique under its issuer only.
    return typeof value === 'string' && value !== ''
      ? { admitted: true, identity: `${issuer}|${value}` }
      : { admitted: false, reason: 'token_without_identity' };
  };

  return async (token: string): Promise<Verdict> => {
    try {
      return verdictOn(await verifier.verify(token));
    } catch (thrown) {
      if (thrown instanceof KeysUnavailable) throw thrown;
      // All else is the token's doing, also what Node's crypto throws at a signature of the wrong length.
      return { admitted: false, reason: reasonOf(thrown) };
    }
  };
};
