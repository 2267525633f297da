import { composeTwilioKeyRotation } from '../compose/rotation.ts';
import { rotationHandler } from './rotation-handler.ts';

/** The Lambda entry of the rotation of Twilio's API key. */
export const handler = rotationHandler('rotate_twilio_key', composeTwilioKeyRotation());
