import type { Channel } from './channel.ts';
import type { Destination } from './destination.ts';

declare const serviceSidBrand: unique symbol;
/** A Verify service that this deployment may use: `VA` and 32 hex digits. */
export type ServiceSid = string & { readonly [serviceSidBrand]: true };

/** Picks the Verify service a request is for, from those the secret configures. */
export interface ServiceDirectory {
  /**
   * The service to use: the one asked for, else the configured default.
   *
   * @throws RunError `invalid_input` where none is configured and none was given, `invalid_service` where the
   *   one given is not configured, `misconfigured` where the secret cannot be read.
   */
  resolve(requested: string | undefined): Promise<ServiceSid>;
}

/** The texts that a send may carry as Twilio's SDK names them. What is not listed, such as RiskCheck, never reaches Twilio. */
export const sendOptions = [
  'appHash',
  'customFriendlyName',
  'templateSid',
  'amount',
  'payee',
  // The public IP address of the user's device.
  'deviceIp',
] as const;

/** The name of such a text. */
export type SendOption = (typeof sendOptions)[number];

/** A send, with the options that Twilio documents for creating a verification. */
export interface StartRequest extends Readonly<Partial<Record<SendOption, string | undefined>>> {
  readonly service: ServiceSid;
  readonly destination: Destination;
  readonly channel: Channel;
  /** A language tag. Left out on a second try where the provider does not speak it. */
  readonly locale?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** A verification that waits for its code. */
export interface Started {
  /** `VE` and 32 hex digits; the same on a resend. */
  readonly sid: string;
  /** Milliseconds since the epoch at which the verification was first started; a resend does not move it. */
  readonly createdAt: number;
}

/** A code to judge. */
export interface CheckRequest {
  readonly service: ServiceSid;
  readonly destination: Destination;
  readonly code: string;
  readonly amount?: string | undefined;
  readonly payee?: string | undefined;
}

/** What the provider says of a code. */
export interface Checked {
  readonly sid: string;
  readonly approved: boolean;
}

/**
 * The verification provider. Every failure is a `RunError`; one whose `effect` is `unknown` may have sent a
 * message or spent a check all the same.
 */
export interface VerifyProvider {
  /** Sends a code, or sends the same code again while a verification is pending. At most one message a call. */
  start(request: StartRequest): Promise<Started>;
  /** Judges a code. A wrong code is an answer, not a failure. */
  check(request: CheckRequest): Promise<Checked>;
  /** Proves that the credential works and the service exists; sends nothing. */
  probe(service: ServiceSid): Promise<void>;
}
