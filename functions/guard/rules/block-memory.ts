import * as v from 'valibot';
import { hashBefore, type KeyedHash } from '../../privacy/keyed-hash.ts';
import { allOf } from '../../runtime/all-of.ts';
import type { Clock } from '../../runtime/clock.ts';
import { RunError } from '../../runtime/errors.ts';
import type { Channel } from '../../verify/channel.ts';
import type { Destination } from '../../verify/destination.ts';
import type { GuardStore } from '../store/store.ts';
import { numberPrefix } from './destination-facts.ts';

/** How long the answer "this recipient replied STOP" is remembered, in milliseconds. */
const suppressedFor = 30 * 24 * 3_600_000;
/** How long Fraud Guard blocks a prefix, in milliseconds. */
const fraudFor = 12 * 3_600_000;
/** The recipients of one prefix that are remembered; the oldest is forgotten first. */
const maxSuppressed = 100;
// Few refusals come together on one prefix; one that is forgotten is asked for once more.
const maxTries = 10;

const time = v.number();

// One document per prefix holds both, so that a start reads once.
const memory = v.object({
  /** Until when Twilio's Fraud Guard blocks the prefix. */
  fraudUntil: time,
  /** Until when a recipient counts as suppressed, by hash. */
  suppressed: v.record(v.string(), time),
});
type Memory = v.InferOutput<typeof memory>;

/** Remembers what Twilio refuses for a while, so that it is not asked again meanwhile. Never throws. */
export interface BlockMemory {
  /**
   * Says whether Twilio would refuse. Destinations verified before are exempt: their start goes on regardless.
   *
   * @returns RunError `blocked` with the reason of the refusal that is remembered (`twilio_21610`, `twilio_60410`).
   */
  recall(destination: Destination, channel: Channel): Promise<RunError | undefined>;
  /**
   * Takes note of what a send failed with, where that is worth it.
   *
   * @param thrown - what the provider threw; not what {@link recall} returned, which would never be forgotten.
   */
  remember(thrown: unknown, destination: Destination, channel: Channel): Promise<void>;
}

/** What the memory is made of. */
export interface BlockMemoryParts {
  readonly store: GuardStore;
  /** The hash under the deployment's destination key. */
  readonly hash: () => Promise<KeyedHash>;
  readonly clock: Clock;
}

const isRemembered = (thrown: unknown, channel: Channel): thrown is RunError => {
  const reason = thrown instanceof RunError ? thrown.details.reason : undefined;
  return channel === 'sms'
    ? reason === 'twilio_21610' || reason === 'twilio_60410'
    : reason === 'twilio_21610' && channel === 'whatsapp';
};

const blocked = (reason: string, until: number): RunError =>
  new RunError('blocked', {
    reason,
    fix: `Remembered from an earlier answer of Twilio; it is asked again from ${new Date(until).toISOString()}`,
  });

const withSuppressed = ({ fraudUntil, suppressed }: Memory, recipient: string, now: number): Memory => {
  const all = Object.entries({ ...suppressed, [recipient]: now + suppressedFor });
  const live = all.filter(([, until]) => until > now).sort(([, one], [, other]) => other - one);
  return { fraudUntil, suppressed: Object.fromEntries(live.slice(0, maxSuppressed)) };
};

const expiryOf = ({ fraudUntil, suppressed }: Memory): number =>
  Math.max(fraudUntil, ...Object.values(suppressed)) + 1_000;

/** The memory of Twilio's blocks over the guard's store. */
export const createBlockMemory = ({ store, hash, clock }: BlockMemoryParts): BlockMemory => {
  const read = async (hashed: KeyedHash, destination: Destination, channel: Channel, now: number) => {
    const key = `prefix#${hashed('prefix', numberPrefix(destination, 4))}`;
    const { version, document } = await store.load(key, now);
    const { success, output } = v.safeParse(memory, document);
    const held: Memory = success ? output : { fraudUntil: 0, suppressed: {} };
    return { key, version, held, recipient: hashed('suppressed', `${channel} ${destination}`) };
  };

  return {
    async recall(destination, channel) {
      if (channel !== 'sms' && channel !== 'whatsapp') return undefined;
      const now = clock();
      try {
        const current = await hash();
        const hashes = [current, hashBefore(current, now, suppressedFor)].filter(
          (each) => each !== undefined,
        );
        const found = await allOf(hashes.map((each) => read(each, destination, channel, now)));
        const suppressed = Math.max(...found.map(({ held, recipient }) => held.suppressed[recipient] ?? 0));
        if (suppressed > now) return blocked('twilio_21610', suppressed);
        const fraud = channel === 'sms' ? Math.max(...found.map(({ held }) => held.fraudUntil)) : 0;
        return fraud > now ? blocked('twilio_60410', fraud) : undefined;
      } catch {
        return undefined;
      }
    },

    async remember(thrown, destination, channel) {
      if (!isRemembered(thrown, channel)) return;
      const now = clock();
      try {
        for (let tries = 0; tries < maxTries; tries += 1) {
          const { key, version, held, recipient } = await read(await hash(), destination, channel, now);
          const next =
            thrown.details.reason === 'twilio_60410'
              ? { ...held, fraudUntil: now + fraudFor }
              : withSuppressed(held, recipient, now);
          if ((await store.save(key, version, next, now, expiryOf(next))) !== null) return;
        }
      } catch {
        // The refusal itself is the answer; Twilio gives it again.
      }
    },
  };
};
