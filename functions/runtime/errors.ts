import type { Hints } from './envelope.ts';

/** What one error code means to a caller and to an operator. */
interface ErrorEntry {
  /** The HTTP status of the reply. */
  readonly status: number;
  /**
   * The sentence a person reads, saying what to do next. `null` where the caller can do nothing about it:
   * then the run function's own `failure` sentence is used.
   */
  readonly sentence: string | null;
}

/** The one catalogue of failures: every code a caller can see in `Verify-Error`, and what it stands for. */
export const errorCatalogue = {
  invalid_input: {
    status: 400,
    sentence: 'The input is not valid; correct it and try again',
  },
  invalid_service: {
    status: 400,
    sentence: 'service_sid is not a service of this deployment; leave it out or use a configured one',
  },
  blocked: {
    status: 403,
    sentence: 'A code cannot be sent there; use another number or address, or contact support',
  },
  forbidden: {
    status: 403,
    sentence: 'This function is not open to this caller; use a signed request or invoke it directly',
  },
  no_verification: {
    status: 404,
    sentence: 'No verification is waiting for a code here; request a new code',
  },
  method: { status: 405, sentence: 'Use POST with a JSON body' },
  already_used: {
    status: 409,
    sentence: 'This verification is already complete; request a new code to verify again',
  },
  expired: { status: 410, sentence: 'This code is no longer valid; request a new one' },
  too_large: { status: 413, sentence: 'The body is too large; send at most 8 KiB of JSON' },
  media_type: {
    status: 415,
    sentence: 'Send the body as application/json in UTF-8',
  },
  channel_unavailable: {
    status: 422,
    sentence: 'This channel cannot reach this destination; try another channel',
  },
  throttled: { status: 429, sentence: 'Too many requests; wait a moment and try again' },
  max_attempts: {
    status: 429,
    sentence: 'Too many attempts with this verification; wait, then request a new code',
  },
  misconfigured: { status: 500, sentence: null },
  upstream_error: { status: 502, sentence: null },
  upstream_unavailable: { status: 503, sentence: null },
  store_unavailable: { status: 503, sentence: null },
  upstream_timeout: { status: 504, sentence: null },
} as const satisfies Record<string, ErrorEntry>;

/** A code of the catalogue, as sent in the `Verify-Error` header. */
export type ErrorCode = keyof typeof errorCatalogue;

/** What may accompany a {@link RunError}; nothing in it may hold a number, address, code or secret. */
export interface RunErrorDetails {
  /** Replaces the catalogue's sentence: safe to show, names the field and the fix. */
  readonly sentence?: string;
  /** Whole seconds until the same request would be admitted. */
  readonly retryAfter?: number;
  /** The name of our limit that said no, for `Verify-Limit`. */
  readonly limit?: string;
  /** A stable token for logs and metrics, such as `twilio_20003`; never shown to a caller. */
  readonly reason?: string;
  /** A sentence for the operator's log that says what to fix; never shown to a caller. */
  readonly fix?: string;
  /**
   * Whether the refused operation may nevertheless have happened upstream: `unknown` after a timeout or a cut
   * connection, else `none`. Decides whether a reserved budget is given back.
   */
  readonly effect?: 'none' | 'unknown';
  /** What the caller can do next, where it is known even though the request failed. */
  readonly hints?: Hints;
  /** What the failure says of Twilio's health; absent where Twilio was not asked or another part failed. */
  readonly twilio?: TwilioHealth;
  /** What Twilio refuses for a while, so that it need not be asked again meanwhile. */
  readonly remember?: Remembered;
  /** Whether the wait ends when the verification does. */
  readonly endsWithVerification?: true;
  /** Whether the pumping breaker refused. */
  readonly pumping?: true;
  /** Whether others kept writing the same item first, which is no outage. */
  readonly contended?: true;
  /** Whether Twilio refused the credential itself. */
  readonly credentialRefused?: true;
  /** The failure underneath, for logs only, already free of personal data. */
  readonly cause?: unknown;
}

/** What one call says of Twilio: a refusal is a healthy answer. */
export type TwilioHealth = 'healthy' | 'failed';

/** Whom Twilio refuses for a while: a recipient that replied STOP, or the range of a number that Fraud Guard blocks. */
export type Remembered = 'recipient' | 'range';

/** Why a request is refused, as data: rules return it, and only the code that runs the request throws it. */
export interface Refusal extends RunErrorDetails {
  readonly code: ErrorCode;
}

/** A failure that was foreseen: it becomes an envelope and, over HTTP, the catalogue's status. */
export class RunError extends Error {
  readonly code: ErrorCode;
  readonly details: RunErrorDetails;

  constructor(code: ErrorCode, details: RunErrorDetails = {}) {
    super(code, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'RunError';
    this.code = code;
    this.details = details;
  }
}

/** The error that a refusal is thrown as. */
export const errorOf = ({ code, ...details }: Refusal): RunError => new RunError(code, details);

/** Whether a failed operation surely had no effect: then what was reserved for it is given back. */
export const hadNoEffect = (thrown: unknown): boolean =>
  thrown instanceof RunError && thrown.details.effect !== 'unknown';
