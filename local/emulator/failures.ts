/** An error as Twilio answers it; thrown by operations, turned into a reply by the server. */
export class TwilioFailure extends Error {
  readonly code: number;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: number, status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'TwilioFailure';
    this.code = code;
    this.status = status;
    this.headers = headers;
  }
}

/**
 * HTTP status and message of the error codes that the emulator can answer by itself. Where no capture shows the
 * text, it is the title of Twilio's own error page.
 */
const catalogue: Readonly<Record<number, readonly [status: number, message: string]>> = {
  20003: [401, 'Authenticate'],
  20004: [405, 'Method not allowed'],
  20403: [403, 'Forbidden'],
  20404: [404, 'The requested resource was not found'],
  20429: [429, 'Too many requests'],
  20500: [500, 'An internal server error has occurred'],
  20503: [503, 'Service is unavailable. Please try again'],
  21211: [400, "Invalid 'To' Phone Number"],
  21408: [403, 'Permission to send an SMS has not been enabled for the region'],
  21608: [403, 'The phone number is unverified. Trial accounts cannot send messages to unverified numbers'],
  21610: [400, 'Attempt to send to unsubscribed recipient'],
  21612: [400, "The 'To' phone number is not currently reachable via SMS"],
  21614: [400, "'To' number is not a valid mobile number"],
  60001: [400, 'Downstream authentication failed'],
  60200: [400, 'Invalid parameter'],
  60202: [429, 'Max check attempts reached'],
  60203: [429, 'Max send attempts reached'],
  60204: [403, 'Service does not support this feature'],
  60205: [403, 'SMS is not supported by landline phone number'],
  60206: [400, "'Amount' & 'Payee' params are required"],
  60208: [400, 'A Rate Limit with this UniqueName already exists'],
  60209: [400, 'The UniqueName has invalid characters'],
  60211: [400, 'A Bucket with this Interval already exists'],
  60212: [429, 'Too many concurrent requests for phone number'],
  60214: [400, 'Call channel is not supported for PSD2'],
  60217: [400, 'A Mailer must be associated with the service'],
  60220: [400, 'Use case vetting required for China (+86)'],
  60221: [400, "Either 'To' or 'VerificationSid' is required"],
  60223: [400, 'Delivery channel disabled'],
  60224: [400, 'Template custom substitutions are invalid'],
  60238: [403, 'Verification creation has been blocked by Twilio'],
  60243: [400, 'Custom messages are no longer supported'],
  60410: [
    403,
    'The destination phone number has been temporarily blocked by Twilio due to fraudulent activities.',
  ],
  60602: [400, 'AppHash is only supported for the SMS channel'],
  60605: [403, 'The destination phone number has been blocked by Verify Geo-Permissions.'],
  68008: [400, 'WhatsApp channel is not configured'],
};

/** Whether the emulator knows the HTTP status and message of an error code. */
export const isKnown = (code: number): boolean => Object.hasOwn(catalogue, code);

/**
 * The failure of a known error code.
 *
 * @param detail - replaces the catalogue's message.
 */
export const failure = (code: number, detail?: string, headers?: Record<string, string>): TwilioFailure => {
  const [status, message] = catalogue[code] ?? [400, 'Error'];
  return new TwilioFailure(code, status, detail ?? message, headers);
};

/** 60200 in the form that Twilio uses for every parameter but `To`. */
export const invalidParameter = (name: string): TwilioFailure => failure(60200, `Invalid parameter: ${name}`);

/** 20404 for a path that leads to nothing (any more). */
export const notFound = (path: string): TwilioFailure =>
  failure(20404, `The requested resource ${path} was not found`);

/** The JSON body of a failure. */
export const failureBody = (code: number, status: number, message: string): unknown => ({
  code,
  // The empty `detail` is in the one capture of a 401 and in no other error.
  ...(code === 20003 ? { detail: '' } : {}),
  message,
  more_info: `https://www.twilio.com/docs/errors/${code}`,
  status,
});
