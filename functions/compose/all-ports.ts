import type { Ports } from '../service/ports.ts';
import { guard } from './ports/guard.ts';
import { policy } from './ports/policy.ts';
import { services } from './ports/services.ts';
import { store } from './ports/store.ts';
import { verify } from './ports/verify.ts';
import { compose, type PortComposers, type Service } from './run-service.ts';

/** What composes each port; a Lambda's entry names those that its function uses, so that its bundle holds no other. */
const allPorts: PortComposers<keyof Ports> = { guard, policy, services, store, verify };

/**
 * Composes the service of a function as its Lambda would, from the environment.
 *
 * @param uses - the ports that the function uses; every port where left out.
 */
export const composeFor = (
  uses: readonly (keyof Ports)[] = Object.keys(allPorts) as (keyof Ports)[],
  environment?: Readonly<Record<string, string | undefined>>,
): Service<Ports> => {
  const used = Object.fromEntries(uses.map((port) => [port, allPorts[port]]));
  // A function is given the ports that it names and asks for no other.
  return compose(used as typeof allPorts, environment);
};
