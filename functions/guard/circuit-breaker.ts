import type { Clock } from '../runtime/clock.ts';
import { errorOf, type Refusal } from '../runtime/errors.ts';
import {
  type Admission,
  admissionOf,
  type BreakerChange,
  type BreakerState,
  type Counts,
  changeOf,
  closedBreaker,
  countOf,
  failuresIn,
  type Health,
  healthOf,
  isSpike,
  readBreaker,
  recentCounts,
  withCounts,
  withProbe,
  withProbed,
} from './breaker-state.ts';
import type { BreakerPolicy } from './policy/breaker-policy.ts';
import type { GuardStore } from './store/store.ts';

/** What the breaker stands on. */
export interface BreakerParts {
  readonly store: Pick<GuardStore, 'load' | 'save'>;
  readonly policy: BreakerPolicy;
  readonly clock: Clock;
  /** A new id, never given before. */
  readonly newId: () => string;
  /** Told of each change by the one container that made it. */
  readonly onChange: (change: BreakerChange) => void;
}

/** What the breaker says of a request by what this container knows. */
export interface Pass {
  /** `upstream_unavailable` with the seconds to wait while the breaker is open; undefined where the request may go on. */
  readonly refusal: Refusal | undefined;
  /** The reading of the shared state that goes on meanwhile. Never rejects; to be awaited before the answer is given. */
  readonly refreshed: Promise<void>;
}

/** How asking Twilio ended. */
export type Asked<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** Twilio was not asked. */
  | { readonly kind: 'refused'; readonly error: unknown };

const key = 'breaker';
/** How old what is known may grow before it is read again, in milliseconds. */
const refreshEvery = 5_000;
/** The same while another container probes; and how often failures are published. */
const lookEvery = 1_000;
/** How long the document outlives its last change: longer than any container remembers a version of it. */
const keptFor = 24 * 3_600_000;
/** A container that loses a write is better informed for it, and tells the rest later. */
const maxTries = 3;

/** What became of a call that wants to go to Twilio. */
type Entered =
  | { readonly kind: 'refused'; readonly error: unknown }
  /** `probe` is the id of the probe that the call has become; undefined where it is one of many. */
  | { readonly kind: 'through'; readonly probe: string | undefined };

const askedOf = async <T>(
  twilio: () => Promise<T>,
): Promise<Exclude<Asked<T>, { readonly kind: 'refused' }>> => {
  try {
    return { kind: 'answered', value: await twilio() };
  } catch (error) {
    return { kind: 'failed', error };
  }
};

interface View {
  readonly version: number;
  readonly state: BreakerState;
  /** Milliseconds since the epoch. */
  readonly readAt: number;
}

const refusalBy = (admission: Admission): Refusal => ({
  code: 'upstream_unavailable',
  reason: 'breaker_open',
  effect: 'none',
  retryAfter: 'retryAfter' in admission ? admission.retryAfter : 1,
});

/**
 * The circuit breaker over Twilio: keeps requests from a Twilio that fails, for the whole fleet. Every container has
 * one, which holds what it last read of the document that all share and what it has seen since. A store that fails opens
 * nothing and closes nothing.
 */
export class CircuitBreaker {
  readonly #parts: BreakerParts;
  #view: View = { version: 0, state: closedBreaker, readAt: Number.NEGATIVE_INFINITY };
  #reading: Promise<void> | undefined;
  #claiming = false;
  /** What this container has seen and not published. */
  #unsent: Counts = [];
  #publishedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: BreakerParts) {
    this.#parts = parts;
  }

  /** Says whether a request may go on, without waiting. */
  admit(): Pass {
    if (this.#parts.policy.mode === 'off') return { refusal: undefined, refreshed: Promise.resolve() };
    const now = this.#parts.clock();
    const admission = admissionOf(this.#view.state, now);
    const age = now - this.#view.readAt;
    if (admission.kind === 'open' || (admission.kind === 'probing' && age < lookEvery))
      return { refusal: refusalBy(admission), refreshed: Promise.resolve() };
    // The claim itself tells what has become of a breaker that is half open.
    const stale = admission.kind === 'probing' || (admission.kind === 'pass' && age >= refreshEvery);
    return { refusal: undefined, refreshed: stale ? this.#refresh() : (this.#reading ?? Promise.resolve()) };
  }

  /**
   * Asks Twilio, and takes the outcome for a sign of its health. While half open the request must get the claim on
   * the one probe first.
   */
  async ask<T>({ refusal, refreshed }: Pass, twilio: () => Promise<T>): Promise<Asked<T>> {
    if (refusal !== undefined) return { kind: 'refused', error: errorOf(refusal) };
    if (this.#parts.policy.mode === 'off') return await askedOf(twilio);
    const entered = await this.#enter();
    if (entered.kind === 'refused') return entered;
    const outcome = await askedOf(twilio);
    const health = outcome.kind === 'failed' ? healthOf(outcome.error) : 'healthy';
    const { probe } = entered;
    await Promise.all([refreshed, probe === undefined ? this.#count(health) : this.#probed(probe, health)]);
    return outcome;
  }

  /** Lets a call through, as the one probe or as one of many, or refuses it. */
  async #enter(): Promise<Entered> {
    const { clock, newId, policy } = this.#parts;
    if (this.#view.state.open !== null) await this.#reading;
    // What is younger than this can't have missed that the breaker opened and became half open.
    else if (clock() - this.#view.readAt >= policy.open_seconds * 1_000) await this.#refresh();
    if (admissionOf(this.#view.state, clock()).kind === 'claimable' && !this.#claiming) {
      const id = newId();
      this.#claiming = true;
      await this.#amend((state, now) => withProbe(state, id, now)).finally(() => {
        this.#claiming = false;
      });
      if (this.#view.state.open?.probe?.id === id) return { kind: 'through', probe: id };
    }
    const admission = admissionOf(this.#view.state, clock());
    if (admission.kind === 'pass') return { kind: 'through', probe: undefined };
    return { kind: 'refused', error: errorOf(refusalBy(admission)) };
  }

  async #probed(id: string, health: Health): Promise<void> {
    await this.#amend((state, now) => withProbed(state, id, health, now, this.#parts.policy));
  }

  async #count(health: Health): Promise<void> {
    if (health === 'unknown') return;
    const { clock, policy } = this.#parts;
    const at = clock();
    const counts = [...this.#unsent, ...countOf(health, at)];
    this.#unsent = recentCounts(counts, this.#view.state, at, policy);
    if (this.#mustPublish(at)) await this.#publish(at);
  }

  async #publish(at: number): Promise<void> {
    const { clock, policy } = this.#parts;
    const published = this.#unsent;
    this.#unsent = [];
    this.#publishedAt = at;
    const stands = await this.#amend((state, now) => withCounts(state, published, now, policy));
    if (!stands) this.#unsent = [...published, ...this.#unsent];
    // What other requests of this process have seen meanwhile may make it a spike.
    else if (this.#mustPublish(clock())) await this.#publish(clock());
  }

  /** Failures are told at once where they open the breaker. */
  #mustPublish(now: number): boolean {
    const { policy } = this.#parts;
    const { state } = this.#view;
    const waited = now - this.#publishedAt;
    const shared = recentCounts(state.counts, state, now, policy);
    if (failuresIn(this.#unsent) > 0)
      return waited >= lookEvery || isSpike([...shared, ...this.#unsent], policy);
    // No container tells of healthy calls while all is well; but beside failures they must be known.
    return waited >= refreshEvery && failuresIn(shared) * 2 >= policy.min_failures;
  }

  /** Reads the shared state, once for all who wait for it. Without the store, what is known is good for as long again. */
  #refresh(): Promise<void> {
    this.#reading ??= this.#load()
      .catch(() => {
        this.#view = { ...this.#view, readAt: this.#parts.clock() };
      })
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }

  async #load(): Promise<void> {
    const now = this.#parts.clock();
    const before = this.#view;
    const { version, document } = await this.#parts.store.load(key, now);
    // What this container has written meanwhile is newer.
    if (this.#view === before) this.#view = { version, state: readBreaker(document), readAt: now };
  }

  /** Changes the shared state, or without the store only what this container knows; false where others kept winning. */
  async #amend(change: (state: BreakerState, now: number) => BreakerState): Promise<boolean> {
    const { clock, store } = this.#parts;
    try {
      for (let tries = 0; tries < maxTries; tries += 1) {
        const now = clock();
        const { version, state } = this.#view;
        const changed = change(state, now);
        if (changed === state) return true;
        const saved = await store.save(key, version, changed, now, now + keptFor);
        if (saved !== null) {
          this.#become({ version: saved, state: changed, readAt: now }, state);
          return true;
        }
        await this.#load();
      }
      return false;
    } catch {
      const now = clock();
      const { version, state } = this.#view;
      this.#become({ version, state: change(state, now), readAt: now }, state);
      return true;
    }
  }

  #become(view: View, before: BreakerState): void {
    this.#view = view;
    const change = changeOf(before, view.state);
    if (change !== undefined) this.#parts.onChange(change);
  }
}
