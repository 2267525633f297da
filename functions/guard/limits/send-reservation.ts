import type { KeyedHash } from '../../privacy/keyed-hash.ts';
import { allOf } from '../../runtime/all-of.ts';
import type { Hints } from '../../runtime/envelope.ts';
import { RunError } from '../../runtime/errors.ts';
import type { Started } from '../../verify/provider.ts';
import {
  amendState,
  contention,
  type DocumentKey,
  documentKey,
  loadState,
  saveState,
  type Versioned,
} from '../store/documents.ts';
import type { Taken, TakeRequest } from '../store/store.ts';
import { type CallerKeys, callerHashes, callerKeys, callerKeysBefore } from './caller-keys.ts';
import { checksPerVerification } from './check-rules.ts';
import { type DestinationState, stateLives, withoutSend } from './destination-state.ts';
import { createKeyClaim, type KeyClaim, keyLife } from './idempotency-key.ts';
import type { GuardParts, ReservedSend, SendAnswer, SendRequest } from './limits.ts';
import { doubtful, lifeLeft, settled } from './send-outcome.ts';
import { decideSend, destinationWaits, type SendAsk } from './send-rules.ts';
import { refusalOf, resendCooldown, secondsUntil, type Wait, windowLimit } from './windows.ts';

/** How often an identical start on its way is looked at, and for how long in all, in milliseconds. */
const pollEvery = 100;
const pollFor = 7_000;

/** A place in one of the caller's own limits, and whether this request took it. */
interface CallerPlace {
  readonly request: TakeRequest;
  readonly name: Wait['limit'];
  held: Taken['kind'] | 'no';
  /** Whether it was taken by this very attempt: one taken before counts from then, and the send is yet to come. */
  fresh: boolean;
  /** When the window has room again; milliseconds since the epoch, 0 where it has now. */
  freeAt: number;
}

const hold = (place: CallerPlace, taken: Taken): void => {
  place.held = taken.kind;
  place.fresh = taken.kind === 'taken';
  place.freeAt = taken.kind === 'taken' ? 0 : taken.freeAt;
};

/** What tells a start from others. */
interface StartKeys {
  /** The table's key of the destination. */
  readonly key: DocumentKey;
  /** Identical starts have the same. */
  readonly purpose: string;
  readonly claim: KeyClaim | undefined;
  /** What the caller was known by before the hash was changed, if its windows still hold that. */
  readonly callerBefore: CallerKeys | undefined;
}

/** One start on its way through the guard. */
class SendReservation {
  readonly #parts: GuardParts;
  readonly #ask: Omit<SendAsk, 'now'>;
  readonly #key: DocumentKey;
  readonly #claim: KeyClaim | undefined;
  readonly #places: CallerPlace[];
  readonly #giveUpAt: number;
  readonly #request: SendRequest;

  constructor(parts: GuardParts, request: SendRequest, ask: SendAsk, keys: StartKeys) {
    this.#parts = parts;
    this.#request = request;
    this.#ask = ask;
    this.#key = keys.key;
    this.#claim = keys.claim;
    this.#giveUpAt = ask.now + pollFor;
    this.#places = callerPlaces(parts, ask, keys);
  }

  /** Goes on until the start is admitted, answered or refused. */
  async run(): Promise<ReservedSend> {
    try {
      for (;;) {
        const done = await this.#attempt(this.#parts.clock());
        if (done !== undefined) return done;
      }
    } catch (refusal) {
      await this.#release(this.#parts.clock()).catch(() => this.#parts.onStoreFailure('start', 'denied'));
      throw refusal;
    }
  }

  async #attempt(now: number): Promise<ReservedSend | undefined> {
    const [, found, owner] = await allOf([
      this.#takeCallerPlaces(now),
      loadState(this.#parts.store, this.#key, now),
      this.#claim?.claim(now),
    ]);
    this.#request.onHistory?.(found.state.verifiedAt > 0);
    if (owner?.kind === 'answered') return await this.#replayed(owner.sid, found.state, now);
    if (owner?.kind === 'flying') return await this.#wait(now);
    return await this.#decide(found, now);
  }

  async #decide(found: Versioned, now: number): Promise<ReservedSend | undefined> {
    const { policy, store } = this.#parts;
    const ask = { ...this.#ask, now };
    // The SDK repeats a write whose reply was lost, and then finds its own.
    if (found.state.last[ask.channel]?.id === ask.id) return await this.#admitted(found, now);
    const verdict = decideSend(found.state, ask, policy, this.#waits('full'), this.#waits('joined'));
    switch (verdict.kind) {
      case 'replay':
        return await this.#replayed(verdict.sid, found.state, now);
      case 'refuse':
        throw verdict.error;
      case 'wait':
        return await this.#wait(now);
      case 'reserve': {
        const veto = await this.#request.veto?.(found.state.verifiedAt > 0);
        if (veto !== undefined) throw veto;
        const saved = await saveState(store, this.#key, found.version, verdict.state, now);
        if (saved !== undefined) return await this.#admitted(saved, now);
        if (now >= this.#giveUpAt) throw contention();
        return undefined;
      }
    }
  }

  /** Takes the places that this request does not hold yet. */
  async #takeCallerPlaces(now: number): Promise<void> {
    await allOf(
      this.#places.map(async (place) => {
        if (place.held === 'taken') place.fresh = false;
        else hold(place, await this.#parts.store.take({ ...place.request, now }));
      }),
    );
  }

  /** The limits of the caller in which this request shares a place, or found none. */
  #waits(held: 'joined' | 'full'): readonly Wait[] {
    return this.#places
      .filter((place) => place.held === held)
      .map(({ name, freeAt }) => ({ limit: name, freeAt }));
  }

  /** The one that sends holds the place that identical starts share, from now on. */
  async #admitted(saved: Versioned, now: number): Promise<ReservedSend> {
    const adopting = this.#places.map(async (place) => {
      if (!place.fresh) hold(place, await this.#parts.store.adopt({ ...place.request, now }));
    });
    try {
      await allOf(adopting);
      const refusal = refusalOf(this.#waits('full'), now);
      if (refusal !== undefined) throw refusal;
    } catch (refusal) {
      await this.#amend(saved, now, (state) => withoutSend(state, this.#ask.channel, this.#ask.id));
      throw refusal;
    }
    return { replay: null, settle: (sending) => this.#settle(saved, sending) };
  }

  async #settle(saved: Versioned, sending: Promise<Started>): Promise<SendAnswer> {
    let started: Started;
    try {
      started = await sending;
    } catch (thrown) {
      throw await this.#undone(saved, thrown);
    }
    const now = this.#parts.clock();
    const change = (state: DestinationState) =>
      settled(state, { ...this.#ask, now }, started, this.#parts.policy);
    try {
      const [state] = await Promise.all([
        this.#amend(saved, now, change),
        this.#claim?.settle(started.sid, now),
      ]);
      return { sid: started.sid, hints: this.#hints(state, now) };
    } catch {
      // The message is out: the answer stands, whatever became of the record.
      this.#parts.onStoreFailure('start', 'allowed');
      return { sid: started.sid, hints: {} };
    }
  }

  /** Gives back what a send that surely did not happen had taken; the caller's places before the destination's. */
  async #undone(saved: Versioned, thrown: unknown): Promise<unknown> {
    const now = this.#parts.clock();
    const ask = { ...this.#ask, now };
    const sure = thrown instanceof RunError && thrown.details.effect !== 'unknown';
    try {
      if (sure) await this.#release(now);
      const state = await this.#amend(saved, now, (state) =>
        sure ? withoutSend(state, ask.channel, ask.id) : doubtful(state, ask, this.#parts.policy),
      );
      return sure ? lifeLeft(thrown, state.records[ask.service], now) : thrown;
    } catch {
      this.#parts.onStoreFailure('start', 'denied');
      return thrown;
    }
  }

  /** The start that sent holds the place that they share: this one lets go of it. */
  async #replayed(sid: string, state: DestinationState, now: number): Promise<ReservedSend> {
    await Promise.all([this.#releasePlaces(), this.#claim?.settle(sid, now)]);
    return { replay: { sid, hints: { ...this.#hints(state, now), replayed: true } } };
  }

  async #wait(now: number): Promise<undefined> {
    if (now >= this.#giveUpAt)
      throw new RunError('upstream_timeout', { reason: 'identical_start', effect: 'unknown' });
    await this.#parts.pause(pollEvery);
  }

  async #release(now: number): Promise<void> {
    await allOf([this.#releasePlaces(), this.#claim?.release(now)]);
  }

  async #releasePlaces(): Promise<void> {
    await allOf(
      this.#places.map(async (place) => {
        if (place.held !== 'taken') return;
        await this.#parts.store.giveBack(place.request);
        place.held = 'no';
      }),
    );
  }

  #amend(from: Versioned, now: number, change: (state: DestinationState) => DestinationState) {
    return amendState(this.#parts.store, this.#key, from, now, change);
  }

  #hints(state: DestinationState, now: number): Hints {
    const waits = destinationWaits(state, { ...this.#ask, now }, this.#parts.policy);
    const record = state.records[this.#ask.service];
    return {
      nextSend: secondsUntil(Math.max(now, ...waits.map(({ freeAt }) => freeAt)), now),
      checksLeft: record === undefined ? undefined : Math.max(0, checksPerVerification - record.checks),
      expiresIn: record === undefined ? undefined : secondsUntil(record.expiresAt, now),
    };
  }
}

const callerPlaces = (
  { policy }: GuardParts,
  { caller, id, now }: SendAsk,
  { callerBefore, purpose }: StartKeys,
): CallerPlace[] => {
  const scopes = [
    { name: 'send_per_identity_per_10m', scope: 'id', of: 'identity' },
    { name: 'send_per_ip_per_10m', scope: 'ip', of: 'network' },
  ] as const;
  return scopes.flatMap(({ name, scope, of }) => {
    const limit = windowLimit(policy, name);
    if (limit === undefined) return [];
    const { places, window } = limit;
    const sameFor = Math.min(resendCooldown(policy), window);
    return [caller[of], callerBefore?.[of]]
      .filter((token) => token !== undefined)
      .map((token) => ({
        name,
        held: 'no',
        fresh: false,
        freeAt: 0,
        request: { key: `${scope}#${token}`, now, limit: places, window, purpose, sameFor, holder: id },
      }));
  });
};

/** Takes the budgets of starts. */
export const createSendGuard =
  (parts: GuardParts) =>
  async (request: SendRequest): Promise<ReservedSend> => {
    const hash = await parts.hash();
    const now = parts.clock();
    const { channel, destination, idempotencyKey, payload, service } = request;
    const caller = callerKeys(request.caller, hash);
    const targetKey = (under: KeyedHash) => ({
      key: `to#${under('to', destination)}`,
      holds: callerHashes(callerKeys(request.caller, under)),
    });
    const claimKey = (under: KeyedHash) => ({
      key: `key#${under('key', `${callerKeys(request.caller, under).by} ${idempotencyKey}`)}`,
      holds: [under('payload', payload)],
    });
    const claim =
      idempotencyKey === undefined
        ? undefined
        : createKeyClaim(parts.store, documentKey(hash, claimKey, now, keyLife), hash('payload', payload));
    const ask = { id: parts.newId(), now, channel, service, caller };
    return await new SendReservation(parts, request, ask, {
      key: documentKey(hash, targetKey, now, stateLives),
      purpose: hash('purpose', [caller.by, hash('to', destination), channel, service].join(' ')),
      claim,
      callerBefore: callerKeysBefore(request.caller, hash, now),
    }).run();
  };
