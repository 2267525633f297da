import { createServiceDirectory } from '../../adapters/service-directory.ts';
import type { ServiceDirectory } from '../../verify/provider.ts';
import type { Base } from '../base.ts';
import { twilioSecret } from '../secrets.ts';

/** The services that Twilio's secret names. */
export const services = (base: Base): ServiceDirectory => createServiceDirectory(base.get(twilioSecret));
