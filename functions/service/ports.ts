import type { AbuseGuard } from '../guard/abuse-guard.ts';
import type { Policy } from '../guard/policy/policy.ts';
import type { GuardStore } from '../guard/store/store.ts';
import type { ServiceDirectory, VerifyProvider } from '../verify/provider.ts';

/** What the run functions may touch. */
export interface VerifyPorts {
  readonly guard: AbuseGuard;
  readonly policy: Policy;
  readonly services: ServiceDirectory;
  readonly store: GuardStore;
  readonly verify: VerifyProvider;
}
