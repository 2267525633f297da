/** Tells the time in milliseconds since the Unix epoch. Injected wherever time matters, so that tests set it. */
export type Clock = () => number;

/** The machine's own clock: the only place in `functions/` that reads it. */
export const systemClock: Clock = () => Date.now();

/** Milliseconds to whole seconds since the epoch, rounded down: the unit of DynamoDB's TTL attribute. */
export const epochSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

/** Milliseconds in a minute, an hour and a day. */
export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;
