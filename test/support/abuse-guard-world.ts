import type { AbuseGuard } from '../../functions/guard/abuse-guard.ts';
import { assembleGuard } from '../../functions/guard/assemble-guard.ts';
import { type Decision, readDecision } from '../../functions/guard/decision-log.ts';
import { parsePolicy } from '../../functions/guard/policy/policy.ts';
import type { GuardStore } from '../../functions/guard/store/store.ts';
import { createGuardWatch } from '../../functions/observability/guard-watch.ts';
import { createKeyedHash } from '../../functions/privacy/keyed-hash.ts';
import type { Caller } from '../../functions/runtime/define-function.ts';
import { RunError } from '../../functions/runtime/errors.ts';
import type { Channel } from '../../functions/verify/channel.ts';
import type { Destination } from '../../functions/verify/destination.ts';
import type { ServiceSid } from '../../functions/verify/provider.ts';
import { createFakeProvider } from './guard-provider.ts';
import { http } from './guard-world.ts';
import { createMemoryStore } from './memory-store.ts';

const service = `VA${'0'.repeat(32)}` as ServiceSid;

/** How a start or a check ended, as a test compares it: an outcome, or the code and the reason of a refusal. */
interface Ended {
  readonly kind: string;
  readonly reason?: string | undefined;
  readonly retryAfter?: number | undefined;
}

interface AskedStart {
  readonly channel?: Channel;
  readonly caller?: Caller;
  /** What Twilio throws. */
  readonly failure?: RunError;
  /** Twilio answers no sooner. */
  readonly until?: Promise<void>;
  /** Done once Twilio is asked. */
  readonly onAsked?: () => void;
}

/** Twilio's answers that a test wants. */
export const refusedBy = (reason: string, code: 'blocked' | 'channel_unavailable' = 'blocked') =>
  new RunError(code, {
    reason,
    effect: 'none',
    twilio: 'healthy',
    ...(reason === 'twilio_21610' && { remember: 'recipient' }),
    ...(reason === 'twilio_60410' && { remember: 'range' }),
  });
export const outage = new RunError('upstream_timeout', {
  reason: 'twilio_timeout',
  effect: 'unknown',
  twilio: 'failed',
});

/** A store that keeps a list of its requests, and whose answers take some turns of the event loop. */
const watched = (inner: GuardStore) => {
  const requests: string[] = [];
  let open = 0;
  let isDown = false;
  const slow =
    <A extends unknown[], R>(name: string, call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      requests.push(name);
      open += 1;
      try {
        // What only gives counsel comes last, so that it is never there by the time that something else was waited for.
        const turns = name === 'counters' || args[0]?.toString().startsWith('prefix#') ? 40 : 3;
        for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        if (isDown) throw new RunError('store_unavailable', { reason: 'dynamodb', retryAfter: 5 });
        return await call(...args);
      } finally {
        open -= 1;
      }
    };
  const store: GuardStore = {
    probe: slow('probe', inner.probe),
    load: slow('load', inner.load),
    save: slow('save', inner.save),
    take: slow('take', inner.take),
    adopt: slow('adopt', inner.adopt),
    giveBack: slow('giveBack', inner.giveBack),
    add: slow('add', inner.add),
    counters: slow('counters', inner.counters),
  };
  const fail = () => {
    isDown = true;
  };
  return { store, requests, open: () => open, fail };
};

const ended = async (running: Promise<string>): Promise<Ended> => {
  try {
    return { kind: await running };
  } catch (thrown) {
    if (!(thrown instanceof RunError)) throw thrown;
    const { reason, retryAfter } = thrown.details;
    return { kind: thrown.code, reason, retryAfter };
  }
};

/** The assembled guard over memory, with everything it does on the way. */
export interface AbuseWorld {
  readonly guard: AbuseGuard;
  /** Every request to the store, by name, oldest first. */
  readonly requests: string[];
  /** How many requests to the store have no answer yet. */
  open(): number;
  /** From now on the table fails. */
  readonly fail: () => void;
  /** Log lines, as they are written. */
  readonly lines: string[];
  readonly metrics: { readonly name: string; readonly dimensions: object }[];
  /** How often Twilio was asked to send and to judge. */
  readonly asked: { starts: number; checks: number };
  /** The decisions that can be read back from the log. */
  decisions(): readonly Decision[];
  start(to: string, asked?: AskedStart): Promise<Ended>;
  check(to: string, code: string, failure?: RunError): Promise<Ended>;
  /** The code that waits on a phone. */
  code(to: string): string;
  /** Moves the clock on by so many milliseconds. */
  pass(milliseconds: number): void;
  /** The same world, served by another container under another policy. */
  under(policy: object): AbuseWorld;
}

/** @param lineType - what Lookup says of every number. */
export const createAbuseWorld = (policy: object = {}, lineType = 'mobile'): AbuseWorld => {
  const time = { now: Date.UTC(2026, 10, 21, 12) };
  const clock = () => time.now;
  const table = watched(createMemoryStore());
  const provider = createFakeProvider(clock);
  const asked = { starts: 0, checks: 0 };

  const serveUnder = (policy: object): AbuseWorld => {
    const lines: string[] = [];
    const metrics: { name: string; dimensions: object }[] = [];
    const watch = createGuardWatch(
      (event, fields) => void lines.push(JSON.stringify({ event, ...fields })),
      (values, dimensions) => {
        for (const name of Object.keys(values)) metrics.push({ name, dimensions });
      },
      () => 0.05,
    );
    const guard = assembleGuard({
      store: table.store,
      hash: async () => createKeyedHash('a key for tests only'),
      policy: parsePolicy(policy),
      clock,
      lookup: { typeOf: async () => lineType },
      watch,
    });

    const start = async (to: string, { caller = http('198.51.100.1'), ...more }: AskedStart = {}) => {
      const { channel = 'sms', failure, onAsked, until } = more;
      const destination = to as Destination;
      const request = {
        function: 'start_verification',
        service,
        destination,
        channel,
        caller,
        idempotencyKey: undefined,
        payload: '',
      };
      const answer = await guard.start(request, async () => {
        asked.starts += 1;
        onAsked?.();
        await until;
        if (failure !== undefined) throw failure;
        return await provider.start(service, to);
      });
      return answer.hints.replayed === true ? 'replayed' : 'sent';
    };

    const check = async (to: string, code: string, failure?: RunError) => {
      const caller = http('198.51.100.1');
      const destination = to as Destination;
      const request = { function: 'check_verification', service, destination, caller, code, sid: undefined };
      const answer = await guard.check(request, async () => {
        asked.checks += 1;
        if (failure !== undefined) throw failure;
        return await provider.check(service, to, code);
      });
      return answer.approvedSid === null ? 'wrong' : 'approved';
    };

    return {
      guard,
      lines,
      metrics,
      asked,
      requests: table.requests,
      open: table.open,
      fail: table.fail,
      decisions: () => lines.flatMap((line) => readDecision(line) ?? []),
      start: (to, asking) => ended(start(to, asking)),
      check: (to, code, failure) => ended(check(to, code, failure)),
      code: (to) => provider.pending(service, to)?.code ?? '',
      pass: (milliseconds) => {
        time.now += milliseconds;
      },
      under: serveUnder,
    };
  };
  return serveUnder(policy);
};
