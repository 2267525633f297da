import type { Clock } from '../runtime/clock.ts';
import { RunError } from '../runtime/errors.ts';
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

/** What the breaker is made of. */
export interface BreakerParts {
  readonly store: Pick<GuardStore, 'load' | 'save'>;
  readonly policy: BreakerPolicy;
  readonly clock: Clock;
  /** A new id, never given before. */
  readonly newId: () => string;
  /** Told of each change by the one container that made it. */
  readonly onChange: (change: BreakerChange) => void;
}

/** A request that the breaker did not refuse at once. */
export interface Pass {
  /** The reading of the shared state that goes on meanwhile. Never rejects; to be awaited before the answer is given. */
  readonly refreshed: Promise<void>;
  /**
   * Asks Twilio, and takes the outcome for a sign of its health. While half open the request must get the claim on
   * the one probe first.
   *
   * @throws RunError `upstream_unavailable` where the breaker turns out to be open; then Twilio is not asked. Else
   *   what asking threw.
   */
  readonly ask: <T>(twilio: () => Promise<T>) => Promise<T>;
}

/** Keeps requests from a Twilio that fails, for the whole fleet. A store that fails opens nothing and closes nothing. */
export interface CircuitBreaker {
  /**
   * Lets a request go on, by what this container knows and without waiting.
   *
   * @throws RunError `upstream_unavailable` with the seconds to wait while the breaker is open.
   */
  admit(): Pass;
}

const key = 'breaker';
/** How old what is known may grow before it is read again, in milliseconds. */
const refreshEvery = 5_000;
/** The same while another container probes; and how often failures are published. */
const lookEvery = 1_000;
/** How long the document outlives its last change: longer than any container remembers a version of it. */
const keptFor = 24 * 3_600_000;
/** Whoever loses a write is better informed for it, and tells the rest later. */
const maxTries = 3;

interface View {
  readonly version: number;
  readonly state: BreakerState;
  /** Milliseconds since the epoch. */
  readonly readAt: number;
}

const refusal = (admission: Admission): RunError =>
  new RunError('upstream_unavailable', {
    reason: 'breaker_open',
    effect: 'none',
    retryAfter: 'retryAfter' in admission ? admission.retryAfter : 1,
  });

class SharedBreaker implements CircuitBreaker {
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

  admit(): Pass {
    const now = this.#parts.clock();
    const admission = admissionOf(this.#view.state, now);
    const age = now - this.#view.readAt;
    if (admission.kind === 'open' || (admission.kind === 'probing' && age < lookEvery))
      throw refusal(admission);
    // The claim itself tells what has become of a breaker that is half open.
    const stale = admission.kind === 'probing' || (admission.kind === 'pass' && age >= refreshEvery);
    const refreshed = stale ? this.#refresh() : (this.#reading ?? Promise.resolve());
    return {
      refreshed,
      ask: (twilio) => this.#ask(twilio, refreshed),
    };
  }

  async #ask<T>(twilio: () => Promise<T>, refreshed: Promise<void>): Promise<T> {
    const probe = await this.#enter();
    let health: Health = 'healthy';
    try {
      return await twilio();
    } catch (thrown) {
      health = healthOf(thrown);
      throw thrown;
    } finally {
      await Promise.all([refreshed, probe === undefined ? this.#count(health) : this.#probed(probe, health)]);
    }
  }

  /** Gives the id of the probe that a call has become; undefined where it is one of many. */
  async #enter(): Promise<string | undefined> {
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
      if (this.#view.state.open?.probe?.id === id) return id;
    }
    const admission = admissionOf(this.#view.state, clock());
    if (admission.kind === 'pass') return undefined;
    throw refusal(admission);
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
    // Nobody tells of healthy calls while all is well; but beside failures they must be known.
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

/** The circuit breaker over Twilio; every container has one, and all share one document of the store. */
export const createCircuitBreaker = (parts: BreakerParts): CircuitBreaker =>
  parts.policy.mode === 'on'
    ? new SharedBreaker(parts)
    : { admit: () => ({ refreshed: Promise.resolve(), ask: (twilio) => twilio() }) };
