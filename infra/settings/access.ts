import * as v from 'valibot';
import { jsonValue, wholeNumber } from './values.ts';

const role = v.pipe(
  v.string(),
  v.regex(
    /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/,
    'must be the ARN of one role, such as arn:aws:iam::123456789012:role/backend; a whole account belongs into accounts',
  ),
);
const account = v.pipe(v.string(), v.regex(/^\d{12}$/, 'must be an account ID, 12 digits in quotes'));

const principals = {
  roles: v.optional(v.pipe(v.array(role), v.description('ARNs of the roles that may call')), []),
  accounts: v.optional(
    v.pipe(
      v.array(account),
      v.description('IDs of accounts, each of whose administrators decides who of theirs may call'),
    ),
    [],
  ),
};

const httpsAddress = (what: string) =>
  v.pipe(
    v.string(),
    v.check(
      (text) => URL.canParse(text) && /^https:\/\/[^\s?#@]+$/.test(text),
      `must be ${what}: https, without user, query or fragment`,
    ),
  );
const name = v.pipe(
  v.string(),
  v.regex(/^[\w./:-]{1,255}$/, 'must be 1 to 255 letters, digits or _ . / : -'),
);

const issuer = v.strictObject({
  issuer: v.pipe(
    httpsAddress("the issuer's address"),
    v.description('Who signs the tokens: exactly what their iss claim says'),
  ),
  audience: v.pipe(
    v.pipe(v.array(name), v.minLength(1, 'must name at least one audience')),
    v.description('Whom the tokens are for: one of these must be in the audience claim'),
  ),
  audience_claim: v.optional(
    v.pipe(
      v.picklist(['aud', 'client_id']),
      v.description(
        "The claim that holds the audience; client_id for Cognito's access tokens, which have no aud",
      ),
    ),
    'aud',
  ),
  jwks_uri: v.optional(
    v.pipe(
      httpsAddress('the address of a JWKS'),
      v.description("Where the issuer's keys are; left out, .well-known/jwks.json under the issuer"),
    ),
  ),
  identity_claim: v.optional(
    v.pipe(
      v.nullable(name),
      v.description(
        'The claim that tells one user from another, for the limits by identity; null where a token tells of an app or device only, as with Firebase App Check',
      ),
    ),
    'sub',
  ),
});

const token = v.strictObject({
  mode: v.literal('token'),
  issuers: v.pipe(
    v.array(issuer),
    v.minLength(1, 'must name at least one issuer'),
    v.description('The issuers whose tokens admit'),
  ),
  header: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[A-Za-z][A-Za-z-]{0,63}$/, 'must be the name of a header'),
      v.description(
        'The header that holds the token, after Bearer or alone; X-Firebase-AppCheck for App Check',
      ),
    ),
    'Authorization',
  ),
  cache_seconds: v.optional(
    v.pipe(
      wholeNumber(0, 3_600),
      v.description(
        'Seconds for which a verdict on a token is kept, so also how long one may outlive its expiry',
      ),
    ),
    300,
  ),
});

/** Who may call: over HTTP, and by direct invoke. */
export const accessSettings = {
  access: v.optional(
    v.pipe(
      jsonValue,
      v.variant('mode', [
        v.strictObject({ mode: v.literal('public') }),
        v.strictObject({ mode: v.literal('iam'), ...principals }),
        token,
      ]),
      v.description(
        'Who may call over HTTP, by its mode: anybody (public), signed requests (iam) or bearers of a token (token)',
      ),
    ),
    { mode: 'public' },
  ),
  callers: v.optional(
    v.pipe(
      jsonValue,
      v.strictObject(principals),
      v.description(
        'Who of other accounts and services may invoke the functions directly, by the alias live',
      ),
    ),
    {},
  ),
};

const accessSchema = v.strictObject(accessSettings);

/** The part of the settings that says who may call. */
export type AccessSettings = v.InferOutput<typeof accessSchema>;

/** The token mode's part of it. */
export type TokenAccess = Extract<AccessSettings['access'], { mode: 'token' }>;
