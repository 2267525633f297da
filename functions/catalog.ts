import { checkVerification } from './check_verification.ts';
import { startVerification } from './start_verification.ts';

/** Every run function of the service, as data: entries, routes, models, grants and alarms are derived from it. */
export const catalog = [startVerification, checkVerification] as const;
