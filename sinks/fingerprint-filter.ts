/**
 * Which fingerprints are surely new, told from memory (commit-protocol.md 2 and 12).
 *
 * A fingerprint is a SHA-256, random already: its first 32 bits choose a place, the next 32 are the tag that is
 * kept there (0 = free, so a tag of 0 is kept as 1). Open addressing with linear probing, at most 60 % full.
 * What was told is never forgotten, so "surely new" is never wrong; "maybe" is wrong about 4 times in 2^32 for
 * each segment that is asked.
 *
 * It grows by adding a segment twice as large as the last one. Nothing is ever moved, so no call takes long.
 */
export interface FingerprintFilter {
  /** True: it was never added. False: ask the table. `fingerprint`: at least 16 hexadecimal characters. */
  surelyNew(fingerprint: string): boolean;
  add(fingerprint: string): void;
  /** The same by the first 32 bits and the next 32, as unsigned numbers. */
  addBits(place: number, tag: number): void;
  readonly size: number;
  /** Memory of all segments. */
  readonly bytes: number;
}

const load = 0.6;
const smallestSlots = 1 << 16;

interface Segment {
  readonly tags: Uint32Array;
  readonly mask: number;
  readonly room: number;
  used: number;
}

const createSegment = (slots: number): Segment => ({
  tags: new Uint32Array(slots),
  mask: slots - 1,
  room: Math.floor(slots * load),
  used: 0,
});

const digits = new Uint8Array(128);
for (let digit = 0; digit < 16; digit++) {
  const character = digit.toString(16);
  digits[character.charCodeAt(0)] = digit;
  digits[character.toUpperCase().charCodeAt(0)] = digit;
}

/** Eight hexadecimal characters as an unsigned number, without making a string of them. */
const bits = (text: string, at: number): number => {
  let value = 0;
  for (let index = at; index < at + 8; index++) value = (value << 4) | (digits[text.charCodeAt(index)] ?? 0);
  return value >>> 0;
};

const holds = ({ tags, mask }: Segment, place: number, tag: number): boolean => {
  for (let slot = place & mask; ; slot = (slot + 1) & mask) {
    const found = tags[slot];
    if (found === tag) return true;
    if (found === 0) return false;
  }
};

/** `expected`: how many fingerprints are about to be added; saves segments, and so look-ups. */
export function createFingerprintFilter(expected = 0): FingerprintFilter {
  const slotsFor = (count: number): number => {
    let slots = smallestSlots;
    while (Math.floor(slots * load) < count) slots *= 2;
    return slots;
  };
  let newest = createSegment(slotsFor(expected));
  const segments = [newest];
  let size = 0;

  const known = (place: number, tag: number): boolean => {
    for (let index = segments.length - 1; index >= 0; index--) {
      const segment = segments[index];
      if (segment !== undefined && holds(segment, place, tag)) return true;
    }
    return false;
  };

  const addBits = (place: number, rawTag: number): void => {
    const tag = rawTag === 0 ? 1 : rawTag;
    if (known(place, tag)) return;
    if (newest.used >= newest.room) {
      newest = createSegment(newest.tags.length * 2);
      segments.push(newest);
    }
    const { tags, mask } = newest;
    let slot = place & mask;
    while (tags[slot] !== 0) slot = (slot + 1) & mask;
    tags[slot] = tag;
    newest.used++;
    size++;
  };

  return {
    surelyNew(fingerprint) {
      const tag = bits(fingerprint, 8);
      return !known(bits(fingerprint, 0), tag === 0 ? 1 : tag);
    },
    add(fingerprint) {
      addBits(bits(fingerprint, 0), bits(fingerprint, 8));
    },
    addBits,
    get size() {
      return size;
    },
    get bytes() {
      return segments.reduce((sum, segment) => sum + segment.tags.byteLength, 0);
    },
  };
}
