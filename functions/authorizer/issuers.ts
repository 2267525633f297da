import { isRecord } from '../runtime/inputs.ts';

/** One issuer whose tokens admit, as the settings describe it. */
export interface Issuer {
  readonly issuer: string;
  /** One of these must be in the audience claim. */
  readonly audience: readonly string[];
  readonly audience_claim: 'aud' | 'client_id';
  /** Absent: `.well-known/jwks.json` under the issuer. */
  readonly jwks_uri?: string;
  /** The claim that tells one user from another; null where the tokens tell of an app only. */
  readonly identity_claim: string | null;
}

/**
 * Reads the issuers as the stack writes them, from its checked settings, into the authorizer's environment.
 *
 * @throws Error where it is no list of objects.
 */
export const parseIssuers = (text: string | undefined): readonly Issuer[] => {
  const issuers: unknown = JSON.parse(text ?? 'null');
  if (Array.isArray(issuers) && issuers.length > 0 && issuers.every(isRecord))
    return issuers as unknown as readonly Issuer[];
  throw new Error('TOKEN_ISSUERS must be the list of issuers that the stack writes');
};
