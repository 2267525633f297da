import { defaultSettings, type Settings } from './control/settings.ts';
import { initialCredentials } from './credentials.ts';
import { newService } from './services.ts';
import { defaultServiceSid } from './sids.ts';
import type { State } from './state.ts';

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
