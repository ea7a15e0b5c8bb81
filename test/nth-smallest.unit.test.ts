import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nthSmallest } from '../pipeline/funnel/nth-smallest.ts';

describe('nthSmallest', () => {
  it('is what sorting finds', () => {
    const values = fc.array(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer()), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.nat(), (some, at) => {
        const index = at % some.length;
        expect(nthSmallest(Float64Array.from(some), index)).toBe(Float64Array.from(some).sort()[index]);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['ascending', (i: number) => i],
    ['descending', (i: number) => -i],
    ['equal', () => 7],
    ['in two halves', (i: number) => i % 50_000],
  ])('takes no quadratic time on values that are %s', (_name, value) => {
    const many = Float64Array.from({ length: 100_000 }, (_, i) => value(i));
    expect(nthSmallest(many.slice(), 99)).toBe(many.slice().sort()[99]);
  });
});
