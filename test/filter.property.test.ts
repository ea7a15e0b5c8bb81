import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFingerprintFilter } from '../sinks/fingerprint-filter.ts';

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const fingerprint = fc.stringMatching(/^[0-9a-f]{64}$/);

/** Fingerprints that crowd the same places and tags, 0 among them: what random ones would show only in years. */
const crowded = fc
  .tuple(
    fc.constantFrom('00000000', 'ffffffff', '0000ffff', '00010000'),
    fc.constantFrom('00000000', '00000001', 'ffffffff', '80000000'),
  )
  .map(([place, tag]) => `${place}${tag}${'a'.repeat(48)}`);

describe('the fingerprint filter', () => {
  test('what was told is never called new, whatever came after it', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fingerprint, crowded), { maxLength: 300 }), (told) => {
        const filter = createFingerprintFilter();
        for (const [index, one] of told.entries()) {
          filter.add(one);
          expect(told.slice(0, index + 1).some((earlier) => filter.surelyNew(earlier))).toBe(false);
        }
      }),
    );
  });

  test('a claim read as raw bits is the claim told as text', () => {
    fc.assert(
      fc.property(fc.oneof(fingerprint, crowded), (one) => {
        const filter = createFingerprintFilter();
        filter.addBits(Number.parseInt(one.slice(0, 8), 16), Number.parseInt(one.slice(8, 16), 16));
        expect(filter.surelyNew(one)).toBe(false);
        expect(filter.size).toBe(1);
      }),
    );
  });

  test('it grows over many segments: nothing is forgotten, and strangers are new', () => {
    const filter = createFingerprintFilter();
    const first = filter.bytes;
    const count = 200_000;
    for (let index = 0; index < count; index++) filter.add(hash(`told ${index}`));
    expect(filter.size).toBe(count);
    let forgotten = 0;
    for (let index = 0; index < count; index++) if (filter.surelyNew(hash(`told ${index}`))) forgotten++;
    expect(forgotten).toBe(0);
    // By the arithmetic about 1 in 100 million is a false maybe: one in 100,000 would be a broken filter.
    let maybes = 0;
    for (let index = 0; index < 1_000_000; index++)
      if (!filter.surelyNew(hash(`stranger ${index}`))) maybes++;
    expect(maybes).toBeLessThanOrEqual(1);
    expect(filter.bytes).toBeGreaterThan(first);
    expect(filter.bytes).toBeLessThanOrEqual(count * 4 * 6);
  });

  test('telling the same twice takes no room', () => {
    const filter = createFingerprintFilter();
    for (let index = 0; index < 200_000; index++) filter.add(hash(`one of ${index % 10}`));
    expect(filter.size).toBe(10);
    expect(filter.bytes).toBe(createFingerprintFilter().bytes);
  });

  test('room is taken at once for what is expected', () => {
    const filter = createFingerprintFilter(100_000);
    const { bytes } = filter;
    for (let index = 0; index < 100_000; index++) filter.add(hash(`${index}`));
    expect(filter.bytes).toBe(bytes);
  });
});
