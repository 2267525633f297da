import { RunError } from '../runtime/errors.ts';
import type { ServiceDirectory, ServiceSid } from '../verify/provider.ts';
import type { Ports } from './ports.ts';

/** A deployment whose secret names no service can't be watched, and the operator, not the schedule, must fix that. */
const standardService = async (services: ServiceDirectory): Promise<ServiceSid> => {
  try {
    return await services.resolve(undefined);
  } catch (thrown) {
    if (!(thrown instanceof RunError) || thrown.code !== 'invalid_input') throw thrown;
    throw new RunError('misconfigured', { reason: 'canary', fix: 'The Twilio secret lacks service_sid' });
  }
};

/** Proves that the secret and Twilio's service are in reach, and the table where the function uses it; sends nothing. */
export const probeAll = async ({
  services,
  store,
  verify,
}: Pick<Ports, 'services' | 'verify'> & Partial<Pick<Ports, 'store'>>): Promise<void> => {
  const probeTwilio = async () => verify.probe(await standardService(services));
  await Promise.all([store?.probe(), probeTwilio()]);
};
