import type { Remembered } from '../runtime/errors.ts';

/** What the service must know of a channel. */
interface ChannelFacts {
  /** What it reaches: a phone number, or an e-mail address. */
  readonly reaches: 'number' | 'address';
  /** Further words that a caller may say for it. */
  readonly synonyms: readonly string[];
  /** Whether its message is lost on a landline, so that the type of the line is asked where policy says so. */
  readonly lostOnLandlines: boolean;
  /** The refusals of Twilio that hold for a while on it, so that it is not asked again meanwhile. */
  readonly remembers: readonly Remembered[];
}

const plain: ChannelFacts = { reaches: 'number', synonyms: [], lostOnLandlines: false, remembers: [] };

// Each channel that a caller may name, as Twilio spells it. Policy says which of them are enabled.
const table = {
  // Twilio upgrades an SMS to RCS by itself.
  sms: { ...plain, synonyms: ['rcs'], lostOnLandlines: true, remembers: ['recipient', 'range'] },
  call: { ...plain, synonyms: ['voice'] },
  email: { ...plain, reaches: 'address' },
  whatsapp: { ...plain, remembers: ['recipient'] },
  auto: plain,
  sna: plain,
  custom: plain,
} satisfies Readonly<Record<string, ChannelFacts>>;

/** A channel as it is sent to Twilio, which is case-sensitive. */
export type Channel = keyof typeof table;

/** All that the service knows of each channel: one more row is one more channel. */
export const channelFacts: Readonly<Record<Channel, ChannelFacts>> = table;

/** Every channel. */
export const channels = Object.keys(table) as readonly Channel[];

/** Whether a channel reaches e-mail addresses, and no number. */
export const reachesAddresses = (channel: Channel): boolean => channelFacts[channel].reaches === 'address';

/** The channels on which a refusal of Twilio holds for a while. */
export const channelsThatRemember = (refusal: Remembered): readonly Channel[] =>
  channels.filter((channel) => channelFacts[channel].remembers.includes(refusal));

const words: ReadonlyMap<string, Channel> = new Map(
  channels.flatMap((channel) => [channel, ...channelFacts[channel].synonyms].map((word) => [word, channel])),
);

/** The channel a lower-case word stands for; undefined where it is none. */
export const channelOf = (word: string): Channel | undefined => words.get(word);
