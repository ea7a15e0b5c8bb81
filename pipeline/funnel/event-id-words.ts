/**
 * Event ids as four 32-bit words: 16 bytes instead of a string of 52, and in the order of lower-case text, since
 * hyphens stand at fixed places and `0`–`9` come before `a`–`f` (events.md 6).
 */

/** Writes the words of a lower-case UUID at `offset`. */
export function writeWords(id: string, into: Uint32Array, offset: number): void {
  let word = 0;
  let digits = 0;
  let at = offset;
  for (let i = 0; i < id.length && digits < 32; i += 1) {
    const code = id.charCodeAt(i);
    if (code === 45) continue;
    word = (word << 4) | (code < 58 ? code - 48 : code - 87);
    digits += 1;
    if ((digits & 7) === 0) {
      into[at] = word;
      at += 1;
      word = 0;
    }
  }
}

/** Below 0 when the first id stands before the second. */
export function compareWords(a: Uint32Array, aOffset: number, b: Uint32Array, bOffset: number): number {
  for (let i = 0; i < 4; i += 1) {
    const difference = (a[aOffset + i] as number) - (b[bOffset + i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
