import type { ThrownPlace } from '../privacy/thrown-place.ts';

/** Every line the service can log: a stable name, its level and its sentence. */
export const logCatalogue = {
  request_answered: { level: 'info', sentence: 'A request was answered' },
  request_refused: { level: 'info', sentence: 'A request was refused' },
  upstream_failed: { level: 'warn', sentence: 'A request failed for want of a service this one stands on' },
  operator_needed: { level: 'error', sentence: 'A request failed for a reason that the operator must fix' },
  guard_decision: { level: 'info', sentence: 'The guard decided on a request' },
  breaker_changed: { level: 'warn', sentence: 'The circuit breaker over Twilio changed' },
  budget_mark: { level: 'warn', sentence: 'A part of a daily budget is spent' },
  store_failed: {
    level: 'error',
    sentence: 'The table failed; the reason says which requests went on without the guard, or did not',
  },
  lookup_failed: {
    level: 'warn',
    sentence: 'The type of a line could not be learnt; its number passed for that',
  },
  secret_renewed: { level: 'info', sentence: 'Twilio refused the secret and a newer one was found' },
  secret_stale: {
    level: 'warn',
    sentence: 'The secret could not be read again; the one at hand is still used',
  },
  canary_passed: { level: 'info', sentence: 'The canary got the answers that it should through the gateway' },
  canary_failed: {
    level: 'error',
    sentence: 'The canary got no answer, or a wrong one, through the gateway',
  },
  rotation_step_done: { level: 'info', sentence: 'A step of the rotation of a secret is done' },
  rotation_failed: {
    level: 'error',
    sentence: 'A step of the rotation of a secret failed; the secret in use still works',
  },
  rotation_foreign_key: {
    level: 'warn',
    sentence: 'An API key went out of use that rotation did not make and therefore never deletes',
  },
} as const satisfies Record<string, { level: 'info' | 'warn' | 'error'; sentence: string }>;

/** The name of a log line. */
export type LogEvent = keyof typeof logCatalogue;

/** What a log line may carry: names, codes and measures, never anything that a caller wrote. */
export interface LogFields {
  readonly function?: string | undefined;
  readonly request_id?: string | undefined;
  readonly caller?: 'http' | 'direct' | 'canary' | undefined;
  /** A step of a rotation or of the gateway's canary, such as `createSecret` or `right_code`. */
  readonly step?: string | undefined;
  /** A code of the error catalogue. */
  readonly code?: string | undefined;
  /** A stable token that says why, such as `twilio_20003`. */
  readonly reason?: string | undefined;
  /** What the operator can do. */
  readonly fix?: string | undefined;
  /** Milliseconds. */
  readonly duration?: number | undefined;
  /** A decision of the guard: codes, counts and hashes, which a dry run decides on again. */
  readonly decision?:
    | Readonly<Record<string, string | number | boolean | null | readonly string[]>>
    | undefined;
  /** The estimated cost of a message that went out or may have, in the policy's currency. */
  readonly cost?: number | undefined;
  /** Of a failure nobody foresaw: its kind and where it was thrown. */
  readonly thrown?: ThrownPlace | undefined;
}

/** Writes a line of the catalogue. */
export type Log = (event: LogEvent, fields: LogFields) => void;
