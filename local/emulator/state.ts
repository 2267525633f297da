import type { Fault } from './control/faults.ts';
import type { Settings } from './control/settings.ts';

/** An API key. Times are milliseconds since the epoch. */
export interface Key {
  readonly sid: string;
  readonly secret: string;
  /** A Main key may manage keys; only Twilio's Console makes one. */
  readonly main: boolean;
  readonly createdAt: number;
  updatedAt: number;
  friendlyName: string;
  /** The permissions of a restricted key, kept but not enforced; null for others. */
  policy: unknown;
}

/** What opens the account. */
export interface Credentials {
  authToken: string;
  /** By `SK…` SID. */
  readonly keys: Map<string, Key>;
}

/** A value of one of a service's properties. */
export type Value = string | number | boolean | null | readonly string[];

/** A Verify service: its properties as in the body, groups such as `push` spelled `push.include_date`. */
export interface Service {
  readonly sid: string;
  readonly createdAt: number;
  updatedAt: number;
  readonly properties: Map<string, Value>;
}

/** A window of a Service Rate Limit. Times are milliseconds since the epoch. */
export interface Bucket {
  readonly sid: string;
  readonly createdAt: number;
  updatedAt: number;
  max: number;
  /** Seconds. */
  interval: number;
  /** When each value was counted, oldest first, milliseconds. */
  readonly counted: Map<string, number[]>;
}

/** A Service Rate Limit. Times are milliseconds since the epoch. */
export interface RateLimit {
  readonly sid: string;
  readonly serviceSid: string;
  readonly uniqueName: string;
  readonly createdAt: number;
  updatedAt: number;
  description: string;
  readonly buckets: Bucket[];
}

/** One send of a code. */
export interface Attempt {
  /** `VL` and 32 hex digits. */
  readonly sid: string;
  readonly verification: Verification;
  readonly channel: string;
  readonly locale: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** The carrier's error code; null where the message arrived. */
  readonly deliveryError: number | null;
}

/** A verification and all that happened to it. Times are milliseconds since the epoch. */
export interface Verification {
  /** `VE` and 32 hex digits. */
  readonly sid: string;
  readonly serviceSid: string;
  readonly to: string;
  readonly createdAt: number;
  /** When it ends unless it ended before. */
  readonly expiresAt: number;
  code: string;
  channel: string;
  status: 'pending' | 'approved' | 'canceled' | 'max_attempts_reached';
  updatedAt: number;
  amount: string | null;
  payee: string | null;
  wrongChecks: number;
  readonly attempts: Attempt[];
}

/** A message that reached its recipient. */
export interface Message {
  readonly to: string;
  readonly channel: string;
  readonly code: string;
  readonly sid: string;
  readonly service_sid: string;
  /** ISO 8601. */
  readonly sent_at: string;
}

/** A request that the emulator received on its API side. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  /** The status answered; null while it waits, and where the connection was cut. */
  status: number | null;
  /** ISO 8601. */
  readonly at: string;
}

/** All that the emulator knows. Operations run to their end without waiting, so each is atomic. */
export interface State {
  /** Milliseconds since the epoch on the emulator's own clock. */
  readonly now: () => number;
  /** How far the clock was advanced, in milliseconds. */
  advancedBy: number;
  settings: Settings;
  readonly credentials: Credentials;
  readonly services: Map<string, Service>;
  /** By service SID. */
  readonly rateLimits: Map<string, RateLimit[]>;
  /** By verification SID, those that ended too. */
  readonly verifications: Map<string, Verification>;
  /** The newest verification of each destination, by {@link destinationKey}. */
  readonly newest: Map<string, Verification>;
  /** Oldest first. */
  readonly attempts: Attempt[];
  /** Oldest first. */
  readonly messages: Message[];
  readonly requests: ReceivedRequest[];
  readonly faults: Fault[];
}

/** Under which the newest verification of a destination is kept. */
export const destinationKey = (serviceSid: string, to: string): string => `${serviceSid} ${to.toLowerCase()}`;
