import { createServiceDirectory } from '../../functions/adapters/service-directory.ts';
import { assembleGuard } from '../../functions/guard/assemble-guard.ts';
import { parsePolicy } from '../../functions/guard/policy/policy.ts';
import type { GuardStore } from '../../functions/guard/store/store.ts';
import { createGuardWatch } from '../../functions/observability/guard-watch.ts';
import { createKeyedHash } from '../../functions/privacy/keyed-hash.ts';
import { systemClock } from '../../functions/runtime/clock.ts';
import type { Ports } from '../../functions/service/ports.ts';
import type {
  CheckRequest,
  ServiceSid,
  StartRequest,
  VerifyProvider,
} from '../../functions/verify/provider.ts';
import { createMemoryStore } from './memory-store.ts';

/** The one service of the fake deployment. */
export const serviceSid = `VA${'0'.repeat(32)}`;
/** The verification that the fake provider starts. */
export const verificationSid = `VE${'a'.repeat(32)}`;
/** The code that the fake provider approves. */
export const rightCode = '246810';

/** A store whose windows are never full. */
const boundless = (): GuardStore => ({
  ...createMemoryStore(),
  take: async () => ({ kind: 'taken' }),
  adopt: async () => ({ kind: 'taken' }),
});

/** Ports at which a test reads what the steps asked for. */
export interface FakePorts extends Ports {
  readonly starts: StartRequest[];
  readonly checks: CheckRequest[];
}

/** Ports over a provider that always works, with what differs from that. */
export const fakePorts = ({
  policy = {},
  services = [serviceSid],
  verify = {},
}: {
  policy?: unknown;
  services?: readonly string[];
  verify?: Partial<VerifyProvider>;
} = {}): FakePorts => {
  const starts: StartRequest[] = [];
  const checks: CheckRequest[] = [];
  const secret = {
    accountSid: '',
    username: '',
    password: '',
    services: services.map((service) => service as ServiceSid),
  };
  const store = boundless();
  return {
    starts,
    checks,
    policy: parsePolicy(policy),
    services: createServiceDirectory({ current: async () => secret, replacementOf: async () => undefined }),
    store,
    guard: assembleGuard({
      store,
      hash: async () => createKeyedHash('k'.repeat(32)),
      policy: parsePolicy(policy),
      clock: systemClock,
      lookup: { typeOf: async () => 'mobile' },
      watch: createGuardWatch(
        () => undefined,
        () => undefined,
        () => 0,
      ),
    }),
    verify: {
      async start(request) {
        starts.push(request);
        return { sid: verificationSid, createdAt: 0 };
      },
      async check(request) {
        checks.push(request);
        return { sid: verificationSid, approved: request.code === rightCode };
      },
      probe: async () => undefined,
      ...verify,
    },
  };
};
