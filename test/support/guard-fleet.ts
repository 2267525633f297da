import { setTimeout as wait } from 'node:timers/promises';
import { parsePolicy } from '../../functions/guard/policy/policy.ts';
import type { GuardStore } from '../../functions/guard/store/store.ts';
import { createFakeProvider, type FakeProvider } from './guard-provider.ts';
import {
  type AskedCheck,
  type AskedStart,
  checkWith,
  createLimits,
  type GuardOutcome,
  limitsParts,
  startWith,
  type TestLimits,
} from './guard-world.ts';

/** Several instances of the guard over one table, as Lambda runs them, and one provider that answers after a moment. */
export interface GuardFleet {
  readonly provider: FakeProvider;
  /** Asks the instances in turn, all at once. */
  starts(asked: readonly AskedStart[]): Promise<readonly GuardOutcome[]>;
  checks(asked: readonly (AskedCheck & { readonly code: string })[]): Promise<readonly GuardOutcome[]>;
}

/**
 * A fleet at one moment: the clock stands, so that nothing depends on how fast the machine is.
 *
 * @param stores - one for each instance.
 */
export const createGuardFleet = (
  stores: readonly GuardStore[],
  policy: unknown,
  now = Date.UTC(2026, 0, 1),
): GuardFleet => {
  const clock = () => now;
  const provider = createFakeProvider(clock);
  const slow: Pick<FakeProvider, 'start' | 'check'> = {
    start: async (...asked) => {
      await wait(5);
      return await provider.start(...asked);
    },
    check: async (...asked) => {
      await wait(5);
      return await provider.check(...asked);
    },
  };
  const containers = stores.map((store) =>
    createLimits(limitsParts({ store, policy: parsePolicy(policy), clock, pause: () => wait(50) })),
  );
  const inTurn = <A>(asked: readonly A[], ask: (limits: TestLimits, one: A) => Promise<GuardOutcome>) =>
    Promise.all(
      asked.map((one, index) => {
        const limits = containers[index % containers.length];
        if (limits === undefined) throw new Error('A fleet needs an instance');
        return ask(limits, one);
      }),
    );
  return {
    provider,
    starts: (asked) => inTurn(asked, (limits, one) => startWith(limits, slow, one)),
    checks: (asked) => inTurn(asked, (limits, { code, ...one }) => checkWith(limits, slow, code, one)),
  };
};

/** How many outcomes are of each kind. */
export const tally = (outcomes: readonly GuardOutcome[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const { kind } of outcomes) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
};
