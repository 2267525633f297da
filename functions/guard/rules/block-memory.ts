import * as v from 'valibot';
import { allOf } from '../../runtime/all-of.ts';
import { type Clock, day, hour } from '../../runtime/clock.ts';
import { type Refusal, type Remembered, RunError } from '../../runtime/errors.ts';
import { type Channel, channelsThatRemember } from '../../verify/channel.ts';
import type { HashedRequest, RequestHashes } from '../request/hashed-request.ts';
import type { GuardStore } from '../store/store.ts';

/** How long each block is remembered, in milliseconds: a recipient's STOP, and Fraud Guard's word on a range. */
const rememberedFor: Readonly<Record<Remembered, number>> = { recipient: 30 * day, range: 12 * hour };

/** On which channels each block holds. */
const blocksOn: Readonly<Record<Remembered, readonly Channel[]>> = {
  recipient: channelsThatRemember('recipient'),
  range: channelsThatRemember('range'),
};

/** The reason that each block is logged with: Twilio's own code. */
const reasons: Readonly<Record<Remembered, string>> = { recipient: 'twilio_21610', range: 'twilio_60410' };

/** The recipients of one range that are remembered; the oldest is forgotten first. */
const maxSuppressed = 100;
// Few refusals come together on one range; one that is forgotten is asked for once more.
const maxTries = 10;

const time = v.number();

// One document per range holds both, so that a start reads once.
const memory = v.object({
  /** Until when Twilio's Fraud Guard blocks the range. */
  fraudUntil: time,
  /** Until when a recipient counts as suppressed, by hash. */
  suppressed: v.record(v.string(), time),
});
type Memory = v.InferOutput<typeof memory>;

const blocked = (what: Remembered, until: number): Refusal => ({
  code: 'blocked',
  reason: reasons[what],
  fix: `Remembered from an earlier answer of Twilio; it is asked again from ${new Date(until).toISOString()}`,
});

const withSuppressed = ({ fraudUntil, suppressed }: Memory, recipient: string, now: number): Memory => {
  const all = Object.entries({ ...suppressed, [recipient]: now + rememberedFor.recipient });
  const live = all.filter(([, until]) => until > now).sort(([, one], [, other]) => other - one);
  return { fraudUntil, suppressed: Object.fromEntries(live.slice(0, maxSuppressed)) };
};

const expiryOf = ({ fraudUntil, suppressed }: Memory): number =>
  Math.max(fraudUntil, ...Object.values(suppressed)) + 1_000;

/** Remembers what Twilio refuses for a while, so that it is not asked again meanwhile. Never throws. */
export class BlockMemory {
  readonly #store: GuardStore;
  readonly #clock: Clock;

  constructor(store: GuardStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Says whether Twilio would refuse a destination that was never verified. Those verified before are exempt: their
   * start goes on regardless.
   *
   * @returns a refusal with the reason of the block that is remembered (`twilio_21610`, `twilio_60410`).
   */
  async recall(request: HashedRequest, channel: Channel): Promise<Refusal | undefined> {
    if (!blocksOn.recipient.includes(channel)) return undefined;
    const now = this.#clock();
    const older = request.before(rememberedFor.recipient);
    const reading = [this.#read(request, request.hashes, channel, now)];
    if (older !== undefined) reading.push(this.#read(request, older, channel, now));
    try {
      let suppressed = 0;
      let fraud = 0;
      for (const { held, recipient } of await allOf(reading)) {
        suppressed = Math.max(suppressed, held.suppressed[recipient] ?? 0);
        fraud = Math.max(fraud, held.fraudUntil);
      }
      if (suppressed > now) return blocked('recipient', suppressed);
      return fraud > now && blocksOn.range.includes(channel) ? blocked('range', fraud) : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Takes note of what a send failed with, where that is worth it.
   *
   * @param thrown - what the provider threw.
   */
  async remember(thrown: unknown, request: HashedRequest, channel: Channel): Promise<void> {
    const what = thrown instanceof RunError ? thrown.details.remember : undefined;
    if (what === undefined || !blocksOn[what].includes(channel)) return;
    const now = this.#clock();
    try {
      for (let tries = 0; tries < maxTries; tries += 1) {
        const { key, version, held, recipient } = await this.#read(request, request.hashes, channel, now);
        const next =
          what === 'range'
            ? { ...held, fraudUntil: now + rememberedFor.range }
            : withSuppressed(held, recipient, now);
        if ((await this.#store.save(key, version, next, now, expiryOf(next))) !== null) return;
      }
    } catch {
      // The refusal itself is the answer; Twilio gives it again.
    }
  }

  async #read(request: HashedRequest, { hash, prefixes }: RequestHashes, channel: Channel, now: number) {
    const { destination } = request.asked;
    const key = `prefix#${prefixes[0]}`;
    const { version, document } = await this.#store.load(key, now);
    const { success, output } = v.safeParse(memory, document);
    const held: Memory = success ? output : { fraudUntil: 0, suppressed: {} };
    return { key, version, held, recipient: hash('suppressed', `${channel} ${destination}`) };
  }
}
