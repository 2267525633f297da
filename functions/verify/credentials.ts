import type { ServiceSid } from './provider.ts';

/** What the Twilio secret holds, once checked. Never logged. */
export interface TwilioSecret {
  /** `AC` and 32 hex digits. */
  readonly accountSid: string;
  /** The account SID with the auth token, or an API key's `SK…` SID with its secret. */
  readonly username: string;
  readonly password: string;
  /** The Verify services that may be used, the default one first; empty where callers name their own. */
  readonly services: readonly ServiceSid[];
}

/** The Twilio secret, kept up to date. Every failure is a `RunError` `misconfigured` that names the key that lacks. */
export interface TwilioSecrets {
  /** The secret, from the cache while it is fresh. */
  current(): Promise<TwilioSecret>;
  /**
   * The secret that replaced one which Twilio refused, or undefined where it has not changed. Callers whose secret
   * was refused at the same time share one fetch.
   */
  replacementOf(refused: TwilioSecret): Promise<TwilioSecret | undefined>;
}
