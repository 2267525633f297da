import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSpent, levelOf, remaining } from '../../../functions/guard/spend/pumping-levels.ts';

const counts = (length: number) => fc.array(fc.nat(1_000), { minLength: length, maxLength: length });
const elapsed = fc.double({ min: 0, max: 1, noNaN: true });

describe('what is in a leaky budget', () => {
  it('is never less than the running span and never more than all spans', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }).chain((width) => counts(width + 1)),
        elapsed,
        (spans, part) => {
          const left = remaining(spans, part);
          expect(left).toBeGreaterThanOrEqual(spans[0] ?? 0);
          expect(left).toBeLessThanOrEqual(spans.reduce((sum, count) => sum + count, 0));
        },
      ),
    );
  });

  it('only ever leaks while nothing comes in, and jumps at no border between spans', () => {
    fc.assert(
      fc.property(counts(4), elapsed, elapsed, (spans, one, other) => {
        const [earlier, later] = [Math.min(one, other), Math.max(one, other)];
        expect(remaining(spans, later)).toBeLessThanOrEqual(remaining(spans, earlier));
        const next = [0, ...spans.slice(0, -1)];
        expect(remaining(next, 0)).toBeCloseTo(remaining(spans, 1), 9);
      }),
    );
  });

  it('keeps a count whole for its width and is rid of it one span later', () => {
    const width = 3;
    const at = (age: number) => Array.from({ length: width + 1 }, (_, span) => (span === age ? 10 : 0));
    expect(remaining(at(0), 1)).toBe(10);
    expect(remaining(at(width - 1), 1)).toBe(10);
    expect(remaining(at(width), 0)).toBe(10);
    expect(remaining(at(width), 0.5)).toBe(5);
    expect(remaining(at(width), 1)).toBe(0);
  });

  it('is a plain sum: what several writers counted apart is what one would have counted', () => {
    fc.assert(
      fc.property(counts(3), counts(3), elapsed, (mine, yours, part) => {
        const together = mine.map((count, age) => count + (yours[age] ?? 0));
        expect(remaining(together, part)).toBeCloseTo(remaining(mine, part) + remaining(yours, part), 6);
      }),
    );
  });
});

describe('a budget', () => {
  const level = (sent: number, approved: number, usual = 0, ratio = 1) =>
    levelOf({ sent: [sent, 0], approved: [approved, 0] }, 0, { minimum: 12, ratio }, usual);

  it('is spent at its minimum where nothing is approved, and not one send earlier', () => {
    expect(isSpent(level(11, 0))).toBe(false);
    expect(isSpent(level(12, 0))).toBe(true);
  });

  it('grows with approvals, those of now and the usual ones', () => {
    expect(level(100, 40)).toEqual({ unapproved: 60, allowed: 40 });
    expect(level(100, 40, 70)).toEqual({ unapproved: 60, allowed: 70 });
    expect(level(100, 40, 0, 2)).toEqual({ unapproved: 60, allowed: 80 });
  });

  it('never falls below empty, however many approvals come late', () => {
    expect(level(3, 9)).toEqual({ unapproved: 0, allowed: 12 });
  });

  it.each([0, null])('with a minimum of %j is never spent', (minimum) => {
    const traffic = { sent: [1e9, 0], approved: [0, 0] };
    expect(isSpent(levelOf(traffic, 0, { minimum, ratio: 1 }, 0))).toBe(false);
  });

  it('is not spent by traffic of which more than half is approved, however much there is', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.double({ min: 0.51, max: 1, noNaN: true }), (sent, rate) => {
        expect(isSpent(level(sent, Math.ceil(sent * rate)))).toBe(false);
      }),
    );
  });
});
