import { allOf } from '../../runtime/all-of.ts';
import { errorOf, RunError } from '../../runtime/errors.ts';
import type { Checked } from '../../verify/provider.ts';
import { ownTokens } from '../request/caller-keys.ts';
import type { HashedRequest, RequestHashes } from '../request/hashed-request.ts';
import { contention, type DocumentPlace } from '../store/documents.ts';
import { CallerPlaces } from './caller-places.ts';
import { approved, type CheckAsk, checkHints, decideCheck, ended, unjudged } from './check-rules.ts';
import { DestinationDocument } from './destination-document.ts';
import { stateLives, type VerificationRecord } from './destination-state.ts';
import type { JudgedWrong } from './judged-wrong.ts';
import { type CheckAnswer, goesOnWithout, type LimitsParts, type Reserved } from './limits.ts';
import { withExactWait } from './send-rules.ts';
import { callerWindow } from './windows.ts';

/** How often, in milliseconds, and how many times to look whether the same code was approved for another request. */
const pollEvery = 100;
const polls = 20;
/** How long a check may be on its way to Twilio, in milliseconds. */
const checkFlight = 7_000;
const maxTries = 200;

/** A check as it is asked for. */
export interface CheckAsked {
  readonly code: string;
  /** The sid that the caller holds. */
  readonly sid: string | undefined;
}

/** What a check ends with that Twilio did not judge: our own record's answer, or an error. */
export type Unjudged =
  | { readonly kind: 'answered'; readonly answer: CheckAnswer }
  | { readonly kind: 'refused'; readonly error: unknown };

/** Where the destination's document stands under one key of the hashes; the code's hash comes last. */
const targetIn = ({ caller, hash, to }: RequestHashes, code: string): DocumentPlace => ({
  key: `to#${to}`,
  holds: [caller.by, ...ownTokens(caller), hash('code', `${to} ${code}`)],
});

/** What a code that was approved for another request is answered with: nothing is left of its verification. */
const repeated = (approvedSid: string): CheckAnswer => ({ approvedSid, hints: { replayed: true } });

/**
 * One check's place in all limits: written down as a failure before it is judged, then kept or given back. Holds what
 * it has taken so far.
 */
export class CheckReservation {
  readonly #parts: LimitsParts;
  readonly #ask: Omit<CheckAsk, 'now'>;
  readonly #document: DestinationDocument;
  readonly #places: CallerPlaces;
  readonly #judgedWrong: JudgedWrong;
  /** The verification as it was when the check was reserved. */
  #judged: VerificationRecord | undefined;
  #verifiedBefore = false;
  /** Whether the check goes on though the store is down: then nothing is written. */
  #unguarded = false;

  constructor(
    parts: LimitsParts,
    request: HashedRequest,
    { code, sid }: CheckAsked,
    judgedWrong: JudgedWrong,
  ) {
    const {
      at,
      asked: { service },
      hashes,
    } = request;
    const { caller } = hashes;
    const now = targetIn(hashes, code);
    const older = request.before(stateLives);
    const callerBefore = request.before(callerWindow)?.caller;
    this.#parts = parts;
    this.#ask = { id: request.id, service, caller, code: now.holds.at(-1) ?? '', sid };
    this.#document = new DestinationDocument(parts.store, { now, before: older && targetIn(older, code) });
    this.#places = new CallerPlaces(parts.store, parts.policy, {
      reserves: 'check',
      id: this.#ask.id,
      now: at,
      callers: callerBefore === undefined ? [caller] : [caller, callerBefore],
    });
    this.#judgedWrong = judgedWrong;
  }

  /** Whether the destination was ever verified when this request came, as far as the table could be read. */
  get verifiedBefore(): boolean {
    return this.#verifiedBefore;
  }

  /** Goes on until the check is written down, answered or refused. What a refused one took is given back. */
  async reserve(): Promise<Reserved<CheckAnswer>> {
    try {
      for (let tries = 0; tries < maxTries; tries += 1) {
        const reserved = await this.#attempt(this.#parts.clock(), tries);
        if (reserved === undefined) continue;
        if (reserved.kind === 'refused') await this.#giveBack();
        return reserved;
      }
      await this.#giveBack();
      return { kind: 'refused', error: contention() };
    } catch (thrown) {
      await this.#giveBack();
      this.#unguarded = goesOnWithout('check', thrown, this.#parts);
      return this.#unguarded ? { kind: 'reserved' } : { kind: 'refused', error: thrown };
    }
  }

  /** Writes down what Twilio said of the code, and answers with it. */
  async judged({ approved: isRight, sid }: Checked): Promise<CheckAnswer> {
    if (this.#unguarded) return { approvedSid: isRight ? sid : null, hints: {} };
    const { clock, onStoreFailure, policy } = this.#parts;
    const ask = { ...this.#ask, now: clock() };
    // A wrong code stands as it was written down.
    if (!isRight) {
      this.#judgedWrong.add(ask.id);
      return { approvedSid: null, hints: checkHints(this.#document.state, ask, policy) };
    }
    try {
      const [state] = await Promise.all([
        this.#document.amend(ask.now, (before) => approved(before, ask, this.#judged, sid)),
        this.#places.giveBack(),
      ]);
      return { approvedSid: sid, hints: checkHints(state, ask, policy) };
    } catch {
      // Twilio has approved: the answer stands, whatever became of the record.
      onStoreFailure('check', 'allowed');
      return { approvedSid: sid, hints: {} };
    }
  }

  /** Gives back a check that Twilio judged neither right nor wrong; our own record tells what Twilio's 404 means. */
  async unjudged(thrown: unknown): Promise<Unjudged> {
    if (this.#unguarded) return { kind: 'refused', error: thrown };
    const { clock, onStoreFailure, policy } = this.#parts;
    const ask = { ...this.#ask, now: clock() };
    const gone = thrown instanceof RunError && thrown.code === 'no_verification';
    const used = thrown instanceof RunError && thrown.code === 'max_attempts';
    if (gone) await this.#awaitSameCode().catch(() => undefined);
    const record = this.#record ?? this.#judged;
    if (record?.end === 'approved' && record.sid !== null && record.code === ask.code) {
      await this.#places.giveBack();
      return { kind: 'answered', answer: repeated(record.sid) };
    }
    const end = gone ? 'expired' : used ? 'max_attempts' : null;
    try {
      await Promise.all([
        this.#document.amend(ask.now, (before) => unjudged(before, ask, this.#judged, end)),
        this.#places.giveBack(),
      ]);
    } catch {
      onStoreFailure('check', 'allowed');
    }
    if (!gone || record === undefined)
      return { kind: 'refused', error: withExactWait(thrown, record, ask.now) };
    const refusal = ended(record.end === 'approved' ? 'already_used' : 'expired', policy);
    return { kind: 'refused', error: errorOf(refusal) };
  }

  async #attempt(now: number, tries: number): Promise<Reserved<CheckAnswer> | undefined> {
    const { pause, policy } = this.#parts;
    const [, state] = await allOf([this.#places.take(now), this.#document.load(now)]);
    this.#verifiedBefore = state.verifiedAt > 0;
    // The SDK repeats a write whose reply was lost, and then finds its own.
    if (state.checks.some(({ id }) => id === this.#ask.id)) return this.#reserved();
    const waits = this.#places.waits('full');
    const verdict = decideCheck(state, { ...this.#ask, now }, policy, waits);
    // The same code may be on its way, and right: then there is no need to ask again. Where the caller's places are
    // all taken, it may be so new that the destination does not show it yet.
    const unseen = tries === 0 && waits.length > 0;
    if (verdict.kind === 'refuse' && tries < polls && (unseen || this.#sameCodeFlies)) {
      await pause(pollEvery);
      return undefined;
    }
    if (verdict.state !== undefined && !(await this.#document.save(verdict.state, now))) return undefined;
    switch (verdict.kind) {
      case 'refuse':
        return { kind: 'refused', error: errorOf(verdict.refusal) };
      case 'reserve':
        return this.#reserved();
      case 'approved':
        await this.#places.giveBack();
        return { kind: 'answered', answer: repeated(verdict.sid) };
    }
  }

  #reserved(): Reserved<CheckAnswer> {
    this.#judged = this.#record;
    return { kind: 'reserved' };
  }

  /** The verification that the document holds. */
  get #record(): VerificationRecord | undefined {
    return this.#document.state.records[this.#ask.service];
  }

  /** Of several requests with the right code one is approved and the others find nothing: they wait for its record. */
  async #awaitSameCode(): Promise<void> {
    const { clock, pause } = this.#parts;
    await this.#document.load(clock());
    for (let poll = 0; poll < polls && this.#sameCodeFlies; poll += 1) {
      await pause(pollEvery);
      await this.#document.load(clock());
    }
  }

  /** Whether another request with the same code is on its way, and may be right. */
  get #sameCodeFlies(): boolean {
    const now = this.#parts.clock();
    const { code, id } = this.#ask;
    return (
      this.#record?.end === null &&
      this.#document.state.checks.some(
        (check) =>
          check.id !== id &&
          check.code === code &&
          now < check.at + checkFlight &&
          !this.#judgedWrong.has(check.id),
      )
    );
  }

  async #giveBack(): Promise<void> {
    await this.#places.giveBack().catch(() => this.#parts.onStoreFailure('check', 'denied'));
  }
}
