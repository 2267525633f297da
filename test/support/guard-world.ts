import { createGuard } from '../../functions/guard/limits/create-limits.ts';
import type { Guard, GuardParts, GuessRequest, SendRequest } from '../../functions/guard/limits/limits.ts';
import { parsePolicy } from '../../functions/guard/policy/policy.ts';
import type { GuardStore } from '../../functions/guard/store/store.ts';
import { createKeyedHash } from '../../functions/privacy/keyed-hash.ts';
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
  readonly guard: Guard;
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

/** Asks a guard for a start and has the provider send it. */
export const startWith = async (
  guard: Guard,
  provider: Pick<FakeProvider, 'start'>,
  asked: AskedStart = {},
): Promise<GuardOutcome> => {
  const { to = someNumber, service = someService, channel = 'sms', caller = direct } = asked;
  const request: SendRequest = {
    service: service as ServiceSid,
    destination: to as Destination,
    channel,
    caller,
    idempotencyKey: asked.key,
    payload: asked.payload ?? '',
  };
  try {
    const reserved = await guard.reserveSend(request);
    if (reserved.replay !== null) return answered('replayed', reserved.replay.sid, reserved.replay.hints);
    const { sid, hints } = await reserved.settle(provider.start(service, to, asked.fault));
    return answered('sent', sid, hints);
  } catch (thrown) {
    return refused(thrown);
  }
};

/** Asks a guard for a check and has the provider judge it. */
export const checkWith = async (
  guard: Guard,
  provider: Pick<FakeProvider, 'check'>,
  code: string,
  asked: AskedCheck = {},
): Promise<GuardOutcome> => {
  const { to = someNumber, service = someService, caller = direct, sid } = asked;
  const request: GuessRequest = {
    service: service as ServiceSid,
    destination: to as Destination,
    caller,
    code,
    sid,
  };
  try {
    const reserved = await guard.reserveGuess(request);
    const answer = reserved.known ?? (await reserved.settle(provider.check(service, to, code, asked.fault)));
    return answered(answer.approvedSid === null ? 'wrong' : 'approved', answer.approvedSid, answer.hints);
  } catch (thrown) {
    return refused(thrown);
  }
};

let ids = 0;

/** The parts of a guard for tests: what is not given is in memory, and waiting takes no time but yields to others. */
export const guardParts = (parts: Partial<GuardParts> & Pick<GuardParts, 'clock'>): GuardParts => ({
  store: createMemoryStore(),
  hash: async () => createKeyedHash('a key for tests only'),
  policy: parsePolicy({}),
  pause: () => new Promise((resolve) => setImmediate(resolve)),
  onTestNumber: () => undefined,
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
  const guard = createGuard(
    guardParts({
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
    guard,
    storeFailures,
    rotate: () => {
      hash = createKeyedHash('another key for tests', { hash, until: world.now });
    },
    start: (asked?: AskedStart) => startWith(guard, provider, asked),
    check: (code: string, asked?: AskedCheck) => checkWith(guard, provider, code, asked),
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
