import { randomBytes } from 'node:crypto';
import { stateLives } from '../guard/limits/destination-state.ts';
import { type HashKeys, hashKeysShape, parseHashKeys } from '../privacy/hash-keys.ts';
import { type Clock, day, epochSeconds } from '../runtime/clock.ts';
import { RunError } from '../runtime/errors.ts';
import type { SecretKind } from './rotate.ts';

/**
 * How long after a new key was made it comes into use, in milliseconds. A function keeps a secret for five minutes, and longer
 * while it cannot read it again; by then each must have the new one, so that all change in the same instant.
 */
const leadTime = day;
/** How much of that must be left when the key becomes current, in milliseconds. */
const leastLead = day / 24;

const keysIn = (text: string): HashKeys => {
  const keys = parseHashKeys(text);
  if (keys !== undefined) return keys;
  throw new RunError('misconfigured', { reason: 'destination_key', fix: hashKeysShape });
};

/**
 * Rotates the key that destinations are hashed with. The old key is kept beside the new one, because what was counted under it must
 * count on; hence not before all that the key before it counted has run out.
 */
export const createDestinationKeyKind = (clock: Clock): SecretKind => {
  const allow = (next: string): void => {
    if (keysIn(next).since - clock() >= leastLead) return;
    throw new RunError('misconfigured', {
      reason: 'destination_key_late',
      fix: 'The rotation took too long: take AWSPENDING off its version and rotate the secret anew',
    });
  };
  return {
    async next(text) {
      const { current: previous, since } = keysIn(text);
      const freeAt = since + stateLives;
      if (clock() < freeAt)
        throw new RunError('misconfigured', {
          reason: 'destination_key_early',
          fix: `What the key before counted is still in use: rotate after ${new Date(freeAt).toISOString()}`,
        });
      return JSON.stringify({
        current: randomBytes(48).toString('base64url'),
        previous,
        current_since: epochSeconds(clock() + leadTime),
      });
    },
    test: async (next) => allow(next),
    allow,
    finished: async () => undefined,
  };
};
