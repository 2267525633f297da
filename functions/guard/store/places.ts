/**
 * The places of a sliding window, newest first. A place is one string, so that a store can compare it: the time it
 * was taken (13 digits: milliseconds until the year 2286), what for, and who holds it.
 */
export type Places = readonly string[];

const timeDigits = 13;

/** The first {@link timeDigits} characters of a place. */
export const timeText = (milliseconds: number): string => milliseconds.toString().padStart(timeDigits, '0');

/** Purposes and holders are hashes and ids, which hold neither `|` nor `,`. */
export const placeOf = (takenAt: number, purpose: string, ...holders: readonly string[]): string =>
  `${timeText(takenAt)}|${purpose}|${holders.join(',')}`;

const takenAt = (place: string): number => Number(place.slice(0, timeDigits));
const purposeOf = (place: string): string | undefined => place.split('|')[1];
const holdersOf = (place: string): readonly string[] => place.split('|')[2]?.split(',') ?? [];

/** A place that the same purpose took within `sameFor` milliseconds. */
export const sharedPlace = (
  places: Places,
  purpose: string,
  now: number,
  sameFor: number,
): string | undefined =>
  places.find((place) => purposeOf(place) === purpose && takenAt(place) > now - sameFor);

/** When a place will be free in a window; `now` or earlier where one is. */
export const freeAt = (places: Places, limit: number, window: number): number => {
  const oldest = places[limit - 1];
  return oldest === undefined ? 0 : takenAt(oldest) + window;
};

/** The places without a holder, and so without those that have none left; the same list where it holds none. */
export const withoutHolder = (places: Places, holder: string): Places =>
  places.some((place) => holdersOf(place).includes(holder))
    ? places.flatMap((place) => {
        const holders = holdersOf(place).filter((other) => other !== holder);
        return holders.length === 0 ? [] : [placeOf(takenAt(place), purposeOf(place) ?? '', ...holders)];
      })
    : places;

/** The places with one more holder of a shared one, which counts from now. */
export const withHolder = (places: Places, shared: string, holder: string, now: number): Places => {
  const holders = new Set([...holdersOf(shared), holder]);
  const renewed = placeOf(now, purposeOf(shared) ?? '', ...holders);
  return [renewed, ...places.filter((place) => place !== shared)];
};
