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
export interface FingerprintFilter extends FilterReader {
  add(fingerprint: string): void;
  /** The same by the first 32 bits and the next 32, as unsigned numbers. */
  addBits(place: number, tag: number): void;
  readonly size: number;
}

/** What asks, perhaps in another thread than the one that adds. */
export interface FilterReader {
  /** True: it was never added. False: ask the table. `fingerprint`: at least 16 hexadecimal characters. */
  surelyNew(fingerprint: string): boolean;
  /** Memory of all segments. */
  readonly bytes: number;
}

const load = 0.6;
const smallestSlots = 1 << 16;

interface Segment {
  readonly tags: Uint32Array<SharedArrayBuffer>;
  readonly mask: number;
}

const segmentOf = (memory: SharedArrayBuffer): Segment => {
  const tags = new Uint32Array(memory);
  return { tags, mask: tags.length - 1 };
};

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

/** A tag of 0 would be a free place. */
const tagOf = (bits: number): number => (bits === 0 ? 1 : bits);

const known = (segments: readonly Segment[], place: number, tag: number): boolean => {
  for (let index = segments.length - 1; index >= 0; index--) {
    const segment = segments[index];
    if (segment !== undefined && holds(segment, place, tag)) return true;
  }
  return false;
};

const readerOf = (segments: readonly Segment[]): FilterReader => ({
  surelyNew: (fingerprint) => !known(segments, bits(fingerprint, 0), tagOf(bits(fingerprint, 8))),
  get bytes() {
    return segments.reduce((sum, { tags }) => sum + tags.byteLength, 0);
  },
});

/**
 * Asks a filter that another thread adds to, by the memory of its segments. A fingerprint that was added before
 * a message was sent is known when that message has arrived.
 */
export function createFilterReader(): FilterReader & { addSegment(memory: SharedArrayBuffer): void } {
  const segments: Segment[] = [];
  return Object.assign(readerOf(segments), {
    addSegment: (memory: SharedArrayBuffer) => void segments.push(segmentOf(memory)),
  });
}

/**
 * @param expected how many fingerprints are about to be added; saves segments, and so look-ups
 * @param onSegment told each segment's memory before anything is added to it
 */
export function createFingerprintFilter(
  expected = 0,
  onSegment?: (memory: SharedArrayBuffer) => void,
): FingerprintFilter {
  const segments: Segment[] = [];
  const grow = (slots: number): Segment => {
    const memory = new SharedArrayBuffer(slots * Uint32Array.BYTES_PER_ELEMENT);
    onSegment?.(memory);
    const segment = segmentOf(memory);
    segments.push(segment);
    room = Math.floor(slots * load);
    return segment;
  };
  const slotsFor = (count: number): number => {
    let slots = smallestSlots;
    while (Math.floor(slots * load) < count) slots *= 2;
    return slots;
  };
  /** places of the newest segment that may still be taken */
  let room = 0;
  let newest = grow(slotsFor(expected));
  let size = 0;

  const addBits = (place: number, rawTag: number): void => {
    const tag = tagOf(rawTag);
    if (known(segments, place, tag)) return;
    if (room === 0) newest = grow(newest.tags.length * 2);
    const { tags, mask } = newest;
    let slot = place & mask;
    while (tags[slot] !== 0) slot = (slot + 1) & mask;
    tags[slot] = tag;
    room--;
    size++;
  };

  const reader = readerOf(segments);
  return {
    surelyNew: reader.surelyNew,
    get bytes() {
      return reader.bytes;
    },
    add(fingerprint) {
      addBits(bits(fingerprint, 0), bits(fingerprint, 8));
    },
    addBits,
    get size() {
      return size;
    },
  };
}
