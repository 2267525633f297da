import type { KeyedHash } from '../../privacy/keyed-hash.ts';
import { allOf } from '../../runtime/all-of.ts';
import type { Hints } from '../../runtime/envelope.ts';
import { RunError } from '../../runtime/errors.ts';
import type { Checked } from '../../verify/provider.ts';
import {
  amendState,
  contention,
  type DocumentKey,
  documentKey,
  loadState,
  saveState,
  type Versioned,
} from '../store/documents.ts';
import { type CallerKeys, callerHashes, callerKeys, callerKeysBefore } from './caller-keys.ts';
import { type CheckAsk, checksLeft, decideCheck, ended } from './check-rules.ts';
import {
  type DestinationState,
  stateLives,
  type VerificationRecord,
  withApproval,
  withoutGuess,
  withRecord,
} from './destination-state.ts';
import { IdentityPlaces } from './identity-places.ts';
import type { GuardParts, GuessAnswer, GuessRequest, ReservedGuess } from './limits.ts';
import { lifeLeft } from './send-outcome.ts';
import { secondsUntil } from './windows.ts';

/** How often, in milliseconds, and how many times to look whether the same code was approved for another request. */
const pollEvery = 100;
const polls = 20;
/** How long a guess may be on its way to Twilio, in milliseconds. */
const guessFlight = 7_000;
/** How many guesses that were judged wrong are remembered; beyond that all are forgotten. */
const maxJudged = 1_000;
const maxTries = 200;

const isSame = (one: VerificationRecord, other: VerificationRecord | undefined): boolean =>
  one.sid === other?.sid && one.startedAt === other.startedAt;

/**
 * The guesses that this container saw judged wrong. Whoever repeats one is answered at once: only a code that may yet
 * prove right is worth a wait, which costs time and reads.
 */
class JudgedWrong {
  readonly #ids = new Set<string>();

  add(id: string): void {
    if (this.#ids.size >= maxJudged) this.#ids.clear();
    this.#ids.add(id);
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }
}

/** Where a check's counters stand. */
interface GuessKeys {
  /** The table's key of the destination. */
  readonly key: DocumentKey;
  /** What the caller was known by before the hash was changed, if its window still holds that. */
  readonly callerBefore: CallerKeys | undefined;
}

/** One check on its way through the guard. */
class GuessReservation {
  readonly #parts: GuardParts;
  readonly #onHistory: GuessRequest['onHistory'];
  readonly #ask: Omit<CheckAsk, 'now'>;
  readonly #key: DocumentKey;
  readonly #places: IdentityPlaces;
  readonly #judged: JudgedWrong;

  constructor(
    parts: GuardParts,
    ask: CheckAsk,
    { key, callerBefore }: GuessKeys,
    judged: JudgedWrong,
    onHistory: GuessRequest['onHistory'],
  ) {
    this.#judged = judged;
    this.#onHistory = onHistory;
    this.#parts = parts;
    this.#ask = ask;
    this.#key = key;
    this.#places = new IdentityPlaces(parts, ask, callerBefore);
  }

  /** Goes on until the guess is written down, answered or refused. */
  async run(): Promise<ReservedGuess> {
    try {
      for (let tries = 0; tries < maxTries; tries += 1) {
        const done = await this.#attempt(this.#parts.clock(), tries);
        if (done !== undefined) return done;
      }
      throw contention();
    } catch (refusal) {
      await this.#places.giveBack().catch(() => this.#parts.onStoreFailure('check', 'denied'));
      throw refusal;
    }
  }

  async #attempt(now: number, tries: number): Promise<ReservedGuess | undefined> {
    const { pause, policy, store } = this.#parts;
    const [waits, found] = await allOf([this.#places.take(now), loadState(store, this.#key, now)]);
    this.#onHistory?.(found.state.verifiedAt > 0);
    // The SDK repeats a write whose reply was lost, and then finds its own.
    if (found.state.guesses.some(({ id }) => id === this.#ask.id)) return this.#reserved(found);
    const verdict = decideCheck(found.state, { ...this.#ask, now }, policy, waits);
    // The same code may be on its way, and right: then there is no need to guess. Where the caller's places are all
    // taken, it may be so new that the destination does not show it yet.
    const unseen = tries === 0 && waits.length > 0;
    if (verdict.kind === 'refuse' && tries < polls && (unseen || this.#sameCodeFlies(found.state))) {
      await pause(pollEvery);
      return undefined;
    }
    const { state } = verdict;
    const saved = state === undefined ? found : await saveState(store, this.#key, found.version, state, now);
    if (saved === undefined) return undefined;
    if (verdict.kind === 'refuse') throw verdict.error;
    if (verdict.kind === 'reserve') return this.#reserved(saved);
    await this.#places.giveBack();
    return { known: this.#repeated(verdict.sid) };
  }

  #reserved(saved: Versioned): ReservedGuess {
    return { known: null, settle: (checking) => this.#settle(saved, checking) };
  }

  async #settle(saved: Versioned, checking: Promise<Checked>): Promise<GuessAnswer> {
    let checked: Checked;
    try {
      checked = await checking;
    } catch (thrown) {
      return await this.#unjudged(saved, thrown);
    }
    const now = this.#parts.clock();
    // A wrong guess stands as it was written down.
    if (!checked.approved) {
      this.#judged.add(this.#ask.id);
      return { approvedSid: null, hints: this.#hints(saved.state, now) };
    }
    try {
      const [state] = await Promise.all([
        this.#amend(saved, now, (state) => this.#approved(state, this.#record(saved), checked.sid, now)),
        this.#places.giveBack(),
      ]);
      return { approvedSid: checked.sid, hints: this.#hints(state, now) };
    } catch {
      // Twilio has approved: the answer stands, whatever became of the record.
      this.#parts.onStoreFailure('check', 'allowed');
      return { approvedSid: checked.sid, hints: {} };
    }
  }

  /** The verification that a state holds. */
  #record({ state }: Pick<Versioned, 'state'>): VerificationRecord | undefined {
    return state.records[this.#ask.service];
  }

  #approved(
    before: DestinationState,
    judged: VerificationRecord | undefined,
    sid: string,
    now: number,
  ): DestinationState {
    const { caller, code, id, service } = this.#ask;
    const callers = [caller.identity, caller.network].filter((token) => token !== undefined);
    const state = withApproval(withoutGuess(before, id), callers, now);
    const found = state.records[service];
    // Another verification has begun since.
    if (found !== undefined && found.sid !== sid && !isSame(found, judged)) return state;
    const record = found ?? {
      channel: '',
      by: [caller.by],
      byTrusted: caller.trusted,
      startedAt: now,
      expiresAt: now,
      checks: 0,
    };
    return withRecord(state, service, { ...record, sid, end: 'approved', endedAt: now, code });
  }

  /** Twilio did not say right or wrong: the guess is given back, and our own record tells what Twilio's 404 means. */
  async #unjudged(saved: Versioned, thrown: unknown): Promise<GuessAnswer> {
    const now = this.#parts.clock();
    const { policy } = this.#parts;
    const gone = thrown instanceof RunError && thrown.code === 'no_verification';
    const used = thrown instanceof RunError && thrown.code === 'max_attempts';
    const found = gone ? await this.#approvedElsewhere(saved).catch(() => saved) : saved;
    const record = this.#record(found);
    if (record?.end === 'approved' && record.sid !== null && record.code === this.#ask.code) {
      await this.#places.giveBack();
      return this.#repeated(record.sid);
    }
    const end = gone ? 'expired' : used ? 'max_attempts' : null;
    try {
      await Promise.all([
        this.#amend(found, now, (state) => this.#returned(state, this.#record(saved), end, now)),
        this.#places.giveBack(),
      ]);
    } catch {
      this.#parts.onStoreFailure('check', 'allowed');
    }
    if (gone && record !== undefined)
      throw ended(record.end === 'approved' ? 'already_used' : 'expired', policy);
    throw lifeLeft(thrown, record, now);
  }

  #returned(
    before: DestinationState,
    judged: VerificationRecord | undefined,
    end: 'expired' | 'max_attempts' | null,
    now: number,
  ): DestinationState {
    const state = withoutGuess(before, this.#ask.id);
    const record = state.records[this.#ask.service];
    if (record === undefined || !isSame(record, judged)) return state;
    const checks = state === before ? record.checks : Math.max(0, record.checks - 1);
    const ending = end !== null && record.end === null ? { end, endedAt: now } : {};
    return withRecord(state, this.#ask.service, { ...record, checks, ...ending });
  }

  /** Of several requests with the right code one is approved and the others find nothing: they wait for its record. */
  async #approvedElsewhere(saved: Versioned): Promise<Versioned> {
    const { clock, pause, store } = this.#parts;
    let found = await loadState(store, this.#key, clock());
    for (let poll = 0; poll < polls && this.#sameCodeFlies(found.state); poll += 1) {
      await pause(pollEvery);
      found = await loadState(store, this.#key, clock());
    }
    return found.version === 0 ? saved : found;
  }

  /** What a code that was approved for another request is answered with: nothing is left of its verification. */
  #repeated(approvedSid: string): GuessAnswer {
    return { approvedSid, hints: { replayed: true } };
  }

  #sameCodeFlies({ guesses, records }: DestinationState): boolean {
    const now = this.#parts.clock();
    const { code, id, service } = this.#ask;
    const others = guesses.filter((guess) => guess.id !== id && !this.#judged.has(guess.id));
    return (
      records[service]?.end === null &&
      others.some((guess) => guess.code === code && now < guess.at + guessFlight)
    );
  }

  #amend(from: Versioned, now: number, change: (state: DestinationState) => DestinationState) {
    return amendState(this.#parts.store, this.#key, from, now, change);
  }

  #hints(state: DestinationState, now: number): Hints {
    const ask = { ...this.#ask, now };
    const record = state.records[ask.service];
    const pending = record !== undefined && record.end === null;
    return {
      checksLeft: pending ? checksLeft(state, ask, this.#parts.policy) : undefined,
      expiresIn: pending ? secondsUntil(record.expiresAt, now) : undefined,
    };
  }
}

/** Writes guesses down before they are judged. */
export const createGuessGuard = (parts: GuardParts) => {
  const judged = new JudgedWrong();
  return async (request: GuessRequest): Promise<ReservedGuess> => {
    const hash = await parts.hash();
    const now = parts.clock();
    const under = (hashed: KeyedHash) => {
      const target = hashed('to', request.destination);
      const caller = callerKeys(request.caller, hashed);
      const code = hashed('code', `${target} ${request.code}`);
      return { key: `to#${target}`, holds: [...callerHashes(caller), code], caller, code };
    };
    const { caller, code } = under(hash);
    const ask = { id: parts.newId(), now, service: request.service, caller, code, sid: request.sid };
    const keys = {
      key: documentKey(hash, under, now, stateLives),
      callerBefore: callerKeysBefore(request.caller, hash, now),
    };
    return await new GuessReservation(parts, ask, keys, judged, request.onHistory).run();
  };
};
