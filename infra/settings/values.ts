import * as v from 'valibot';

/** On or off; the command line's `-c key=false` arrives as text. */
export const onOrOff = v.pipe(
  v.union([v.boolean(), v.picklist(['true', 'false'])], 'must be true or false'),
  v.transform((value) => value === true || value === 'true'),
);

const parsedText = (value: unknown): unknown => {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
};

/** A list or an object as it stands in cdk.json, or as the JSON text that the command line's `-c key={…}` gives. */
export const jsonValue = v.pipe(v.unknown(), v.transform(parsedText));

/** The name of a run function, as the catalogue has it; `safety.ts` refuses one that is not there. */
export const functionName = v.pipe(
  v.string(),
  v.regex(/^[a-z]+(_[a-z]+)+$/, 'must be the name of a function, such as start_verification'),
);

/** A whole number within bounds, both included. */
export const wholeNumber = (least: number, most: number) =>
  v.pipe(
    v.number(),
    v.integer('must be a whole number'),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(most, `must be at most ${most}`),
  );
