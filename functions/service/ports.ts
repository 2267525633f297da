import type { AbuseGuard } from '../guard/abuse-guard.ts';
import type { Policy } from '../guard/policy/policy.ts';
import type { GuardStore } from '../guard/store/store.ts';
import type { RunFunction } from '../runtime/define-function.ts';
import type { InputDeclarations } from '../runtime/inputs.ts';
import type { ServiceDirectory, VerifyProvider } from '../verify/provider.ts';

/** All that run functions may be given; each names those that it uses. */
export interface Ports {
  readonly guard: AbuseGuard;
  readonly policy: Policy;
  readonly services: ServiceDirectory;
  readonly store: GuardStore;
  readonly verify: VerifyProvider;
}

/** Any run function of the service. */
export type ServiceFunction = RunFunction<InputDeclarations, Ports>;

/** A secret of the stack: Twilio's credential and services, or the key that destinations are hashed with. */
export type SecretName = 'twilio' | 'destination_key';

/** What a port needs of the stack. */
export interface Needs {
  /** Whether it reads and writes the guard's table. */
  readonly table: boolean;
  readonly secrets: readonly SecretName[];
}

/** What each port needs: grants and variables of a function are derived from the ports that it uses. */
const portNeeds: Readonly<Record<keyof Ports, Needs>> = {
  guard: { table: true, secrets: ['twilio', 'destination_key'] },
  policy: { table: false, secrets: [] },
  services: { table: false, secrets: ['twilio'] },
  store: { table: true, secrets: [] },
  verify: { table: false, secrets: ['twilio'] },
};

/** What a function needs of the stack, by the ports that it uses. */
export const needsOf = ({ uses }: { readonly uses: readonly (keyof Ports)[] }): Needs => {
  const needs = uses.map((port) => portNeeds[port]);
  return {
    table: needs.some(({ table }) => table),
    secrets: [...new Set(needs.flatMap(({ secrets }) => secrets))],
  };
};
