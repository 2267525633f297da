import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { type BreakerState, readBreaker } from '../../../functions/guard/breaker-state.ts';
import { CircuitBreaker, type Pass } from '../../../functions/guard/circuit-breaker.ts';
import { breakerPolicy } from '../../../functions/guard/policy/breaker-policy.ts';
import type { GuardStore } from '../../../functions/guard/store/store.ts';
import { RunError } from '../../../functions/runtime/errors.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const second = 1_000;
const start = 1_800_000_000 * second;

const ill = () =>
  new RunError('upstream_error', { reason: 'twilio_20500', effect: 'unknown', twilio: 'failed' });
const refusedByTwilio = () =>
  new RunError('invalid_input', { reason: 'twilio_60200', effect: 'none', twilio: 'healthy' });
const noSecret = () => new RunError('misconfigured', { reason: 'secret' });
const outcomes = { healthy: () => undefined, ill, refusedByTwilio, noSecret } as const;
type OutcomeName = keyof typeof outcomes;

/** How a request ended: Twilio was asked, or the breaker said how long to wait. */
type Ended = 'asked' | number;

interface Started {
  readonly ended: Promise<Ended>;
  /** Lets Twilio answer. */
  readonly answer: () => void;
}

/** Lets everything go on that can. */
const everythingElse = () => new Promise(setImmediate);

/** Containers with one store and one clock, all set by the test. */
class Fleet {
  now = start;
  storeDown = false;
  loads = 0;
  saves = 0;
  readonly changes: string[] = [];
  /** Of each opening that no probe caused: how many calls had failed in the 30 seconds before. */
  readonly spikes: number[] = [];
  readonly #failedAt: number[] = [];
  /** The document as the last write left it. */
  shared: BreakerState = readBreaker(undefined);
  /** The calls that Twilio has not answered, each with whether it was a probe. */
  readonly flying = new Set<{ readonly probe: boolean }>();
  readonly #containers: CircuitBreaker[];
  #ids = 0;

  constructor(
    size: number,
    { raw = {}, store = createMemoryStore() }: { raw?: object; store?: GuardStore } = {},
  ) {
    const watched: Pick<GuardStore, 'load' | 'save'> = {
      load: async (...request) => {
        this.loads += 1;
        this.#mustBeUp();
        return await store.load(...request);
      },
      save: async (key, version, document, now, expiresAt) => {
        this.saves += 1;
        this.#mustBeUp();
        const saved = await store.save(key, version, document, now, expiresAt);
        if (saved !== null) this.shared = readBreaker(document);
        return saved;
      },
    };
    this.#containers = Array.from(
      { length: size },
      () =>
        new CircuitBreaker({
          store: watched,
          policy: v.parse(breakerPolicy, raw),
          clock: () => this.now,
          newId: () => {
            this.#ids += 1;
            return `id${this.#ids}`;
          },
          onChange: (change) => this.#changed(change),
        }),
    );
  }

  #changed(change: string): void {
    if (change === 'open' && this.changes.at(-1) !== 'half_open')
      this.spikes.push(this.#failedAt.filter((at) => at > this.now - 30 * second).length);
    this.changes.push(change);
  }

  #mustBeUp(): void {
    if (this.storeDown) throw new RunError('store_unavailable');
  }

  probes(): number {
    return [...this.flying].filter(({ probe }) => probe).length;
  }

  breaker(container: number): CircuitBreaker {
    const breaker = this.#containers[container];
    if (breaker === undefined) throw new Error('no such container');
    return breaker;
  }

  admit(container: number): Pass {
    return this.breaker(container).admit();
  }

  /** A request whose call to Twilio stays unanswered until the test lets it be. */
  begin(container: number, outcome: OutcomeName): Started {
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    const ended = this.#request(container, async () => {
      const { open } = this.shared;
      const call = { probe: open !== null && this.now >= open.until };
      this.flying.add(call);
      await answered;
      this.flying.delete(call);
      const thrown = outcomes[outcome]();
      if (outcome === 'ill') this.#failedAt.push(this.now);
      if (thrown !== undefined) throw thrown;
    });
    return { ended, answer };
  }

  async #request(container: number, twilio: () => Promise<void>): Promise<Ended> {
    const asked = await this.breaker(container).ask(this.admit(container), twilio);
    if (asked.kind !== 'answered' && !(asked.error instanceof RunError)) throw asked.error;
    if (asked.kind === 'refused' && asked.error instanceof RunError) {
      const { code, details } = asked.error;
      expect([code, details.reason, details.effect]).toEqual([
        'upstream_unavailable',
        'breaker_open',
        'none',
      ]);
      return details.retryAfter ?? 0;
    }
    return 'asked';
  }

  async call(container: number, outcome: OutcomeName): Promise<Ended> {
    const { ended, answer } = this.begin(container, outcome);
    answer();
    return await ended;
  }

  /** A request that Twilio never answers. */
  async hang(container: number): Promise<void> {
    this.begin(container, 'healthy');
    await everythingElse();
  }

  async fail(container: number, times: number): Promise<void> {
    for (let time = 0; time < times; time += 1) await this.call(container, 'ill');
  }
}

/** A container that reads at once what the store holds, but hears of it late where the test says so. */
const slowReading = () => {
  const store = createMemoryStore();
  let heard: Promise<void> = Promise.resolve();
  const load: GuardStore['load'] = async (...request) => {
    const found = await store.load(...request);
    await heard;
    return found;
  };
  const slow = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    heard = promise;
    return resolve;
  };
  return { fleet: new Fleet(1, { store: { ...store, load } }), slow };
};

describe('a fleet whose Twilio is well', () => {
  test('writes nothing, and each container reads at most once in 5 seconds', async () => {
    const fleet = new Fleet(3);
    for (let tick = 0; tick < 600; tick += 1) {
      expect(await fleet.call(tick % 3, tick % 2 === 0 ? 'healthy' : 'refusedByTwilio')).toBe('asked');
      fleet.now += 100;
    }
    expect(fleet.saves).toBe(0);
    expect(fleet.loads).toBeLessThanOrEqual(3 * 12);
  });

  test('waits for a reading before it asks Twilio only where it has read nothing for 15 seconds', async () => {
    const { fleet, slow } = slowReading();
    await fleet.call(0, 'healthy');
    const done = slow();
    fleet.now += 14_999;
    await fleet.hang(0);
    expect(fleet.loads).toBe(2);
    expect(fleet.flying.size).toBe(1);
    fleet.now += 1;
    await fleet.hang(0);
    expect(fleet.flying.size).toBe(1);
    done();
    await everythingElse();
    expect(fleet.flying.size).toBe(2);
  });

  test('leaves no reading behind when it has answered', async () => {
    const { fleet, slow } = slowReading();
    await fleet.call(0, 'healthy');
    const done = slow();
    fleet.now += 5 * second;
    let ended = false;
    const call = fleet.call(0, 'healthy').finally(() => {
      ended = true;
    });
    await everythingElse();
    expect(ended).toBe(false);
    done();
    expect(await call).toBe('asked');
  });

  test('does not mind failures that are few, or that are not Twilio’s', async () => {
    const fleet = new Fleet(2);
    await fleet.fail(0, 9);
    for (let time = 0; time < 50; time += 1) await fleet.call(1, 'noSecret');
    expect(await fleet.call(0, 'healthy')).toBe('asked');
    expect(fleet.changes).toEqual([]);
  });
});

describe('a spike of failures', () => {
  test('is held back by its container at once, by the others with the first reading after it', async () => {
    const fleet = new Fleet(2);
    await fleet.call(1, 'healthy');
    await fleet.fail(0, 10);
    expect(await fleet.call(0, 'healthy')).toBe(15);
    fleet.now += 5 * second;
    expect(await fleet.call(1, 'healthy')).toBe('asked');
    expect(await fleet.call(1, 'healthy')).toBe(10);
    expect(fleet.changes).toEqual(['open']);
  });

  test('is seen when each container has only a part of it', async () => {
    const fleet = new Fleet(10);
    for (let container = 0; container < 10; container += 1) await fleet.call(container, 'ill');
    expect(fleet.changes).toEqual(['open']);
  });

  test('is told of once a second, until it is one', async () => {
    const fleet = new Fleet(1);
    await fleet.fail(0, 9);
    expect(fleet.saves).toBe(1);
    fleet.now += second;
    await fleet.call(0, 'ill');
    expect(fleet.saves).toBe(2);
    expect(fleet.changes).toEqual(['open']);
  });

  test('is not forgotten over a reading that is older', async () => {
    const { fleet, slow } = slowReading();
    await fleet.call(0, 'healthy');
    const done = slow();
    fleet.now += 5 * second;
    const calls = Array.from({ length: 10 }, () => fleet.call(0, 'ill'));
    await everythingElse();
    expect(fleet.changes).toEqual(['open']);
    done();
    await Promise.all(calls);
    expect(await fleet.call(0, 'healthy')).toBe(15);
  });

  test('is not forgotten where others always wrote first', async () => {
    const store = createMemoryStore();
    let lost = 3;
    const fleet = new Fleet(1, {
      store: {
        ...store,
        save: async (...request) => {
          lost -= 1;
          return lost >= 0 ? null : await store.save(...request);
        },
      },
    });
    await fleet.fail(0, 10);
    expect(fleet.changes).toEqual(['open']);
  });

  test('is told from a few failures among many containers that are well', async () => {
    const fleet = new Fleet(100);
    // Each container has one call in the window; every fifth fails.
    for (let container = 0; container < 100; container += 1) {
      expect(await fleet.call(container, container % 5 === 0 ? 'ill' : 'healthy')).toBe('asked');
      fleet.now += 250;
    }
    expect(fleet.changes).toEqual([]);
  });

  test('is known to a container that has just begun, before it asks Twilio', async () => {
    const fleet = new Fleet(2);
    await fleet.fail(0, 10);
    fleet.now += 2_500;
    expect(await fleet.call(1, 'healthy')).toBe(13);
  });

  test('costs no reading, no writing and no waiting while the breaker is open', async () => {
    const fleet = new Fleet(1);
    await fleet.fail(0, 10);
    expect(fleet.admit(0).refusal?.code).toBe('upstream_unavailable');
    const { loads, saves } = fleet;
    for (let time = 0; time < 140; time += 1) {
      expect(await fleet.call(0, 'healthy')).toBeGreaterThan(0);
      fleet.now += 100;
    }
    expect([fleet.loads, fleet.saves]).toEqual([loads, saves]);
  });

  test('is nothing to a breaker that is off', async () => {
    const fleet = new Fleet(1, { raw: { mode: 'off' } });
    await fleet.fail(0, 50);
    expect(await fleet.call(0, 'healthy')).toBe('asked');
    expect(fleet.loads + fleet.saves).toBe(0);
  });
});

describe('after the opening', () => {
  const halfOpen = async (size: number, store?: GuardStore): Promise<Fleet> => {
    const fleet = new Fleet(size, store === undefined ? {} : { store });
    await fleet.fail(0, 10);
    fleet.now += 15 * second;
    return fleet;
  };

  test('one probe goes, the others are told to come back, and a good one closes for all', async () => {
    const fleet = await halfOpen(3);
    const probe = fleet.begin(1, 'healthy');
    expect(await fleet.call(2, 'healthy')).toBe(1);
    expect(await fleet.call(0, 'healthy')).toBe(1);
    expect(fleet.probes()).toBe(1);
    probe.answer();
    expect(await probe.ended).toBe('asked');
    fleet.now += second;
    expect(await fleet.call(0, 'healthy')).toBe('asked');
    expect(await fleet.call(2, 'healthy')).toBe('asked');
    expect(fleet.changes).toEqual(['open', 'half_open', 'closed']);
  });

  test('a bad probe opens it again for twice as long', async () => {
    const fleet = await halfOpen(2);
    await fleet.call(1, 'ill');
    expect(await fleet.call(0, 'healthy')).toBe(30);
    expect(await fleet.call(1, 'healthy')).toBe(30);
    expect(fleet.changes).toEqual(['open', 'half_open', 'open']);
  });

  test('a probe that never comes back holds the others up for 15 seconds', async () => {
    const fleet = await halfOpen(2);
    await fleet.hang(0);
    fleet.now += 14_999;
    expect(await fleet.call(1, 'healthy')).toBe(1);
    fleet.now += 1;
    expect(await fleet.call(1, 'healthy')).toBe('asked');
    expect(fleet.changes.at(-1)).toBe('closed');
  });

  test('a probe that never reached Twilio is followed by another a second later', async () => {
    const fleet = await halfOpen(2);
    await fleet.call(0, 'noSecret');
    expect(await fleet.call(1, 'healthy')).toBe(1);
    fleet.now += second;
    expect(await fleet.call(1, 'healthy')).toBe('asked');
    expect(fleet.changes.at(-1)).toBe('closed');
  });

  test('requests of one process claim the probe once', async () => {
    const fleet = await halfOpen(1);
    const { loads, saves } = fleet;
    const calls = Array.from({ length: 50 }, () => fleet.begin(0, 'healthy'));
    await everythingElse();
    expect([fleet.loads - loads, fleet.saves - saves, fleet.flying.size]).toEqual([0, 1, 1]);
    calls[0]?.answer();
    expect((await Promise.all(calls.map(({ ended }) => ended))).filter((end) => end === 'asked')).toEqual([
      'asked',
    ]);
  });

  test('requests of one process look at the store once a second while another probes', async () => {
    const fleet = await halfOpen(2);
    await fleet.hang(0);
    await fleet.call(1, 'healthy');
    const { loads, saves } = fleet;
    for (let time = 0; time < 100; time += 1) {
      expect(await fleet.call(1, 'healthy')).toBe(1);
      fleet.now += 100;
    }
    expect(fleet.loads - loads).toBeLessThanOrEqual(10);
    expect(fleet.saves).toBe(saves);
  });

  test('a document that was deleted by hand closes for all', async () => {
    const store = createMemoryStore();
    const fleet = await halfOpen(2, store);
    const { version } = await store.load('breaker', fleet.now);
    await store.save('breaker', version, null, fleet.now, 0);
    await fleet.hang(0);
    await fleet.hang(1);
    expect(fleet.flying.size).toBe(2);
    expect(fleet.changes).toEqual(['open']);
  });

  test('a claim whose reply was lost still is this container’s', async () => {
    const store = createMemoryStore();
    let lose = false;
    const losing: GuardStore = {
      ...store,
      save: async (...request) => {
        const saved = await store.save(...request);
        return lose ? null : saved;
      },
    };
    const fleet = await halfOpen(1, losing);
    lose = true;
    expect(await fleet.call(0, 'healthy')).toBe('asked');
  });
});

describe('without the store', () => {
  test('a container that knows of nothing asks Twilio, and is never told of the store', async () => {
    const fleet = new Fleet(1);
    fleet.storeDown = true;
    expect(await fleet.call(0, 'healthy')).toBe('asked');
  });

  test('the store is tried once in 5 seconds, not at each request', async () => {
    const fleet = new Fleet(1);
    fleet.storeDown = true;
    for (let time = 0; time < 100; time += 1) {
      await fleet.call(0, 'healthy');
      fleet.now += 100;
    }
    expect(fleet.loads).toBeLessThanOrEqual(2);
  });

  test('a container opens, probes and closes by what it sees itself', async () => {
    const fleet = new Fleet(1);
    fleet.storeDown = true;
    await fleet.fail(0, 10);
    expect(await fleet.call(0, 'healthy')).toBe(15);
    fleet.now += 15 * second;
    const probe = fleet.begin(0, 'healthy');
    expect(await fleet.call(0, 'healthy')).toBe(1);
    probe.answer();
    await probe.ended;
    expect(await fleet.call(0, 'healthy')).toBe('asked');
    expect(fleet.changes).toEqual(['open', 'half_open', 'closed']);
  });

  test('a breaker that was half open when it went lets each container probe', async () => {
    const fleet = new Fleet(2);
    await fleet.fail(0, 10);
    await fleet.call(1, 'healthy');
    fleet.storeDown = true;
    fleet.now += 15 * second;
    expect(await fleet.call(0, 'healthy')).toBe('asked');
    expect(await fleet.call(1, 'healthy')).toBe('asked');
    expect(await fleet.call(1, 'healthy')).toBe('asked');
  });

  test('the fleet agrees again when it is back', async () => {
    const fleet = new Fleet(2);
    await fleet.fail(0, 10);
    fleet.storeDown = true;
    fleet.now += 15 * second;
    await fleet.call(0, 'healthy');
    fleet.storeDown = false;
    fleet.now += 5 * second;
    expect(await fleet.call(1, 'healthy')).toBe('asked');
    fleet.now += 5 * second;
    expect(await fleet.call(0, 'healthy')).toBe('asked');
    expect(fleet.shared.open).toBeNull();
  });
});

interface EndedCall {
  readonly at: number;
  readonly outcome: OutcomeName;
}

/** The rule, said in another way: 10 failures in 30 seconds, told by whole seconds, and half of all. */
const isSpikeAt = (now: number, ended: readonly EndedCall[]): boolean => {
  const recent = ended.filter(
    ({ at, outcome }) => outcome !== 'noSecret' && Math.floor(at / second) * second > now - 30 * second,
  );
  const failed = recent.filter(({ outcome }) => outcome === 'ill').length;
  return failed >= 10 && failed * 2 >= recent.length;
};

const outcome = fc.constantFrom<OutcomeName>('ill', 'ill', 'ill', 'healthy', 'refusedByTwilio', 'noSecret');

describe('any schedule', () => {
  test('of one container opens exactly on a spike', async () => {
    const step = fc.record({ outcome, wait: fc.integer({ min: 0, max: 1_500 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        const fleet = new Fleet(1);
        const ended: EndedCall[] = [];
        for (const { outcome, wait } of steps) {
          fleet.now += wait;
          await fleet.call(0, outcome);
          ended.push({ at: fleet.now, outcome });
          const isOpen = fleet.changes.includes('open');
          // A healthy call makes no spike, but may tell of one that showed when old calls left the window.
          expect(isOpen).toBe((outcome === 'ill' || isOpen) && isSpikeAt(fleet.now, ended));
          if (isOpen) break;
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('of many containers has one probe at most, and opens on a spike', async () => {
    class Run {
      readonly fleet = new Fleet(5, { raw: { min_failures: 3 } });
      held: (Started & { readonly at: number })[] = [];

      begin(container: number, outcome: OutcomeName, holds: boolean): void {
        const started = this.fleet.begin(container, outcome);
        if (holds) this.held.push({ ...started, at: this.fleet.now });
        else started.answer();
      }

      /** Twilio's answer is waited for 5 seconds at most. */
      wait(milliseconds: number): void {
        this.fleet.now += milliseconds;
        this.answer(({ at }) => this.fleet.now - at >= 5 * second);
      }

      answer(which: (call: { readonly at: number }) => boolean): void {
        for (const { answer } of this.held.filter(which)) answer();
        this.held = this.held.filter((call) => !which(call));
      }
    }
    const begin = fc
      .tuple(fc.nat(4), outcome, fc.boolean())
      .map((request) => (run: Run) => run.begin(...request));
    const wait = fc.integer({ min: 1, max: 8_000 }).map((time) => (run: Run) => run.wait(time));
    const answer = fc.constant((run: Run) => run.answer(() => true));
    const step = fc.oneof(
      { weight: 8, arbitrary: begin },
      { weight: 2, arbitrary: wait },
      { weight: 1, arbitrary: answer },
    );
    const seen = { probes: 0, closed: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 200 }), async (steps) => {
        const run = new Run();
        for (const step of steps) {
          step(run);
          await everythingElse();
          expect(run.fleet.probes()).toBeLessThanOrEqual(1);
          seen.probes += run.fleet.probes();
        }
        for (const failures of run.fleet.spikes) expect(failures).toBeGreaterThanOrEqual(3);
        seen.closed += run.fleet.changes.filter((change) => change === 'closed').length;
      }),
      { numRuns: 1_000 },
    );
    // The schedules do get there.
    expect(Math.min(seen.probes, seen.closed)).toBeGreaterThan(0);
  });

  test('of what the store does first has one probe at most', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(outcome, { minLength: 2, maxLength: 12 }),
        async (scheduler, calls) => {
          const store = createMemoryStore();
          const fleet = new Fleet(4, {
            store: {
              ...store,
              load: async (...request) =>
                await scheduler.schedule(Promise.resolve()).then(() => store.load(...request)),
              save: async (...request) =>
                await scheduler.schedule(Promise.resolve()).then(() => store.save(...request)),
            },
          });
          await scheduler.waitFor(fleet.fail(0, 10));
          fleet.now += 15 * second;
          let most = 0;
          const started = calls.map((outcome, at) => fleet.begin(at % 4, outcome));
          const looking = Promise.all(started.map(({ ended }) => ended));
          for (const { answer } of started) {
            await scheduler.waitIdle();
            most = Math.max(most, fleet.probes());
            answer();
          }
          await scheduler.waitFor(looking);
          expect(most).toBe(1);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('of failures has bounded writes and reads', async () => {
    const step = fc.record({ container: fc.nat(4), outcome, wait: fc.integer({ min: 0, max: 400 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 50, maxLength: 200 }), async (steps) => {
        const fleet = new Fleet(5);
        for (const { container, outcome, wait } of steps) {
          await fleet.call(container, outcome);
          fleet.now += wait;
        }
        // Each container tells once a second at most, again once it has read what it missed; a probe writes twice.
        const seconds = Math.ceil((fleet.now - start) / second) + 1;
        const openings = fleet.changes.length;
        expect(fleet.saves).toBeLessThanOrEqual(5 * 2 * (seconds + openings));
        expect(fleet.loads).toBeLessThanOrEqual(5 * 2 * (seconds + openings));
      }),
    );
  });
});
