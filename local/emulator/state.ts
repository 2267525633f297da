import { type Credentials, initialCredentials } from './credentials.ts';
import type { Fault } from './faults.ts';
import type { RateLimit } from './rate-limits.ts';
import { newService, type Service } from './services.ts';
import { defaultSettings, type Settings } from './settings.ts';
import { defaultServiceSid } from './sids.ts';

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

/** A fresh account with its one service. */
export const newState = (clock: () => number, switches: Partial<Settings>): State => {
  const state: State = {
    now: () => clock() + state.advancedBy,
    advancedBy: 0,
    settings: { ...defaultSettings, ...switches },
    credentials: initialCredentials(),
    services: new Map(),
    rateLimits: new Map(),
    verifications: new Map(),
    newest: new Map(),
    attempts: [],
    messages: [],
    requests: [],
    faults: [],
  };
  state.services.set(defaultServiceSid, newService(defaultServiceSid, 'Emulator', state.now()));
  return state;
};

/** Under which the newest verification of a destination is kept. */
export const destinationKey = (serviceSid: string, to: string): string => `${serviceSid} ${to.toLowerCase()}`;
