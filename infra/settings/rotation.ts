import * as v from 'valibot';
import { jsonValue, wholeNumber } from './values.ts';

/** The fewest days between two rotations of the destination key: what the guard remembers lives for 90, and a new key waits for one. */
export const leastDestinationDays = 92;

const rotation = v.strictObject({
  twilio_days: v.optional(
    v.pipe(
      wholeNumber(1, 1_000),
      v.description(
        "Days from one rotation of Twilio's API key to the next; left out, it is never rotated. The stack then makes a second secret, to be filled in with the account's auth token or a Main key, which alone may mint keys",
      ),
    ),
  ),
  destination_days: v.optional(
    v.pipe(
      wholeNumber(leastDestinationDays, 1_000),
      v.description(
        'Days from one rotation of the key that destinations are hashed with to the next; left out, it is never rotated. What was counted under the old key counts on, so it must run out before the next',
      ),
    ),
  ),
});

/** What a deployment decides about the rotation of its secrets. */
export const rotationSettings = {
  rotation: v.optional(
    v.pipe(jsonValue, rotation, v.description('Which secrets are rotated, and how often')),
    {},
  ),
};

/** What {@link rotationSettings} come to. */
export type RotationSettings = v.InferOutput<v.ObjectSchema<typeof rotationSettings, undefined>>;
