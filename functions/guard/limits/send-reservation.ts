import { allOf } from '../../runtime/all-of.ts';
import { errorOf, hadNoEffect, type Refusal, RunError } from '../../runtime/errors.ts';
import type { Channel } from '../../verify/channel.ts';
import type { Started } from '../../verify/provider.ts';
import { ownTokens } from '../request/caller-keys.ts';
import type { HashedRequest, RequestHashes } from '../request/hashed-request.ts';
import { contention, type DocumentPlace } from '../store/documents.ts';
import { CallerPlaces } from './caller-places.ts';
import { DestinationDocument } from './destination-document.ts';
import { stateLives, withoutSend } from './destination-state.ts';
import { IdempotencyKey, keyLife } from './idempotency-key.ts';
import { goesOnWithout, type LimitsParts, type Reserved, type StartAnswer } from './limits.ts';
import { decideSend, doubtful, type SendAsk, settled, startHints, withExactWait } from './send-rules.ts';
import { callerWindow, refusalOf } from './windows.ts';

/** How often an identical start on its way is looked at, and for how long in all, in milliseconds. */
const pollEvery = 100;
const pollFor = 7_000;

/** A start as it is asked for. */
export interface StartAsked {
  readonly channel: Channel;
  readonly idempotencyKey: string | undefined;
  /** Everything that was asked for, in one form: the same key with another one is refused. */
  readonly payload: string;
}

/** What speaks against a send beside the limits: for a destination that was never verified, and for one that was. */
export interface Objections {
  readonly unverified: Refusal | undefined;
  readonly verified: Refusal | undefined;
}

/** Where the destination's document stands under one key of the hashes. */
const targetIn = ({ to, caller }: RequestHashes): DocumentPlace => ({
  key: `to#${to}`,
  holds: [caller.by, ...ownTokens(caller)],
});

const claimedKeyIn = (
  { caller, hash }: RequestHashes,
  { idempotencyKey, payload }: StartAsked,
): DocumentPlace => ({
  key: `key#${hash('key', `${caller.by} ${idempotencyKey}`)}`,
  holds: [hash('payload', payload)],
});

const idempotencyKeyOf = (
  { store }: LimitsParts,
  request: HashedRequest,
  asked: StartAsked,
): IdempotencyKey | undefined => {
  if (asked.idempotencyKey === undefined) return undefined;
  const now = claimedKeyIn(request.hashes, asked);
  const older = request.before(keyLife);
  const before = older && claimedKeyIn(older, asked);
  return new IdempotencyKey(store, { now, before }, now.holds[0] ?? '');
};

/** One start's place in all limits: asked for, then kept by a send or given back. Holds what it has taken so far. */
export class SendReservation {
  readonly #parts: LimitsParts;
  readonly #ask: Omit<SendAsk, 'now'>;
  readonly #document: DestinationDocument;
  readonly #key: IdempotencyKey | undefined;
  readonly #places: CallerPlaces;
  readonly #giveUpAt: number;
  #verifiedBefore = false;
  /** Whether the send goes on though the store is down: then nothing is written. */
  #unguarded = false;

  constructor(parts: LimitsParts, request: HashedRequest, asked: StartAsked) {
    const {
      at,
      asked: { service },
      hashes,
    } = request;
    const { caller, hash, to } = hashes;
    const { channel } = asked;
    const older = request.before(stateLives);
    const callerBefore = request.before(callerWindow)?.caller;
    this.#parts = parts;
    this.#ask = { id: request.id, channel, service, caller };
    this.#document = new DestinationDocument(parts.store, {
      now: targetIn(hashes),
      before: older && targetIn(older),
    });
    this.#key = idempotencyKeyOf(parts, request, asked);
    this.#places = new CallerPlaces(parts.store, parts.policy, {
      reserves: 'send',
      id: this.#ask.id,
      now: at,
      callers: callerBefore === undefined ? [caller] : [caller, callerBefore],
      purpose: hash('purpose', [caller.by, to, channel, service].join(' ')),
    });
    this.#giveUpAt = at + pollFor;
  }

  /** Whether the destination was ever verified when this request came, as far as the table could be read. */
  get verifiedBefore(): boolean {
    return this.#verifiedBefore;
  }

  /**
   * Goes on until the start is admitted, answered or refused. What a refused one took is given back.
   *
   * @param objections - read beside the limits; a replay or a limit's refusal does not wait for them.
   */
  async reserve(objections: Promise<Objections>): Promise<Reserved<StartAnswer>> {
    try {
      let reserved: Reserved<StartAnswer> | undefined;
      while (reserved === undefined) reserved = await this.#attempt(this.#parts.clock(), objections);
      if (reserved.kind === 'refused') await this.#giveBack();
      return reserved;
    } catch (thrown) {
      await this.#giveBack();
      this.#unguarded = goesOnWithout('start', thrown, this.#parts);
      return this.#unguarded ? { kind: 'reserved' } : { kind: 'refused', error: thrown };
    }
  }

  /** Writes down that Twilio accepted the send, and answers with it. */
  async sent(started: Started): Promise<StartAnswer> {
    const { sid } = started;
    if (this.#unguarded) return { sid, hints: {} };
    const { clock, onStoreFailure, policy } = this.#parts;
    const now = clock();
    const ask = { ...this.#ask, now };
    try {
      const [state] = await Promise.all([
        this.#document.amend(now, (before) => settled(before, ask, started, policy)),
        this.#key?.settle(sid, now),
      ]);
      return { sid, hints: startHints(state, ask, policy) };
    } catch {
      // The message is out: the answer stands, whatever became of the record.
      onStoreFailure('start', 'allowed');
      return { sid, hints: {} };
    }
  }

  /**
   * Writes down that the send failed. One that surely did not happen gives its budget back, the caller's places before
   * the destination's; one that may have happened does not.
   *
   * @returns the error to answer with, with the exact seconds to wait where our own record knows them.
   */
  async failed(thrown: unknown): Promise<unknown> {
    if (this.#unguarded) return thrown;
    const { clock, onStoreFailure, policy } = this.#parts;
    const now = clock();
    const ask = { ...this.#ask, now };
    const unsent = hadNoEffect(thrown);
    try {
      if (unsent) await this.#release(now);
      const state = await this.#document.amend(now, (before) =>
        unsent ? withoutSend(before, ask.channel, ask.id) : doubtful(before, ask, policy),
      );
      return unsent ? withExactWait(thrown, state.records[ask.service], now) : thrown;
    } catch {
      onStoreFailure('start', 'denied');
      return thrown;
    }
  }

  async #attempt(now: number, objections: Promise<Objections>): Promise<Reserved<StartAnswer> | undefined> {
    const [owner = { kind: 'mine' }] = await allOf([
      this.#key?.claim(now),
      this.#places.take(now),
      this.#document.load(now),
    ]);
    this.#verifiedBefore = this.#document.state.verifiedAt > 0;
    switch (owner.kind) {
      case 'answered':
        return await this.#replayed(owner.sid, now);
      case 'refuse':
        return { kind: 'refused', error: errorOf(owner.refusal) };
      case 'flying':
        return await this.#wait(now);
      case 'mine':
        return await this.#decide(now, objections);
    }
  }

  async #decide(now: number, objections: Promise<Objections>): Promise<Reserved<StartAnswer> | undefined> {
    const { state } = this.#document;
    const ask = { ...this.#ask, now };
    // The SDK repeats a write whose reply was lost, and then finds its own.
    if (state.last[ask.channel]?.id === ask.id) return await this.#admitted(now);
    const full = this.#places.waits('full');
    const verdict = decideSend(state, ask, this.#parts.policy, full, this.#places.waits('joined'));
    switch (verdict.kind) {
      case 'replay':
        return await this.#replayed(verdict.sid, now);
      case 'refuse':
        return { kind: 'refused', error: errorOf(verdict.refusal) };
      case 'wait':
        return await this.#wait(now);
      case 'reserve': {
        const { unverified, verified } = await objections;
        const refusal = this.verifiedBefore ? verified : unverified;
        if (refusal !== undefined) return { kind: 'refused', error: errorOf(refusal) };
        if (await this.#document.save(verdict.state, now)) return await this.#admitted(now);
        return now >= this.#giveUpAt ? { kind: 'refused', error: contention() } : undefined;
      }
    }
  }

  /** The start that sends holds the place that identical starts share, from now on. */
  async #admitted(now: number): Promise<Reserved<StartAnswer>> {
    let refusal: Refusal | undefined;
    let adopted = false;
    try {
      await this.#places.adopt(now);
      adopted = true;
      refusal = refusalOf(this.#places.waits('full'), now);
    } finally {
      if (!adopted || refusal !== undefined) await this.#withdraw(now);
    }
    return refusal === undefined ? { kind: 'reserved' } : { kind: 'refused', error: errorOf(refusal) };
  }

  /** Takes back the send that was written down. */
  async #withdraw(now: number): Promise<void> {
    const { channel, id } = this.#ask;
    await this.#document.amend(now, (state) => withoutSend(state, channel, id));
  }

  /** The start that sent holds the place that they share: this one lets go of it. */
  async #replayed(sid: string, now: number): Promise<Reserved<StartAnswer>> {
    await Promise.all([this.#places.giveBack(), this.#key?.settle(sid, now)]);
    const hints = startHints(this.#document.state, { ...this.#ask, now }, this.#parts.policy);
    return { kind: 'answered', answer: { sid, hints: { ...hints, replayed: true } } };
  }

  async #wait(now: number): Promise<Reserved<StartAnswer> | undefined> {
    if (now >= this.#giveUpAt)
      return {
        kind: 'refused',
        error: new RunError('upstream_timeout', { reason: 'identical_start', effect: 'unknown' }),
      };
    await this.#parts.pause(pollEvery);
    return undefined;
  }

  async #giveBack(): Promise<void> {
    const { clock, onStoreFailure } = this.#parts;
    await this.#release(clock()).catch(() => onStoreFailure('start', 'denied'));
  }

  async #release(now: number): Promise<void> {
    await allOf([this.#places.giveBack(), this.#key?.release(now)]);
  }
}
