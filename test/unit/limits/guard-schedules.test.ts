import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { approvalEcho } from '../../../functions/guard/limits/check-rules.ts';
import { neverRefused } from '../../support/guard-broken-store.ts';
import { batches, type Deed, type History, runSchedule } from '../../support/guard-schedule.ts';
import { createGuardWorld, http, wrongCode } from '../../support/guard-world.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const tenMinutes = 600_000;
const limits = {
  send_per_to_per_10m: 3,
  send_per_to_per_24h: 5,
  send_per_ip_per_10m: 3,
  send_per_identity_per_10m: 2,
  check_per_identity_per_10m: 3,
  resend_cooldown_seconds: 30,
  cooldown_seconds_after_failed_check: [0, 5, 20],
};
// A check that passes while the store is down is counted by nobody, so here it does not pass.
const policy = { rate_limits: limits, on_store_failure: { start: 'deny', check: 'deny' } };

const by = (deeds: readonly Deed[], key: (deed: Deed) => string | undefined) =>
  Map.groupBy(
    deeds.filter((deed) => key(deed) !== undefined),
    key,
  ).values();

/** Whether no window holds more than its limit, give or take what the clock went on under a request's feet. */
const holds = (
  deeds: readonly Deed[],
  key: (deed: Deed) => string | undefined,
  most: number,
  window: number,
): boolean =>
  [...by(deeds, key)].every((group) => {
    const times = group.map(({ at }) => at).sort((a, b) => a - b);
    return times.slice(most).every((at, index) => at - (times[index] ?? 0) >= window);
  });

const network = ({ request }: Deed) => request.caller.ip;
const identity = ({ request }: Deed) => request.caller.identity;
const to = ({ request }: Deed) => request.to;
const anonymous = (deed: Deed) => (identity(deed) === undefined ? to(deed) : undefined);

const windowsHold = ({ sends, wrong, slack }: History): void => {
  const span = tenMinutes - slack;
  expect(holds(sends, to, 3, span)).toBe(true);
  expect(holds(sends, to, 5, 24 * 3_600_000 - slack)).toBe(true);
  expect(holds(sends, network, 3, span)).toBe(true);
  expect(holds(sends, identity, 2, span)).toBe(true);
  expect(holds(sends, ({ request }) => `${request.to} ${request.channel}`, 1, 30_000 - slack)).toBe(true);
  expect(holds(wrong, identity, 3, span)).toBe(true);
  expect(holds(wrong, anonymous, 3, span)).toBe(true);
};

const approvalsAreTrue = ({ answers, approved, slack }: History): void => {
  for (const { request, outcome, code, at } of answers)
    if (outcome.kind === 'approved')
      expect(
        approved.some(
          (deed) => to(deed) === request.to && deed.code === code && at - deed.at < approvalEcho + slack,
        ),
      ).toBe(true);
};

const startKinds = [
  'sent',
  'replayed',
  'throttled',
  'upstream_timeout',
  'channel_unavailable',
  'max_attempts',
];
const checkKinds = [
  ...['approved', 'wrong', 'throttled', 'upstream_timeout', 'channel_unavailable', 'max_attempts'],
  ...['no_verification', 'expired', 'already_used'],
];

const answersAreForeseen = ({ answers, slack }: History, failing: boolean): void => {
  // Whoever lost every write for seven seconds gives up.
  const mayFail = failing || slack >= 7_000;
  for (const { request, outcome } of answers) {
    const kinds = request.ask === 'start' ? startKinds : checkKinds;
    expect(mayFail ? [...kinds, 'store_unavailable'] : kinds).toContain(outcome.kind);
  }
};

describe('whatever is asked at once, in whatever order it goes on, wherever it dies', () => {
  test.each([
    ['a store that works', false, 3_000],
    ['a store that fails before or after its writes', true, 3_000],
  ])(
    'no window holds more than its limit and no approval is made up, over %s',
    async (_store, failing, numRuns) => {
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), batches(failing), async (scheduler, schedule) => {
          const history = await runSchedule(scheduler, schedule, policy);
          windowsHold(history);
          approvalsAreTrue(history);
          answersAreForeseen(history, failing);
        }),
        { numRuns },
      );
    },
  );

  test('no window holds more than its limit, whenever the hash is changed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        batches(true),
        fc.integer({ min: 0, max: 7 }),
        async (scheduler, schedule, rotatedBefore) => {
          const store = createMemoryStore();
          const history = await runSchedule(scheduler, schedule, policy, store, rotatedBefore);
          windowsHold(history);
          approvalsAreTrue(history);
          answersAreForeseen(history, true);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  test('is seen to fail where two can write on what both have read', async () => {
    const seen = await fc.check(
      fc.asyncProperty(fc.scheduler(), batches(false), async (scheduler, schedule) => {
        windowsHold(await runSchedule(scheduler, schedule, policy, neverRefused(createMemoryStore())));
      }),
      { numRuns: 3_000 },
    );
    expect(seen.failed).toBe(true);
  });
});

describe('one after the other', () => {
  // A verification may run out while its check waits.
  const refusals = ['throttled', 'expired'];
  const steps = fc.array(
    fc.record({
      ask: fc.constantFrom('start', 'start', 'check', 'check', 'right'),
      pass: fc.oneof(fc.integer({ min: 0, max: 9_000 }), fc.integer({ min: 0, max: 400_000 })),
      to: fc.constantFrom('+15005550006', '+15005550009'),
      caller: fc.constantFrom(
        ...[http('192.0.2.1'), http('192.0.2.2'), http('192.0.2.1', 'ada'), http('192.0.2.3', 'bob')],
      ),
      fault: fc.constantFrom(undefined, undefined, undefined, 'refused', 'lost'),
    }),
    { minLength: 1, maxLength: 25 },
  );

  test('a refusal leaves every budget as it was, and Retry-After is tight on both sides', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (schedule) => {
        const inner = createMemoryStore();
        const held = new Map<string, string>();
        let writes = 0;
        const world = createGuardWorld(policy, {
          ...inner,
          async take(request) {
            const taken = await inner.take(request);
            if (taken.kind === 'taken') held.set(`${request.key} ${request.holder}`, request.key);
            return taken;
          },
          async giveBack(place) {
            held.delete(`${place.key} ${place.holder}`);
            await inner.giveBack(place);
          },
          async save(...asked) {
            writes += 1;
            return await inner.save(...asked);
          },
        });
        for (const { ask, pass, fault, ...asked } of schedule) {
          world.pass(pass);
          const code = ask === 'right' ? world.code(asked) : wrongCode;
          const again = (failing = fault) =>
            ask === 'start'
              ? world.start({ ...asked, fault: failing })
              : world.check(code, { ...asked, fault: failing });
          const before = { places: held.size, writes };
          const begun = world.now;
          const { kind, retryAfter = 0 } = await again();
          if (kind !== 'throttled') continue;
          expect({ places: held.size, writes }).toEqual(before);
          // Looking again costs a check time; the seconds count from when it was answered.
          const answered = world.now;
          world.pass((retryAfter - 1) * 1_000 - 300);
          if (retryAfter > 2 + (answered - begun) / 1_000) expect(refusals).toContain((await again()).kind);
          world.now = Math.max(world.now, answered + retryAfter * 1_000);
          expect((await again()).kind).not.toBe('throttled');
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
