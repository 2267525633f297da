import { CheckReservation } from '../../functions/guard/limits/check-reservation.ts';
import { JudgedWrong } from '../../functions/guard/limits/judged-wrong.ts';
import type { CheckAnswer, LimitsParts } from '../../functions/guard/limits/limits.ts';
import { type Objections, SendReservation } from '../../functions/guard/limits/send-reservation.ts';
import { parsePolicy } from '../../functions/guard/policy/policy.ts';
import { HashedRequest } from '../../functions/guard/request/hashed-request.ts';
import type { GuardStore } from '../../functions/guard/store/store.ts';
import { createKeyedHash, type KeyedHash } from '../../functions/privacy/keyed-hash.ts';
import type { Caller } from '../../functions/runtime/define-function.ts';
import type { Hints } from '../../functions/runtime/envelope.ts';
import { type ErrorCode, RunError } from '../../functions/runtime/errors.ts';
import type { Channel } from '../../functions/verify/channel.ts';
import type { Destination } from '../../functions/verify/destination.ts';
import type { ServiceSid } from '../../functions/verify/provider.ts';
import { createFakeProvider, type FakeProvider, type ProviderFault } from './guard-provider.ts';
import { createMemoryStore } from './memory-store.ts';

/** What a start or a check was answered with, as a test compares it. */
export interface GuardOutcome {
  readonly kind: 'sent' | 'replayed' | 'approved' | 'wrong' | ErrorCode;
  readonly sid: string | null;
  readonly limit: string | undefined;
  readonly retryAfter: number | undefined;
  readonly hints: Hints;
}

/** A start or a check with what differs from the usual one. */
interface Asked {
  readonly to?: string;
  readonly caller?: Caller;
  readonly service?: string;
  readonly fault?: ProviderFault | undefined;
}
export interface AskedStart extends Asked {
  readonly channel?: Channel;
  readonly key?: string;
  readonly payload?: string;
}
export interface AskedCheck extends Asked {
  readonly sid?: string | undefined;
}

/** A guard over a store and a provider, with a clock that a test sets. */
export interface GuardWorld {
  now: number;
  readonly store: GuardStore;
  readonly provider: FakeProvider;
  readonly limits: TestLimits;
  /** What the guard was told of a store that is down. */
  readonly storeFailures: string[];
  /** Changes the key that everything is hashed with. */
  rotate(): void;
  start(asked?: AskedStart): Promise<GuardOutcome>;
  check(code: string, asked?: AskedCheck): Promise<GuardOutcome>;
  /** The right code, or one that is right nowhere. */
  code(asked?: Asked): string;
  /** Moves the clock on by so many milliseconds. */
  pass(milliseconds: number): void;
}

/** The number that is meant where a test names none. */
export const someNumber = '+15005550006';
const someService = `VA${'0'.repeat(32)}`;
/** A code that the fake provider never sends. */
export const wrongCode = '000000';

/** A caller over HTTP. */
export const http = (ip: string, identity?: string): Caller => ({ kind: 'http', ip, identity });
/** Another Lambda, of whose user nothing is known. */
export const direct: Caller = { kind: 'direct' };

const answered = (kind: GuardOutcome['kind'], sid: string | null, hints: Hints): GuardOutcome => ({
  kind,
  sid,
  limit: undefined,
  retryAfter: undefined,
  hints,
});

/** @throws whatever is no foreseen failure. */
const refused = (thrown: unknown): GuardOutcome => {
  if (!(thrown instanceof RunError)) throw thrown;
  const { hints = {}, limit, retryAfter } = thrown.details;
  return { kind: thrown.code, sid: null, limit, retryAfter, hints };
};

/** The limits of one container, as the guard asks them. */
export interface TestLimits {
  send(asked?: AskedStart): Promise<SendReservation>;
  check(code: string, asked?: AskedCheck): Promise<CheckReservation>;
}

/** What a test's limits stand on: those of the guard, and the hash under the deployment's destination key. */
export interface TestLimitsParts extends LimitsParts {
  /** A new id, never given before. */
  readonly newId: () => string;
  readonly hash: () => Promise<KeyedHash>;
}

/** The limits of one container over their parts. */
export const createLimits = (parts: TestLimitsParts): TestLimits => {
  const judgedWrong = new JudgedWrong();
  const hashed = async (name: string, { to = someNumber, service = someService, caller = direct }: Asked) => {
    const asked = {
      function: name,
      service: service as ServiceSid,
      destination: to as Destination,
      caller,
    };
    return new HashedRequest(asked, await parts.hash(), parts.clock(), parts.newId());
  };
  return {
    async send(asked = {}) {
      const request = await hashed('start_verification', asked);
      const { channel = 'sms', key, payload = '' } = asked;
      return new SendReservation(parts, request, { channel, idempotencyKey: key, payload });
    },
    async check(code, asked = {}) {
      const request = await hashed('check_verification', asked);
      return new CheckReservation(parts, request, { code, sid: asked.sid }, judgedWrong);
    },
  };
};

const noObjections: Promise<Objections> = Promise.resolve({ unverified: undefined, verified: undefined });

/** Asks the limits for a start and has the provider send it. */
export const startWith = async (
  limits: TestLimits,
  provider: Pick<FakeProvider, 'start'>,
  asked: AskedStart = {},
): Promise<GuardOutcome> => {
  const { to = someNumber, service = someService } = asked;
  const reservation = await limits.send(asked);
  const reserved = await reservation.reserve(noObjections);
  if (reserved.kind === 'refused') return refused(reserved.error);
  if (reserved.kind === 'answered') return answered('replayed', reserved.answer.sid, reserved.answer.hints);
  try {
    const { sid, hints } = await reservation.sent(await provider.start(service, to, asked.fault));
    return answered('sent', sid, hints);
  } catch (thrown) {
    return refused(await reservation.failed(thrown));
  }
};

/** Asks the limits for a check and has the provider judge it. */
export const checkWith = async (
  limits: TestLimits,
  provider: Pick<FakeProvider, 'check'>,
  code: string,
  asked: AskedCheck = {},
): Promise<GuardOutcome> => {
  const { to = someNumber, service = someService } = asked;
  const done = ({ approvedSid, hints }: CheckAnswer) =>
    answered(approvedSid === null ? 'wrong' : 'approved', approvedSid, hints);
  const reservation = await limits.check(code, asked);
  const reserved = await reservation.reserve();
  if (reserved.kind === 'refused') return refused(reserved.error);
  if (reserved.kind === 'answered') return done(reserved.answer);
  try {
    return done(await reservation.judged(await provider.check(service, to, code, asked.fault)));
  } catch (thrown) {
    const ended = await reservation.unjudged(thrown);
    return ended.kind === 'answered' ? done(ended.answer) : refused(ended.error);
  }
};

let ids = 0;

/** The parts of limits for tests: what is not given is in memory, and waiting takes no time but yields to others. */
export const limitsParts = (
  parts: Partial<TestLimitsParts> & Pick<LimitsParts, 'clock'>,
): TestLimitsParts => ({
  store: createMemoryStore(),
  hash: async () => createKeyedHash('a key for tests only'),
  policy: parsePolicy({}),
  pause: () => new Promise((resolve) => setImmediate(resolve)),
  newId: () => {
    ids += 1;
    // Races run in several processes, and no id may ever be given twice.
    return `request-${process.pid}-${ids}`;
  },
  onStoreFailure: () => undefined,
  ...parts,
});

/** A world in memory. `policy` is as an operator writes it; `store` stands in for the store. */
export const createGuardWorld = (
  policy: unknown = {},
  store: GuardStore = createMemoryStore(),
): GuardWorld => {
  const storeFailures: string[] = [];
  const world = { now: Date.UTC(2026, 0, 1) };
  let hash = createKeyedHash('a key for tests only');
  const clock = () => world.now;
  const provider = createFakeProvider(clock);
  const limits = createLimits(
    limitsParts({
      store,
      policy: parsePolicy(policy),
      clock,
      hash: async () => hash,
      // Looking again costs the time it would take.
      pause: async (milliseconds) => {
        const over = world.now + milliseconds;
        await new Promise((resolve) => setImmediate(resolve));
        world.now = Math.max(world.now, over);
      },
      onStoreFailure: (kind, done) => void storeFailures.push(`${kind} ${done}`),
    }),
  );
  return Object.assign(world, {
    store,
    provider,
    limits,
    storeFailures,
    rotate: () => {
      hash = createKeyedHash('another key for tests', { hash, until: world.now });
    },
    start: (asked?: AskedStart) => startWith(limits, provider, asked),
    check: (code: string, asked?: AskedCheck) => checkWith(limits, provider, code, asked),
    code: ({ service = someService, to = someNumber }: Asked = {}) =>
      provider.pending(service, to)?.code ?? wrongCode,
    pass: (milliseconds: number) => {
      world.now += milliseconds;
    },
  });
};

/** The parts of a policy that a test of one limit leaves off. */
export const noLimits = {
  send_per_to_per_10m: 0,
  send_per_to_per_24h: 0,
  send_per_ip_per_10m: 0,
  send_per_identity_per_10m: 0,
  check_per_identity_per_10m: 0,
  resend_cooldown_seconds: 0,
  cooldown_seconds_after_failed_check: [],
};
