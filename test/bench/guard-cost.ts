import { createDynamoDbClient, DynamoDbStore } from '../../functions/adapters/dynamodb-store.ts';
import type { Service } from '../../functions/compose/run-service.ts';
import { assembleGuard } from '../../functions/guard/assemble-guard.ts';
import { createGuardWatch } from '../../functions/observability/guard-watch.ts';
import { createKeyedHash } from '../../functions/privacy/keyed-hash.ts';
import { startWorld, type World } from '../../local/world.ts';
import { serve, type TestService } from '../support/service.ts';
import { type Bill, metered, type TableMeter } from '../support/table-meter.ts';

/** The kinds of caller whose requests are billed, each by what a direct caller's input says of its user. */
export const callers = {
  'direct caller': {},
  'by address': { client_ip: '203.0.113.7' },
  'identity + address': { identity: 'user-42', client_ip: '203.0.113.8' },
} as const;

/** What one verification asks of the table. */
export interface GuardCost {
  readonly start: Bill;
  readonly wrong: Bill;
  readonly approved: Bill;
}

/** The composed service with the meter at its table, and at Twilio to tell what comes before it and what after. */
const meteredService =
  (store: DynamoDbStore, meter: TableMeter) =>
  (composed: Service): Partial<Service> => {
    const { policy, services, verify } = composed.ports();
    const guard = assembleGuard({
      store,
      policy,
      clock: composed.clock,
      hash: async () => createKeyedHash('a key for the bench only'),
      lookup: { typeOf: async () => 'mobile' },
      watch: createGuardWatch(
        () => undefined,
        () => undefined,
        () => 0,
      ),
    });
    const marked: typeof verify = {
      ...verify,
      start: (request) => {
        meter.providerAsked();
        return verify.start(request);
      },
      check: (request) => {
        meter.providerAsked();
        return verify.check(request);
      },
    };
    return { ports: () => ({ guard, policy, services, store, verify: marked }) };
  };

/** Serves the real functions from a world; each container is a composition of its own over one metered table. */
const meteredFunctions = (world: World) => {
  // The AWS SDK reads the process environment.
  Object.assign(process.env, world.env);
  const client = createDynamoDbClient();
  const meter = metered(client);
  const store = new DynamoDbStore(client, world.env['VERIFY_TABLE_NAME'] ?? '');
  return {
    meter,
    close: () => client.destroy(),
    newContainer: () => serve(world, meteredService(store, meter)),
  };
};

const bill = async (asking: Promise<unknown>, meter: TableMeter, status: string): Promise<Bill> => {
  const answer = (await asking) as { readonly status: string | null };
  if (answer.status !== status) throw new Error(`The table's cost: ${JSON.stringify(answer)}`);
  return meter.read();
};

const verification = async (
  container: () => TestService,
  meter: TableMeter,
  input: { readonly to_phone: string },
): Promise<GuardCost> => {
  const start = await bill(container().start(input), meter, 'pending');
  const code = (await container().messages(input.to_phone)).at(-1)?.code ?? '';
  const wrongCode = code === '000000' ? '000001' : '000000';
  const wrong = await bill(container().check({ ...input, code: wrongCode }), meter, 'pending');
  const approved = await bill(container().check({ ...input, code }), meter, 'approved');
  return { start, wrong, approved };
};

/** What a container remembers: nothing, each request coming to a new one, or what another number's verification left. */
export type Memory = 'fresh' | 'warm';

/**
 * A happy start, a wrong check and an approved one by each kind of caller, on the embedded table, under the default
 * policy, for a destination and a number prefix never seen before.
 *
 * @throws Error where a function answers otherwise.
 */
export const guardCosts = async (memory: Memory): Promise<GuardCost[]> => {
  const world = await startWorld({ twilio: 'emulator', policy: {} });
  const { newContainer, meter, close } = meteredFunctions(world);
  try {
    const costs: GuardCost[] = [];
    for (const caller of Object.values(callers)) {
      const one = newContainer();
      const container = memory === 'fresh' ? newContainer : () => one;
      const line = 200 + costs.length;
      if (memory === 'warm') await verification(container, meter, { to_phone: `+1646${line}1234` });
      costs.push(await verification(container, meter, { ...caller, to_phone: `+1212${line}1234` }));
    }
    return costs;
  } finally {
    close();
    await world.close();
  }
};

/** How many starts for one destination a window of ten minutes admits. */
export const startsInWindow = 3;

/**
 * How many requests the starts that a window admits take together, a second apart and the cooldown off, by each kind of
 * caller, from one container that has served nobody before.
 *
 * @param at - moves the clock to so many seconds after its start.
 */
export const windowRequests = async (at: (seconds: number) => void): Promise<number[]> => {
  const policy = { rate_limits: { resend_cooldown_seconds: 0 } };
  const world = await startWorld({ twilio: 'emulator', policy });
  const { newContainer, meter, close } = meteredFunctions(world);
  try {
    const counts: number[] = [];
    for (const caller of Object.values(callers)) {
      const { start } = newContainer();
      const input = { ...caller, to_phone: `+1212${200 + counts.length}1234` };
      let requests = 0;
      for (let second = 0; second < startsInWindow; second += 1) {
        at(second);
        requests += (await bill(start(input), meter, 'pending')).requests;
      }
      counts.push(requests);
    }
    return counts;
  } finally {
    close();
    await world.close();
  }
};

/** The seconds at which one destination is asked for: as many as a window holds at its end, and as many after it. */
export const boundaryBurst = [0, 590, 590, 601, 601, 601] as const;

/**
 * How many of the burst's messages our functions let through in ten minutes, the cooldown off.
 *
 * @param at - moves the clock to so many seconds after its start.
 */
export const ourBurst = async (at: (seconds: number) => void): Promise<number> => {
  const world = await startWorld({
    twilio: 'emulator',
    policy: { rate_limits: { resend_cooldown_seconds: 0 } },
  });
  const { newContainer, close } = meteredFunctions(world);
  try {
    const { start } = newContainer();
    let sent = 0;
    for (const seconds of boundaryBurst) {
      at(seconds);
      const answer = (await start({ to_phone: '+12125552100' })) as { readonly success: boolean };
      if (answer.success && seconds > 0) sent += 1;
    }
    return sent;
  } finally {
    close();
    await world.close();
  }
};
