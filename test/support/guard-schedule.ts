import fc from 'fast-check';
import { parsePolicy } from '../../functions/guard/policy/policy.ts';
import type { GuardStore } from '../../functions/guard/store/store.ts';
import { createKeyedHash } from '../../functions/privacy/keyed-hash.ts';
import type { Caller } from '../../functions/runtime/define-function.ts';
import { RunError } from '../../functions/runtime/errors.ts';
import type { Channel } from '../../functions/verify/channel.ts';
import { createFakeProvider, type FakeProvider, type ProviderFault } from './guard-provider.ts';
import { checkWith, createLimits, type GuardOutcome, http, limitsParts, startWith } from './guard-world.ts';
import { createMemoryStore } from './memory-store.ts';

/** A request of a schedule. */
export interface ScheduledRequest {
  readonly ask: 'start' | 'check';
  readonly to: string;
  readonly caller: Caller;
  readonly channel: Channel;
  /** Whether a check gives the code that waits, if one does. */
  readonly right: boolean;
  readonly guess: string;
  readonly fault: ProviderFault | undefined;
  /** Where the function dies: never settled, with the provider asked or not. */
  readonly crash: 'before' | 'after' | undefined;
}

/** Requests at the same time, and how far the clock goes meanwhile and after them. */
export interface Batch {
  readonly requests: readonly ScheduledRequest[];
  readonly during: readonly number[];
  readonly after: number;
  /** Which operations of the store fail, before or after their effect. */
  readonly failures: readonly ('before' | 'after' | undefined)[];
}

const callers: readonly Caller[] = [
  http('192.0.2.1'),
  http('192.0.2.2'),
  http('192.0.2.1', 'ada'),
  http('192.0.2.3', 'bob'),
];

const request: fc.Arbitrary<ScheduledRequest> = fc.record({
  ask: fc.constantFrom('start', 'start', 'check'),
  to: fc.constantFrom('+15005550006', '+15005550006', '+15005550009'),
  caller: fc.constantFrom(...callers),
  channel: fc.constantFrom('sms', 'sms', 'call'),
  right: fc.boolean(),
  guess: fc.constantFrom('000000', '000001', '000002'),
  fault: fc.constantFrom(undefined, undefined, undefined, undefined, 'refused', 'lost', 'vanished'),
  crash: fc.constantFrom(undefined, undefined, undefined, undefined, undefined, 'before', 'after'),
});

/** Batches of requests; `failing` lets the store fail. */
export const batches = (failing: boolean): fc.Arbitrary<readonly Batch[]> =>
  fc.array(
    fc.record({
      requests: fc.array(request, { minLength: 1, maxLength: 6 }),
      during: fc.array(fc.integer({ min: 0, max: 9_000 }), { maxLength: 2 }),
      after: fc.oneof(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 0, max: 700_000 })),
      failures: failing
        ? fc.array(fc.constantFrom(undefined, undefined, undefined, 'before', 'after'), { maxLength: 40 })
        : fc.constant([]),
    }),
    { minLength: 1, maxLength: 8 },
  );

/** Something that the provider did, with the moment at which the guard let it. */
export interface Deed {
  readonly request: ScheduledRequest;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly code: string;
}

/** What a schedule came to. */
export interface History {
  readonly provider: FakeProvider;
  /** Messages that went out. */
  readonly sends: readonly Deed[];
  /** Codes that the provider judged and found wrong. */
  readonly wrong: readonly Deed[];
  /** Codes that it approved. */
  readonly approved: readonly Deed[];
  readonly answers: readonly {
    readonly request: ScheduledRequest;
    readonly outcome: GuardOutcome;
    readonly code: string;
    readonly at: number;
  }[];
  /** The most that the clock went on while requests were under way, in milliseconds. */
  readonly slack: number;
}

const down = () => new RunError('store_unavailable', { reason: 'scheduled', retryAfter: 5 });
const never = () => new Promise<never>(() => undefined);

/**
 * Runs batches, choosing at every await which request goes on.
 *
 * @param rotatedBefore - the batch before which the hash is changed.
 */
export const runSchedule = async (
  scheduler: fc.Scheduler,
  schedule: readonly Batch[],
  policy: unknown,
  inner: GuardStore = createMemoryStore(),
  rotatedBefore = Number.POSITIVE_INFINITY,
): Promise<History> => {
  let now = Date.UTC(2026, 0, 1);
  let hash = createKeyedHash('a key for tests only');
  let failures: ('before' | 'after' | undefined)[] = [];
  let slack = 0;
  const provider = createFakeProvider(() => now);
  const history = { sends: [] as Deed[], wrong: [] as Deed[], approved: [] as Deed[] };
  const answers: History['answers'][number][] = [];
  const turn = () => scheduler.schedule(Promise.resolve());

  const step = async <T>(operation: () => Promise<T>): Promise<T> => {
    await turn();
    const failure = failures.shift();
    if (failure === 'before') throw down();
    const result = await operation();
    if (failure === 'after') throw down();
    return result;
  };
  const store: GuardStore = {
    ...inner,
    load: (...asked) => step(() => inner.load(...asked)),
    save: (...asked) => step(() => inner.save(...asked)),
    take: (...asked) => step(() => inner.take(...asked)),
    adopt: (...asked) => step(() => inner.adopt(...asked)),
    giveBack: (...asked) => step(() => inner.giveBack(...asked)),
  };

  const run = async (asked: ScheduledRequest): Promise<void> => {
    let decidedAt = now;
    // The last time that the guard looked at the clock before it let the request through.
    const clock = () => {
      decidedAt = now;
      return now;
    };
    const pause = async (milliseconds: number) => {
      const over = now + milliseconds;
      await turn();
      now = Math.max(now, over);
    };
    const limits = createLimits(
      limitsParts({ store, policy: parsePolicy(policy), clock, pause, hash: async () => hash }),
    );
    const { caller, crash, fault, to } = asked;
    const service = `VA${'0'.repeat(32)}`;
    const code = asked.right ? (provider.pending(service, to)?.code ?? asked.guess) : asked.guess;
    const dying: Pick<FakeProvider, 'start' | 'check'> = {
      async start(...args) {
        const at = decidedAt;
        if (crash === 'before') return await never();
        await turn();
        const before = provider.sends.length;
        const result = await provider.start(...args).finally(() => {
          if (provider.sends.length > before) history.sends.push({ request: asked, at, code });
        });
        return crash === 'after' ? await never() : result;
      },
      async check(...args) {
        const at = decidedAt;
        if (crash === 'before') return await never();
        await turn();
        const result = await provider.check(...args).finally(() => {
          const judged = provider.guesses.at(-1)?.result;
          if (fault === undefined && judged === 'wrong') history.wrong.push({ request: asked, at, code });
          if (judged === 'approved') history.approved.push({ request: asked, at: now, code });
        });
        return crash === 'after' ? await never() : result;
      },
    };
    const outcome = await (asked.ask === 'start'
      ? startWith(limits, dying, { to, caller, channel: asked.channel, fault })
      : checkWith(limits, dying, code, { to, caller, fault }));
    answers.push({ request: asked, outcome, code, at: now });
  };

  for (const [index, { requests, during, after, failures: planned }] of schedule.entries()) {
    const begun = now;
    if (index === rotatedBefore) hash = createKeyedHash('another key for tests', { hash, until: now });
    failures = [...planned];
    for (const asked of requests) void run(asked);
    for (const milliseconds of during)
      void turn().then(() => {
        now += milliseconds;
      });
    await scheduler.waitIdle();
    slack = Math.max(slack, now - begun);
    failures = [];
    now += after;
  }
  return { provider, ...history, answers, slack };
};
