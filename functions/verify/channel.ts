/**
 * The channels a caller may name. `voice` is accepted as `call` and `rcs` as `sms` (Twilio upgrades it);
 * which of them are enabled is policy.
 */
export const channels = ['sms', 'call', 'email', 'whatsapp', 'auto', 'sna', 'custom'] as const;

/** A channel as it is sent to Twilio, which is case-sensitive. */
export type Channel = (typeof channels)[number];

const synonyms: Readonly<Record<string, Channel>> = { voice: 'call', rcs: 'sms' };

/** The channel a lower-case word stands for; undefined where it is none. */
export const channelOf = (word: string): Channel | undefined =>
  Object.hasOwn(synonyms, word) ? synonyms[word] : channels.find((channel) => channel === word);
