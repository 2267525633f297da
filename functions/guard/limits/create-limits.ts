import { RunError } from '../../runtime/errors.ts';
import { testNumberOf } from '../policy/test-numbers.ts';
import { createGuessGuard } from './check-reservation.ts';
import type { Guard, GuardParts } from './limits.ts';
import { createSendGuard } from './send-reservation.ts';

/** The guard over its parts: while the store is down, the policy says which requests go on without it. */
export const createGuard = (parts: GuardParts): Guard => {
  const reserveSend = createSendGuard(parts);
  const reserveGuess = createGuessGuard(parts);

  const orWithout = async <T>(kind: 'start' | 'check', reserving: Promise<T>, unguarded: T): Promise<T> => {
    try {
      return await reserving;
    } catch (thrown) {
      if (!(thrown instanceof RunError) || thrown.code !== 'store_unavailable') throw thrown;
      // Whoever writes one item so fast that others can't must not get by the limits that way.
      if (thrown.details.reason === 'contention') throw thrown;
      const allowed = parts.policy.on_store_failure[kind] === 'allow';
      parts.onStoreFailure(kind, allowed ? 'allowed' : 'denied');
      if (!allowed) throw thrown;
      return unguarded;
    }
  };

  return {
    testNumber(destination) {
      const found = testNumberOf(destination, parts.policy.test_numbers, parts.clock());
      if (found !== undefined) parts.onTestNumber();
      return found;
    },
    reserveSend: (request) =>
      orWithout('start', reserveSend(request), {
        replay: null,
        settle: async (sending) => ({ sid: (await sending).sid, hints: {} }),
      }),
    reserveGuess: (request) =>
      orWithout('check', reserveGuess(request), {
        known: null,
        settle: async (checking) => {
          const { approved, sid } = await checking;
          return { approvedSid: approved ? sid : null, hints: {} };
        },
      }),
  };
};
