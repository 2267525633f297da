import { type ErrorCode, RunError, type TwilioHealth } from '../runtime/errors.ts';
import type { Channel } from './channel.ts';
import { type TwilioErrorRow, twilioErrorTable } from './twilio-error-table.ts';

const template =
  'template_sid must be a template that goes with this service, channel and locale; or leave it out';
const destination =
  'to_phone must be a number in service with its country code, or an address that receives e-mail';

// Twilio's parameters that come from our input, with the sentence that names our field.
const parameterSentences = {
  To: destination,
  Channel: 'channel must be one that this service offers, such as sms',
  Code: 'code must be 4 to 10 letters or digits',
  Locale: 'locale must be a supported language such as en; or leave it out',
  FriendlyName: 'custom_friendly_name must be at most 30 characters, at most 4 of them digits',
  CustomFriendlyName: 'custom_friendly_name must be at most 30 characters, at most 4 of them digits',
  AppHash: 'app_hash must be 11 characters, as the SMS Retriever API makes them',
  TemplateSid: template,
  Amount: 'amount must be the amount of the payment',
  Payee: 'payee must be the payee of the payment',
  DeviceIp: 'device_ip must be a public IPv4 or IPv6 address',
  Tags: 'tags must be an object of at most 10 pairs of text, each at most 128 characters',
  VerificationSid: 'sid must be the sid that the start returned',
} as const;

/** A parameter that Twilio can find fault with; `ServiceSid` also where Twilio writes `(null)`. */
export type TwilioParameter = keyof typeof parameterSentences | 'ServiceSid';

// Anchored, because the text goes on with the value: "to" is found in almost any sentence, and in a person's address.
const namedParameter =
  /^Invalid parameter(?:: ?| )(?:`([A-Za-z]{1,32})`|([A-Za-z]{1,32})|(\(null\)))(?=$|[\s:.,])/;

/** The parameter that the message of a 60200 names. Nothing else of a message may be used: it can hold a number. */
export const parameterOf = (message: string): TwilioParameter | undefined => {
  const [matched, quoted, bare, missing] = namedParameter.exec(message) ?? [];
  if (matched === undefined) return undefined;
  const name = missing === undefined ? (quoted ?? bare ?? '') : 'ServiceSid';
  return name === 'ServiceSid' || Object.hasOwn(parameterSentences, name)
    ? (name as TwilioParameter)
    : undefined;
};

// What a person reads where the catalogue's sentence can be bettered.
const codeSentences: Readonly<Record<number, string>> = {
  21211: destination,
  30005: destination,
  60202: 'Too many wrong codes; wait until this code is no longer valid, then request a new one',
  60203: 'Too many codes were requested; enter the last one, or wait before you request another',
  60204: 'custom_friendly_name is not available here; leave it out',
  60206: 'amount and payee are required by this service; give both',
  60212: 'A code is being sent already; wait a moment before you request another',
  60227: template,
  60228: template,
  60229: template,
  60248: 'custom_friendly_name holds a word that is not allowed; choose another',
  60331: parameterSentences.Locale,
  60408: template,
  60602: 'app_hash goes with the sms channel only',
};

const holds = ({ codes }: TwilioErrorRow, code: number): boolean =>
  typeof codes === 'number' ? codes === code : code >= codes[0] && code <= codes[1];

const statusClasses: Readonly<Record<number, ErrorCode>> = {
  401: 'misconfigured',
  403: 'blocked',
  404: 'no_verification',
  429: 'throttled',
  503: 'upstream_unavailable',
  504: 'upstream_timeout',
};

const unknownMeaning = 'not in the table';

const rowOf = (status: number, code: number | undefined): TwilioErrorRow => {
  const listed = code === undefined ? undefined : twilioErrorTable.find((row) => holds(row, code));
  const error = statusClasses[status] ?? 'upstream_error';
  return (
    listed ?? { codes: code ?? 0, error, status, retry: 'backoff', fixer: 'twilio', meaning: unknownMeaning }
  );
};

/** What may be kept of an answer that is not a success. */
interface RefusalFacts {
  /** The HTTP status. */
  readonly status: number;
  /** Twilio's own code, five digits; undefined where the body held none. */
  readonly code: number | undefined;
  readonly parameter: TwilioParameter | undefined;
  /** Whole seconds, from the Retry-After header. */
  readonly retryAfter: number | undefined;
  /** `RQ` and 32 hex digits: what Twilio's support asks for. */
  readonly requestId: string | undefined;
}

/** Twilio answered, and said no. Holds nothing of the request, and of the answer only what cannot name a person. */
export class TwilioRefusal extends Error {
  readonly status: number;
  readonly code: number | undefined;
  readonly parameter: TwilioParameter | undefined;
  readonly retryAfter: number | undefined;
  readonly row: TwilioErrorRow;

  constructor({ status, code, parameter, retryAfter, requestId }: RefusalFacts) {
    const row = rowOf(status, code);
    const request = requestId === undefined ? '' : `, request ${requestId}`;
    super(`Twilio answered ${status}, code ${code ?? 'none'}${request}: ${row.meaning}`);
    this.name = 'TwilioRefusal';
    this.status = status;
    this.code = code;
    this.parameter = parameter;
    this.retryAfter = retryAfter;
    this.row = row;
  }
}

/** What was asked when Twilio refused. */
export interface RefusedOperation {
  /** What a 404 means: the verification that was asked for does not exist, or the service itself. */
  readonly notFound: 'no_verification' | 'misconfigured';
  /** The channels that may reach the destination instead, in the order to try them; none where left out. */
  readonly alternatives?: readonly Channel[];
  /** Whether the caller asked for a name of its own in the message. */
  readonly named?: boolean;
}

const channelSentence = (alternatives: readonly Channel[]): string =>
  `This channel cannot reach this destination; ${
    alternatives.length === 0
      ? 'use another number or address'
      : `try another channel: ${alternatives.join(', ')}`
  }`;

// What Twilio says to a name in the message that it has not enabled (60204) or does not allow (60248).
const nameRefused = ({ code }: TwilioRefusal, { named }: RefusedOperation): boolean =>
  named === true && (code === 60204 || code === 60248);

const errorOf = (refusal: TwilioRefusal, asked: RefusedOperation): ErrorCode => {
  const { code, parameter, row, status } = refusal;
  const { error } = row;
  if (nameRefused(refusal, asked)) return 'invalid_input';
  if (code === 60200 && parameter === 'ServiceSid') return 'invalid_service';
  return status === 404 && error === 'no_verification' ? asked.notFound : error;
};

const sentenceOf = (
  { code, parameter }: TwilioRefusal,
  error: ErrorCode,
  alternatives: readonly Channel[] | undefined = [],
): string | undefined => {
  if (error === 'channel_unavailable') return channelSentence(alternatives);
  if (code === 60200 && parameter !== undefined && parameter !== 'ServiceSid')
    return parameterSentences[parameter];
  return codeSentences[code ?? 0];
};

// Without a Retry-After header: a verification lives 10 minutes; 60212 lasts while another start is under way.
const defaultRetryAfter = ({ code, row: { error, retry } }: TwilioRefusal): number => {
  if (retry === 'wait') return 600;
  if (code === 60212) return 2;
  return error === 'upstream_unavailable' ? 5 : 1;
};

/** What of a row goes on with the error. */
const factsOf = ({ remember, endsWithVerification, credentialRefused }: TwilioErrorRow) => ({
  ...(remember && { remember }),
  ...(endsWithVerification && { endsWithVerification }),
  ...(credentialRefused && { credentialRefused }),
});

/** A refusal is a healthy answer; an upstream error is one too where Twilio turned the request away with a 4xx. */
const healthBehind = (error: ErrorCode, status: number): TwilioHealth => {
  if (error === 'upstream_error') return isTurnedAway(status) ? 'healthy' : 'failed';
  return error === 'upstream_timeout' || error === 'upstream_unavailable' ? 'failed' : 'healthy';
};

// A 4xx was turned away at the door; behind any other answer the message may be on its way.
const isTurnedAway = (status: number): boolean => status >= 400 && status < 500;

const waits: ReadonlySet<ErrorCode> = new Set(['throttled', 'max_attempts', 'upstream_unavailable']);

/**
 * What a refusal means to our caller. Every 429 and 503 says how long to wait; every error has a reason: `twilio_` and
 * the code, or `twilio_unknown_` and the code or HTTP status, so that what the table lacks is counted.
 */
export const refusedBy = (refusal: TwilioRefusal, operation: RefusedOperation): RunError => {
  const { code, retryAfter, row, status } = refusal;
  const error = errorOf(refusal, operation);
  const sentence = sentenceOf(refusal, error, operation.alternatives);
  return new RunError(error, {
    reason: row.meaning === unknownMeaning ? `twilio_unknown_${code ?? status}` : `twilio_${code}`,
    effect: isTurnedAway(status) ? 'none' : 'unknown',
    twilio: healthBehind(error, status),
    fix: refusal.message,
    ...factsOf(row),
    ...(sentence === undefined ? {} : { sentence }),
    ...(waits.has(error) ? { retryAfter: retryAfter ?? defaultRetryAfter(refusal) } : {}),
  });
};
