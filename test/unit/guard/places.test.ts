import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  freeAt,
  placeOf,
  sharedPlace,
  timeText,
  withHolder,
  withoutHolder,
} from '../../../functions/guard/store/places.ts';

const t0 = Date.UTC(2026, 0, 1);
const places = [placeOf(t0 + 2, 'b', 'y'), placeOf(t0, 'a', 'x')];

describe('places', () => {
  test('sort as text by when they were taken, until the year 2286', () => {
    const time = fc.integer({ min: 0, max: 9_999_999_999_998 });
    fc.assert(
      fc.property(time, time, fc.string(), fc.string(), (one, other, purpose, holder) => {
        if (one === other) return;
        expect(placeOf(one, purpose, holder) < placeOf(other, holder, purpose)).toBe(one < other);
        // A place sorts after the bare time of its own millisecond, and before the next one's.
        expect(placeOf(one, purpose, holder) > timeText(one)).toBe(true);
        expect(placeOf(one, purpose, holder) < timeText(one + 1)).toBe(true);
      }),
    );
  });

  test('are free once the oldest of a limit has left the window', () => {
    expect(freeAt([], 1, 1_000)).toBe(0);
    expect(freeAt(places, 3, 1_000)).toBe(0);
    expect(freeAt(places, 2, 1_000)).toBe(t0 + 1_000);
    expect(freeAt(places, 1, 1_000)).toBe(t0 + 1_002);
  });

  test('are shared by one purpose for as long as it is the same', () => {
    expect(sharedPlace(places, 'a', t0 + 999, 1_000)).toBe(places[1]);
    expect(sharedPlace(places, 'a', t0 + 1_000, 1_000)).toBeUndefined();
    expect(sharedPlace(places, 'x', t0, 1_000)).toBeUndefined();
    expect(sharedPlace(places, 'a', t0, 0)).toBeUndefined();
  });

  test('are free again when the last of their holders gives them back', () => {
    expect(withoutHolder(places, 'x')).toEqual([places[0]]);
    expect(withoutHolder(places, 'a')).toBe(places);
    const shared = withHolder(places, placeOf(t0, 'a', 'x'), 'z', t0 + 5);
    expect(shared).toEqual([placeOf(t0 + 5, 'a', 'x', 'z'), places[0]]);
    expect(withHolder(shared, shared[0] ?? '', 'z', t0 + 6)[0]).toBe(placeOf(t0 + 6, 'a', 'x', 'z'));
    expect(withoutHolder(shared, 'x')).toEqual([placeOf(t0 + 5, 'a', 'z'), places[0]]);
    expect(withoutHolder(withoutHolder(shared, 'z'), 'x')).toEqual([places[0]]);
  });
});
