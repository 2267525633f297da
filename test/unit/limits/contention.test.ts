import { expect, test } from 'vitest';
import type { GuardStore } from '../../../functions/guard/store/store.ts';
import { createGuardWorld, http, wrongCode } from '../../support/guard-world.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

/** A store in which somebody else is always a moment faster. */
const outrun = (): GuardStore => ({ ...createMemoryStore(), save: async () => null });

test.each(['allow', 'deny'])('a guess that never gets written down is not judged (%s)', async (check) => {
  const world = createGuardWorld({ on_store_failure: { check } }, outrun());
  expect(await world.check(wrongCode, { caller: http('192.0.2.1') })).toMatchObject({
    kind: 'store_unavailable',
    retryAfter: 1,
  });
  expect(world.storeFailures).toEqual([]);
});

test('a send that never gets written down does not go out, whatever the policy says of a store that is down', async () => {
  const store = createMemoryStore();
  const world = createGuardWorld(
    { on_store_failure: { start: 'allow' } },
    {
      ...store,
      save: async () => {
        world.pass(1_000);
        return null;
      },
    },
  );
  expect(await world.start({ caller: http('192.0.2.1') })).toMatchObject({ kind: 'store_unavailable' });
  expect(world.provider.sends).toEqual([]);
});
