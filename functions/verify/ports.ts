import type { AbuseGuard } from '../guard/abuse-guard.ts';
import type { Policy } from '../guard/policy.ts';
import type { GuardStore } from '../guard/store.ts';
import type { ServiceDirectory, VerifyProvider } from './provider.ts';

/** What the run functions may touch. */
export interface VerifyPorts {
  readonly guard: AbuseGuard;
  readonly policy: Policy;
  readonly services: ServiceDirectory;
  readonly store: GuardStore;
  readonly verify: VerifyProvider;
}
