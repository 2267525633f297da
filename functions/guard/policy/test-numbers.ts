import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { day } from '../../runtime/clock.ts';
import type { Destination } from '../../verify/destination.ts';

/** The policy's numbers for tests, app-store reviews and canaries: they never reach Twilio and spend no budget. */
export const testNumbersPolicy = v.optional(
  v.pipe(
    v.array(
      v.strictObject({
        number: v.pipe(
          v.string(),
          v.regex(/^\+[1-9]\d{6,14}$/, 'must be a plus sign and 7 to 15 digits'),
          v.description('The number, in E.164'),
        ),
        code: v.pipe(
          v.string(),
          v.regex(/^[A-Za-z0-9]{4,10}$/, 'must be 4 to 10 letters or digits'),
          v.description('The code that is right for it'),
        ),
        expires: v.pipe(
          v.string(),
          v.isoDate('must be a date such as 2027-01-31'),
          v.description('The last day, in UTC, on which it is a test number'),
        ),
        note: v.optional(v.pipe(v.string(), v.description('Who uses it, and what for')), ''),
      }),
    ),
    v.description('Numbers that are answered here, with a fixed code, without sending anything'),
  ),
  [],
);

/** A test number that holds now. */
export interface TestNumber {
  /** The same `VE…` SID each time. */
  readonly sid: string;
  readonly code: string;
}

/** The test number that a destination is, until its last day is over. */
export const testNumberOf = (
  destination: Destination,
  numbers: v.InferOutput<typeof testNumbersPolicy>,
  now: number,
): TestNumber | undefined => {
  const found = numbers.find(
    ({ number, expires }) => number === destination && now < Date.parse(expires) + day,
  );
  if (found === undefined) return undefined;
  const sid = `VE${createHash('sha256').update(found.number).digest('hex').slice(0, 32)}`;
  return { sid, code: found.code };
};
