import type { ErrorCode, Remembered } from '../runtime/errors.ts';

/** What a class of Twilio's codes means to us. */
interface TwilioErrorClass {
  readonly error: ErrorCode;
  /** When a repeat can succeed. `backoff`: the same request, soon; `wait`: the same request, much later; `other`: only with another channel. */
  readonly retry: 'no' | 'backoff' | 'wait' | 'other';
  /** Who can fix it. */
  readonly fixer: 'caller' | 'user' | 'operator' | 'twilio';
}

/** One code of Twilio's, or a run of codes that mean the same. */
interface TwilioCode {
  readonly codes: number | readonly [first: number, last: number];
  /** Twilio's HTTP status; null where the code is never that of a reply (a delivery's, an SDK's), or its status is not known. */
  readonly status: number | null;
  readonly meaning: string;
  readonly remember?: Remembered;
  readonly endsWithVerification?: true;
  readonly credentialRefused?: true;
}

/** What we know of a code of Twilio's. */
export interface TwilioErrorRow extends TwilioErrorClass, TwilioCode {}

const rowsOf = (shared: TwilioErrorClass, rows: readonly TwilioCode[]): readonly TwilioErrorRow[] =>
  rows.map((row) => ({ ...shared, ...row }));

/**
 * Every code that we know, one row each, by class and by number within it. Source:
 * https://www.twilio.com/docs/api/errors, and what Twilio was seen to answer.
 */
export const twilioErrorTable: readonly TwilioErrorRow[] = [
  ...rowsOf({ error: 'misconfigured', retry: 'no', fixer: 'operator' }, [
    {
      codes: 20003,
      status: 401,
      meaning: 'Credential wrong, deleted, or of another account or region',
      credentialRefused: true,
    },
    { codes: 20008, status: 403, meaning: 'Test credentials do not work with Verify' },
    { codes: 20403, status: 403, meaning: 'The API key lacks the permission' },
    { codes: 21608, status: 403, meaning: 'Trial account, and the number is not a verified caller ID' },
    { codes: 30002, status: null, meaning: 'Account suspended after the message was queued' },
    { codes: 30022, status: null, meaning: 'A2P 10DLC rate exceeded' },
    { codes: 30032, status: null, meaning: 'Toll-free sender not verified' },
    { codes: 30034, status: null, meaning: 'The 10DLC sender is not registered' },
    { codes: 60201, status: 400, meaning: 'The translation of the template is not approved' },
    { codes: 60204, status: 403, meaning: 'A feature that is not enabled on this service' },
    { codes: 60207, status: 400, meaning: 'Too many rate limits on the service' },
    { codes: 60208, status: 400, meaning: 'A rate limit of that name exists' },
    { codes: 60209, status: 400, meaning: 'Bad characters in the name of a rate limit' },
    { codes: 60210, status: 400, meaning: 'Too many buckets' },
    { codes: 60211, status: 400, meaning: 'A bucket with that interval exists' },
    { codes: 60213, status: 400, meaning: 'The country has a messaging configuration already' },
    { codes: 60215, status: 400, meaning: 'Too many mailers' },
    { codes: 60217, status: 400, meaning: 'The service has no e-mail integration' },
    { codes: 60218, status: 400, meaning: 'The SendGrid template is inactive' },
    { codes: 60219, status: 400, meaning: 'The SendGrid template lacks placeholders' },
    { codes: 60220, status: 400, meaning: 'China needs a vetted use case' },
    { codes: 60222, status: 403, meaning: 'The SendGrid sender is not verified' },
    { codes: 60225, status: 409, meaning: 'The translation exists already' },
    { codes: 60226, status: 400, meaning: 'China needs a friendly name' },
    {
      codes: [60230, 60235],
      status: 400,
      meaning: 'Brandless template missing, or sender ID administration',
    },
    { codes: 60236, status: 400, meaning: 'The domain of the e-mail sender cannot be derived' },
    { codes: 60237, status: 400, meaning: 'The domain of the e-mail sender is not allowed' },
    { codes: 60239, status: null, meaning: 'Warning: own templates are not enabled; the default was sent' },
    { codes: 60240, status: 400, meaning: 'The country allows no templates' },
    { codes: 60241, status: 400, meaning: 'The country requires a static message' },
    { codes: 60246, status: 409, meaning: 'A service of that name exists' },
    { codes: 60248, status: 400, meaning: 'The friendly name has a restricted word' },
    { codes: 60250, status: 400, meaning: 'Registration for Australia is missing' },
    { codes: 60313, status: 403, meaning: 'Factors may not be created' },
    { codes: 60325, status: null, meaning: 'Warning: template, locale or brand was substituted' },
    { codes: 60327, status: null, meaning: 'Warning: template, locale or brand was substituted' },
    { codes: 60330, status: 400, meaning: 'The webhook could not be called' },
    { codes: [60333, 60335], status: null, meaning: 'Warning: template, locale or brand was substituted' },
    { codes: 60409, status: null, meaning: 'Warning: no approved template matched' },
    { codes: 60601, status: null, meaning: 'Canadian lookups need authorization' },
    { codes: 60603, status: 401, meaning: 'SendGrid credits exhausted' },
    { codes: 60604, status: 401, meaning: 'The SendGrid key may not send' },
    { codes: [60606, 60607], status: null, meaning: 'Lookup package not enabled or not supported' },
    { codes: [60609, 60612], status: null, meaning: 'Lookup package: quota, number type or region' },
    { codes: [60614, 60615], status: null, meaning: 'Lookup package: quota, number type or region' },
    { codes: [60617, 60621], status: null, meaning: 'Lookup package: parameters or SIM swap data' },
    { codes: 60699, status: null, meaning: 'Lookup is disabled on the account' },
    { codes: [60700, 60728], status: null, meaning: 'Branded calls, unrelated to Verify' },
  ]),
  ...rowsOf({ error: 'misconfigured', retry: 'wait', fixer: 'operator' }, [
    { codes: 60245, status: 429, meaning: 'SendGrid sending limit exceeded' },
  ]),
  ...rowsOf({ error: 'invalid_input', retry: 'no', fixer: 'caller' }, [
    { codes: 60200, status: 400, meaning: 'A parameter is not valid' },
    { codes: 60206, status: 400, meaning: 'PSD2 service, and amount or payee is missing' },
    { codes: 60221, status: 400, meaning: 'A check with neither destination nor sid' },
    { codes: 60224, status: 400, meaning: 'Template substitutions are missing or not JSON' },
    { codes: 60227, status: 400, meaning: 'The template does not support the channel' },
    { codes: 60228, status: 400, meaning: 'No such template' },
    { codes: 60229, status: 400, meaning: 'The template has no such translation' },
    { codes: 60243, status: 400, meaning: 'Custom messages are no longer supported' },
    { codes: 60244, status: null, meaning: 'Warning: the custom message became the default template' },
    { codes: 60247, status: 400, meaning: 'The message is longer than 500 characters' },
    { codes: 60300, status: 400, meaning: 'Malformed parameter' },
    { codes: 60301, status: 409, meaning: 'The entity exists already' },
    { codes: 60302, status: 400, meaning: 'The entity has a factor of this type' },
    { codes: 60303, status: null, meaning: 'The body of the batch deletion is not valid' },
    { codes: 60304, status: null, meaning: 'The entity exists already' },
    { codes: 60305, status: 400, meaning: 'Parameters of the access token are not valid' },
    { codes: 60306, status: 400, meaning: 'SIDs, identity, factor, challenge or webhook are not valid' },
    { codes: 60307, status: null, meaning: 'The factor has no push platform' },
    { codes: 60314, status: 400, meaning: 'The push binding is not valid' },
    { codes: 60315, status: 400, meaning: 'Too many factors on the entity' },
    { codes: 60317, status: 409, meaning: 'The same factor exists' },
    { codes: 60331, status: 400, meaning: 'The locale is not spoken on a call' },
    { codes: [60361, 60388], status: 400, meaning: 'A field of a passkey or another factor is not valid' },
    { codes: [60401, 60407], status: null, meaning: 'Error of the push SDK on the phone' },
    { codes: 60408, status: 400, meaning: 'The template does not go with the channel' },
    { codes: 60411, status: 400, meaning: 'On the Safe List already' },
    {
      codes: [60420, 60430],
      status: 400,
      meaning: 'Contact, recipient, channel or content type is not valid',
    },
    { codes: [60432, 60441], status: 400, meaning: 'Contact, recipient or content type is not valid' },
    { codes: 60602, status: 400, meaning: 'An app hash goes with SMS only' },
    { codes: 60622, status: null, meaning: "Not one of Lookup's test numbers" },
    { codes: [68001, 68007], status: null, meaning: 'Error of the push SDK on the phone' },
  ]),
  ...rowsOf({ error: 'invalid_input', retry: 'no', fixer: 'user' }, [
    { codes: 21211, status: 400, meaning: 'Not a valid number' },
    { codes: 30005, status: null, meaning: 'Unknown or inactive number' },
    { codes: 60311, status: 403, meaning: 'The proof of the factor is wrong' },
    { codes: 60318, status: 403, meaning: 'The factor is not verified' },
    { codes: 60324, status: 403, meaning: 'The answer to the challenge is wrong' },
    { codes: 60535, status: null, meaning: 'The factor is not verified' },
    { codes: 60540, status: null, meaning: 'The carrier says that the number is not valid' },
    { codes: 60600, status: 404, meaning: 'Number unprovisioned or out of coverage' },
  ]),
  ...rowsOf({ error: 'blocked', retry: 'no', fixer: 'operator' }, [
    { codes: 21215, status: 403, meaning: 'Voice geo-permission is off for the country' },
    { codes: 21216, status: 403, meaning: 'On the voice block list' },
    { codes: 21408, status: 403, meaning: 'Messaging geo-permission is off for the country' },
    { codes: 30007, status: null, meaning: 'Filtered by Twilio or the carrier' },
    { codes: 60238, status: 403, meaning: 'Account under review, or a sanctioned destination' },
    { codes: 60605, status: 403, meaning: 'Verify geo-permission is off for the country' },
  ]),
  ...rowsOf({ error: 'blocked', retry: 'no', fixer: 'user' }, [
    { codes: 21610, status: 400, meaning: 'The recipient replied STOP', remember: 'recipient' },
    { codes: 60412, status: 403, meaning: 'Fraudulent signup prevention' },
    { codes: 60413, status: 403, meaning: 'Device intelligence' },
  ]),
  ...rowsOf({ error: 'blocked', retry: 'wait', fixer: 'operator' }, [
    { codes: 30450, status: null, meaning: 'SMS pumping block of 15 to 30 minutes' },
    {
      codes: 60410,
      status: 403,
      meaning: 'Fraud Guard blocked the prefix for 12 hours',
      remember: 'range',
    },
  ]),
  ...rowsOf({ error: 'no_verification', retry: 'no', fixer: 'caller' }, [
    { codes: [60390, 60392], status: 404, meaning: 'Factor, challenge or entity not found' },
    { codes: 60431, status: 404, meaning: 'Verification not found' },
    { codes: 60623, status: 404, meaning: 'Lookup: no such verification' },
  ]),
  ...rowsOf({ error: 'no_verification', retry: 'no', fixer: 'user' }, [
    // On a start or a fetch of the service it means that the service does not exist: see `refusedBy`.
    { codes: 20404, status: 404, meaning: 'No verification is pending, or no such service' },
  ]),
  ...rowsOf({ error: 'already_used', retry: 'no', fixer: 'user' }, [
    { codes: 60322, status: 403, meaning: 'The challenge was answered' },
  ]),
  ...rowsOf({ error: 'expired', retry: 'no', fixer: 'user' }, [
    { codes: 60323, status: 403, meaning: 'The challenge expired' },
  ]),
  ...rowsOf({ error: 'channel_unavailable', retry: 'other', fixer: 'caller' }, [
    { codes: 60214, status: 400, meaning: 'A PSD2 service does not call' },
    { codes: 60329, status: 400, meaning: 'A PSD2 service does not offer silent network auth' },
  ]),
  ...rowsOf({ error: 'channel_unavailable', retry: 'other', fixer: 'operator' }, [
    { codes: [60001, 60008], status: null, meaning: 'Silent network auth failed at account or carrier' },
    { codes: 60223, status: 400, meaning: 'The channel is disabled on the service' },
    { codes: 60242, status: 400, meaning: 'No approved WhatsApp template' },
    { codes: 60550, status: 400, meaning: 'No channel could be chosen' },
    { codes: 68008, status: 400, meaning: 'WhatsApp is not configured' },
  ]),
  ...rowsOf({ error: 'channel_unavailable', retry: 'other', fixer: 'twilio' }, [
    { codes: [60510, 60511], status: null, meaning: 'Silent network auth failed' },
    { codes: 60517, status: null, meaning: 'Silent network auth failed' },
    { codes: 60520, status: null, meaning: 'Silent network auth failed' },
    { codes: [60533, 60534], status: null, meaning: 'Silent network auth failed' },
  ]),
  ...rowsOf({ error: 'channel_unavailable', retry: 'other', fixer: 'user' }, [
    { codes: 21612, status: 400, meaning: 'Not reachable by SMS from this sender' },
    { codes: 21614, status: 400, meaning: 'Not a mobile number' },
    { codes: 30003, status: null, meaning: 'Handset off or without signal' },
    { codes: 30004, status: null, meaning: 'The recipient or carrier blocks the message' },
    { codes: 30006, status: null, meaning: 'Landline or unreachable carrier' },
    { codes: 60205, status: 403, meaning: 'SMS to a landline' },
    { codes: 60500, status: null, meaning: "The number is not the SIM's" },
    { codes: [60531, 60532], status: null, meaning: 'Carrier not detected, or two SIMs' },
    { codes: 63024, status: null, meaning: 'The recipient has no WhatsApp' },
    { codes: 63036, status: null, meaning: 'The recipient has no RCS' },
  ]),
  ...rowsOf({ error: 'throttled', retry: 'backoff', fixer: 'caller' }, [
    { codes: 20429, status: 429, meaning: 'Account concurrency or a Service Rate Limit' },
    { codes: 25109, status: 429, meaning: 'Verify burst limit' },
    { codes: 60212, status: 429, meaning: 'Another start for this destination is under way' },
    { codes: 60328, status: 429, meaning: 'Too many entities in a second' },
    { codes: 60519, status: null, meaning: 'The result of silent network auth is pending' },
    { codes: 60626, status: 429, meaning: 'The same number was looked up too often' },
  ]),
  ...rowsOf({ error: 'throttled', retry: 'backoff', fixer: 'operator' }, [
    { codes: 30001, status: null, meaning: 'Sender queue overflow' },
    { codes: 60616, status: null, meaning: 'Lookup rate limit' },
    { codes: 60624, status: 429, meaning: "Lookup's trial limit" },
  ]),
  ...rowsOf({ error: 'throttled', retry: 'wait', fixer: 'caller' }, [
    { codes: 60326, status: 429, meaning: 'Too many factors of the entity in a day' },
  ]),
  ...rowsOf({ error: 'throttled', retry: 'wait', fixer: 'user' }, [
    { codes: 60203, status: 429, meaning: 'Five sends used up', endsWithVerification: true },
    { codes: 60312, status: 429, meaning: 'Too many challenges of the factor' },
  ]),
  ...rowsOf({ error: 'max_attempts', retry: 'wait', fixer: 'user' }, [
    { codes: 60202, status: 429, meaning: 'Five checks used up', endsWithVerification: true },
    { codes: 60308, status: 429, meaning: 'Five TOTP attempts at the challenge used up' },
    { codes: 60309, status: 429, meaning: 'Three push notifications used up' },
    { codes: 60310, status: 429, meaning: 'Five TOTP attempts at the factor used up' },
  ]),
  ...rowsOf({ error: 'upstream_error', retry: 'backoff', fixer: 'caller' }, [
    { codes: 20409, status: 409, meaning: 'The resource was changed at the same time' },
  ]),
  ...rowsOf({ error: 'upstream_error', retry: 'backoff', fixer: 'twilio' }, [
    { codes: 20500, status: 500, meaning: 'Internal error' },
    { codes: 30008, status: null, meaning: 'Unknown delivery error' },
    { codes: 30410, status: null, meaning: 'Provider timeout' },
    { codes: 60216, status: null, meaning: 'The key of the e-mail integration could not be decrypted' },
    { codes: 60608, status: null, meaning: "Lookup's provider failed" },
    { codes: 60613, status: null, meaning: 'Lookup is degraded' },
  ]),
  ...rowsOf({ error: 'upstream_unavailable', retry: 'backoff', fixer: 'twilio' }, [
    { codes: 20503, status: 503, meaning: 'Service unavailable' },
  ]),
];
