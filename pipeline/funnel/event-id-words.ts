/**
 * Event ids as four 32-bit words: 16 bytes instead of a string of 52, and in the order of lower-case text, since
 * hyphens stand at fixed places and `0`–`9` come before `a`–`f` (events.md 6).
 */

/** code of a lower-case hexadecimal digit → its value */
const digits = new Uint8Array(128);
for (let value = 0; value < 16; value += 1) digits[value.toString(16).charCodeAt(0)] = value;

/** Writes the words of a lower-case UUID, `8-4-4-4-12`, at `offset`. */
export function writeWords(id: string, into: Uint32Array, offset: number): void {
  into[offset] = (half(id, 0) << 16) | half(id, 4);
  into[offset + 1] = (half(id, 9) << 16) | half(id, 14);
  into[offset + 2] = (half(id, 19) << 16) | half(id, 24);
  into[offset + 3] = (half(id, 28) << 16) | half(id, 32);
}

const half = (id: string, at: number): number =>
  (digit(id, at) << 12) | (digit(id, at + 1) << 8) | (digit(id, at + 2) << 4) | digit(id, at + 3);

const digit = (id: string, at: number): number => digits[id.charCodeAt(at) & 127] as number;

/** Below 0 when the first id stands before the second. */
export function compareWords(a: Uint32Array, aOffset: number, b: Uint32Array, bOffset: number): number {
  for (let i = 0; i < 4; i += 1) {
    const difference = (a[aOffset + i] as number) - (b[bOffset + i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
