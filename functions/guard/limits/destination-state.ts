import * as v from 'valibot';
import type { Channel } from '../../verify/channel.ts';

// One document per destination holds what its limits need, so that one conditional write decides. Names are short
// because a document of up to 1 kB costs one write unit. Times are milliseconds since the epoch; callers, codes and
// services are hashes.

const time = v.pipe(v.number(), v.integer(), v.minValue(0));

const send = v.object({
  /** When. */
  at: time,
  /** The id of the request that sent it. */
  id: v.string(),
  /** Whether the caller was a stranger to this destination. */
  stranger: v.boolean(),
});

const guess = v.object({
  at: time,
  id: v.string(),
  /** Whether the caller was anybody but the owner, as far as that is known. */
  stranger: v.boolean(),
  /** Whether it counts for the destination, because no identity was given. */
  counts: v.boolean(),
  /** The code, hashed. */
  code: v.string(),
});

const failures = v.object({
  /** Wrong codes in a row. */
  count: v.number(),
  /** When the last one was. */
  at: time,
});

const lastSend = v.object({
  at: time,
  id: v.string(),
  by: v.string(),
  service: v.string(),
  /** `flying` until Twilio answered; `doubtful` where it never did. */
  state: v.picklist(['flying', 'sent', 'doubtful']),
  sid: v.nullable(v.string()),
});

const record = v.object({
  sid: v.nullable(v.string()),
  channel: v.string(),
  /** Who started it or had it sent again, newest first. */
  by: v.array(v.string()),
  /** Whether one of them was a direct caller of whom nothing more is known. */
  byTrusted: v.boolean(),
  startedAt: time,
  expiresAt: time,
  /** Codes that Twilio was asked to judge and has not approved. */
  checks: v.number(),
  end: v.nullable(v.picklist(['approved', 'expired', 'max_attempts'])),
  endedAt: time,
  /** The approved code, hashed. */
  code: v.nullable(v.string()),
});

const state = v.object({
  /** Newest first. */
  sends: v.array(send),
  /** Newest first. */
  guesses: v.array(guess),
  failures: v.object({ known: failures, stranger: failures }),
  /** The last send by channel. */
  last: v.record(v.string(), lastSend),
  /** The verification by service. */
  records: v.record(v.string(), record),
  /** The identities and networks that have verified this destination, newest first. */
  known: v.array(v.string()),
  /** When it was last verified; 0 where never. */
  verifiedAt: time,
});

/** What the guard knows of a destination. */
export type DestinationState = v.InferOutput<typeof state>;
export type LastSend = v.InferOutput<typeof lastSend>;
export type VerificationRecord = v.InferOutput<typeof record>;
export type Guess = v.InferOutput<typeof guess>;

/** How long a verified destination and those who verified it are remembered, in milliseconds. */
const knownFor = 90 * 24 * 3_600_000;
/** How long a document is kept at most, in milliseconds. */
export const stateLives = knownFor;
/** How long a destination is remembered that was never verified, in milliseconds: its longest window. */
const rememberedFor = 24 * 3_600_000;
const maxKnown = 6;
const maxSends = 10;
// Three verifications begin in ten minutes, on top of one that waits; each takes five guesses.
const maxGuesses = 24;
/** How long a guess counts, in milliseconds: its longest window. */
const guessesCount = 600_000;

/** A destination that nothing is known of. */
export const emptyState: DestinationState = {
  sends: [],
  guesses: [],
  failures: { known: { count: 0, at: 0 }, stranger: { count: 0, at: 0 } },
  last: {},
  records: {},
  known: [],
  verifiedAt: 0,
};

/**
 * Reads a stored document.
 *
 * @throws ValiError where it is ill-formed, which stands for a store that failed: nothing is admitted on it.
 */
export const readState = (document: unknown): DestinationState =>
  document === undefined ? emptyState : v.parse(state, document);

/** Until when a state must be kept, in milliseconds since the epoch. */
export const expiryOf = ({ verifiedAt }: DestinationState, now: number): number =>
  Math.max(now + rememberedFor, verifiedAt + knownFor) + 1_000;

/** Whose failures in a row a guess counts with. */
export const laneOf = ({ stranger }: Pick<Guess, 'stranger'>): keyof DestinationState['failures'] =>
  stranger ? 'stranger' : 'known';

/** The state with a send added. */
export const withSend = (
  before: DestinationState,
  channel: Channel,
  last: LastSend,
  stranger: boolean,
  kept: number,
): DestinationState => ({
  ...before,
  sends: [
    { at: last.at, id: last.id, stranger },
    ...before.sends.filter(({ at }) => at > last.at - rememberedFor),
  ].slice(0, Math.max(kept, maxSends)),
  last: { ...before.last, [channel]: last },
});

/** The state without a send that surely did not happen. */
export const withoutSend = (before: DestinationState, channel: Channel, id: string): DestinationState => {
  const { [channel]: last, ...others } = before.last;
  return {
    ...before,
    sends: before.sends.filter((send) => send.id !== id),
    last: last?.id === id ? others : before.last,
  };
};

/** The state with the verification of a service put in place. */
export const withRecord = (
  before: DestinationState,
  service: string,
  record: VerificationRecord,
): DestinationState => ({ ...before, records: { ...before.records, [service]: record } });

/**
 * The state with a guess written down as a failure.
 *
 * @param count - which failure in a row it is.
 */
export const withGuess = (
  before: DestinationState,
  guess: Guess,
  count: number,
  kept: number,
): DestinationState => ({
  ...before,
  guesses: [guess, ...before.guesses.filter(({ at }) => at > guess.at - guessesCount)].slice(
    0,
    Math.max(kept, maxGuesses),
  ),
  failures: { ...before.failures, [laneOf(guess)]: { count, at: guess.at } },
});

/** The state without a guess that nobody judged, or that was right. */
export const withoutGuess = (before: DestinationState, id: string): DestinationState => {
  const gone = before.guesses.find((guess) => guess.id === id);
  if (gone === undefined) return before;
  const guesses = before.guesses.filter((guess) => guess.id !== id);
  const lane = laneOf(gone);
  const previous = guesses.find((guess) => guess.stranger === gone.stranger)?.at ?? 0;
  const count = Math.max(0, before.failures[lane].count - 1);
  return { ...before, guesses, failures: { ...before.failures, [lane]: { count, at: previous } } };
};

/** The state after an approval: failures are forgotten, the caller is known from now on. */
export const withApproval = (
  before: DestinationState,
  callers: readonly string[],
  now: number,
): DestinationState => ({
  ...before,
  failures: emptyState.failures,
  known: [...new Set([...callers, ...before.known])].slice(0, maxKnown),
  verifiedAt: now,
});
