import { RunError } from '../runtime/errors.ts';
import type { TwilioSecrets } from '../verify/credentials.ts';
import type { ServiceDirectory, ServiceSid } from '../verify/provider.ts';

/** The services that the Twilio secret configures. */
export const createServiceDirectory = (secrets: TwilioSecrets): ServiceDirectory => ({
  async resolve(requested) {
    const { services } = await secrets.current();
    if (requested === undefined) {
      const [standard] = services;
      if (standard !== undefined) return standard;
      throw new RunError('invalid_input', {
        sentence: 'service_sid is required; give VA and 32 hexadecimal digits',
      });
    }
    const wanted = requested.toLowerCase();
    const service =
      services.length === 0
        ? (requested as ServiceSid)
        : services.find((configured) => configured.toLowerCase() === wanted);
    if (service === undefined) throw new RunError('invalid_service');
    return service;
  },
});
