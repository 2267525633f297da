import { composeDestinationKeyRotation } from '../compose/rotation.ts';
import { rotationHandler } from './rotation-handler.ts';

/** The Lambda entry of the rotation of the key that destinations are hashed with. */
export const handler = rotationHandler('rotate_destination_key', composeDestinationKeyRotation());
