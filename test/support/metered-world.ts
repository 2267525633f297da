import type { GuardStore } from '../../functions/guard/store/store.ts';
import { createGuardWorld, type GuardWorld } from './guard-world.ts';
import type { TableMeter } from './table-meter.ts';

/** A world over a store whose client is metered: its meter is told when the provider is asked. */
export const meteredWorld = (store: GuardStore, meter: TableMeter): GuardWorld => {
  const world = createGuardWorld({}, store);
  const { start, check } = world.provider;
  Object.assign(world.provider, {
    start: (...asked: Parameters<typeof start>) => {
      meter.providerAsked();
      return start(...asked);
    },
    check: (...asked: Parameters<typeof check>) => {
      meter.providerAsked();
      return check(...asked);
    },
  });
  return world;
};
