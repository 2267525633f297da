import * as v from 'valibot';
import { day, hour, minute } from '../../runtime/clock.ts';
import type { Channel } from '../../verify/channel.ts';
import { type CallerKeys, isOwner, ownTokens } from '../request/caller-keys.ts';

// One document per destination holds what its limits need, so that one conditional write decides. Names are short
// because a document of up to 1 kB costs one write unit. Times are milliseconds since the epoch; callers and codes are
// hashes, services their SIDs. What is stored keeps the names of its first version: `guesses` are checks, `known` owners.

const time = v.pipe(v.number(), v.integer(), v.minValue(0));

const send = v.object({
  /** When. */
  at: time,
  /** The id of the request that sent it. */
  id: v.string(),
  /** Whether the caller was a stranger to this destination. */
  stranger: v.boolean(),
});

const check = v.object({
  at: time,
  id: v.string(),
  /** Whether the caller was not the owner, as far as that is known. */
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
  /** Whether one of them was a trusted caller: a direct one that named neither identity nor address. */
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

const stored = v.object({
  /** Newest first. */
  sends: v.array(send),
  /** The checks, newest first. */
  guesses: v.array(check),
  failures: v.object({ known: failures, stranger: failures }),
  /** The last send by channel. */
  last: v.record(v.string(), lastSend),
  /** The verification by service. */
  records: v.record(v.string(), record),
  /** The owners: the identities and networks that have verified this destination, newest first. */
  known: v.array(v.string()),
  /** When it was last verified; 0 where never. */
  verifiedAt: time,
});
type Stored = v.InferOutput<typeof stored>;

/** A check as it counts in the windows of its destination. */
export type Check = v.InferOutput<typeof check>;
/** The last send on a channel. */
export type LastSend = v.InferOutput<typeof lastSend>;
/** What we know of a verification. */
export type VerificationRecord = v.InferOutput<typeof record>;

/** What the guard knows of a destination. */
export interface DestinationState extends Pick<Stored, 'sends' | 'last' | 'records' | 'verifiedAt'> {
  /** Newest first. */
  readonly checks: readonly Check[];
  /** Wrong codes in a row: those of owners, and of all others. */
  readonly failures: Readonly<Record<'owner' | 'stranger', v.InferOutput<typeof failures>>>;
  /** The identities and networks that have verified this destination, newest first. */
  readonly owners: readonly string[];
}

/** How long a verified destination and its owners are remembered, in milliseconds: as long as a document is kept at most. */
export const stateLives = 90 * day;
/** How long a destination is remembered that was never verified, in milliseconds: its longest window. */
const rememberedFor = 24 * hour;
const maxOwners = 6;
const maxSends = 10;
// Three verifications begin in ten minutes, on top of one that waits; each takes five checks.
const maxChecks = 24;
/** How long a check counts, in milliseconds: its longest window. */
const checksCount = 10 * minute;

/** A destination that we know nothing of. */
export const emptyState: DestinationState = {
  sends: [],
  checks: [],
  failures: { owner: { count: 0, at: 0 }, stranger: { count: 0, at: 0 } },
  last: {},
  records: {},
  owners: [],
  verifiedAt: 0,
};

/**
 * Reads a stored document.
 *
 * @throws ValiError where it is ill-formed, which stands for a store that failed: nothing is admitted on it.
 */
export const readState = (document: unknown): DestinationState => {
  if (document === undefined) return emptyState;
  const { failures, guesses, known, ...same } = v.parse(stored, document);
  return {
    ...same,
    checks: guesses,
    failures: { owner: failures.known, stranger: failures.stranger },
    owners: known,
  };
};

/** The document that a state is stored as. */
export const storedState = ({ checks, failures, owners, ...same }: DestinationState) => ({
  ...same,
  guesses: checks,
  failures: { known: failures.owner, stranger: failures.stranger },
  known: owners,
});

/** Until when a state must be kept, in milliseconds since the epoch. */
export const expiryOf = ({ verifiedAt }: DestinationState, now: number): number =>
  Math.max(now + rememberedFor, verifiedAt + stateLives) + 1_000;

/** How a caller stands to a destination. */
export type Standing =
  /** Has verified it before, or is a trusted caller. */
  | 'owner'
  /** Another caller, where the destination has an owner. */
  | 'stranger'
  /** Any caller, where the destination has none yet. */
  | 'unowned';

/** How a caller stands to a destination, by who has verified it. */
export const standingOf = ({ owners }: DestinationState, caller: CallerKeys): Standing => {
  if (isOwner(owners, caller)) return 'owner';
  return owners.length === 0 ? 'unowned' : 'stranger';
};

/** Whose failures in a row a check counts with. */
export const laneOf = ({ stranger }: Pick<Check, 'stranger'>): keyof DestinationState['failures'] =>
  stranger ? 'stranger' : 'owner';

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
 * The state with a check written down as a failure.
 *
 * @param count - which failure in a row it is.
 */
export const withCheck = (
  before: DestinationState,
  check: Check,
  count: number,
  kept: number,
): DestinationState => ({
  ...before,
  checks: [check, ...before.checks.filter(({ at }) => at > check.at - checksCount)].slice(
    0,
    Math.max(kept, maxChecks),
  ),
  failures: { ...before.failures, [laneOf(check)]: { count, at: check.at } },
});

/** The state without a check that was not judged, or that was right. */
export const withoutCheck = (before: DestinationState, id: string): DestinationState => {
  let gone: Check | undefined;
  const checks: Check[] = [];
  for (const check of before.checks)
    if (check.id === id) gone = check;
    else checks.push(check);
  if (gone === undefined) return before;
  const { stranger } = gone;
  const lane = laneOf(gone);
  const previous = checks.find((check) => check.stranger === stranger)?.at ?? 0;
  const count = Math.max(0, before.failures[lane].count - 1);
  return { ...before, checks, failures: { ...before.failures, [lane]: { count, at: previous } } };
};

/** The state after an approval: failures are forgotten, and the caller is an owner from now on. */
export const withApproval = (
  before: DestinationState,
  caller: CallerKeys,
  now: number,
): DestinationState => ({
  ...before,
  failures: emptyState.failures,
  owners: [...new Set([...ownTokens(caller), ...before.owners])].slice(0, maxOwners),
  verifiedAt: now,
});
