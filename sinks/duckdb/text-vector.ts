import duckdb, { type Vector } from '@duckdb/node-bindings';

/**
 * Texts of one column, in one call instead of one a value.
 *
 * DuckDB holds a text as 16 bytes: its length in bytes and either the text itself (up to 12 bytes) or its first
 * 4 bytes and a pointer into memory that the vector owns. All long texts of the column are handed to the vector
 * as one, in its first place; DuckDB copies (and checks) that into its own memory, and every value then points
 * to its part. The pointers live exactly as long as the vector's own copy: until the chunk is reset.
 */

const entryBytes = 16;
const inlineBytes = 12;
/** Below this many characters a loop is faster than a call into the encoder. */
const shortText = 24;
/** A larger buffer than this is not kept between batches. */
const keptHeapBytes = 8 * 1024 * 1024;

const entryMemory = new ArrayBuffer(duckdb.vector_size() * entryBytes);
const words = new Uint32Array(entryMemory);
const bytes = new Uint8Array(entryMemory);
let heap = Buffer.alloc(1024 * 1024);

const heapFor = (end: number, used: number): Buffer => {
  if (end > heap.length) {
    const larger = Buffer.alloc(Math.max(end, heap.length * 2));
    heap.copy(larger, 0, 0, used);
    heap = larger;
  }
  return heap;
};

/** Writes a text of ASCII only at `at`; returns how many characters were ASCII from the beginning. */
const writeAscii = (target: Uint8Array, at: number, text: string): number => {
  const length = text.length;
  let index = 0;
  for (; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code > 127) break;
    target[at + index] = code;
  }
  return index;
};

let used = 0;

/** Starts a column; the state is the module's own, since columns are filled one after another. */
export const beginTexts = (): void => {
  used = 0;
};

/** Puts the text (null: nothing) at its place of the column that was begun last. */
export const putText = (index: number, text: string | null): void => {
  const word = index * 4;
  words[word + 1] = 0;
  words[word + 2] = 0;
  words[word + 3] = 0;
  if (text === null) {
    words[word] = 0;
    return;
  }
  const characters = text.length;
  if (characters <= inlineBytes && writeAscii(bytes, index * entryBytes + 4, text) === characters) {
    words[word] = characters;
    return;
  }
  const target = heapFor(used + characters * 3, used);
  const length =
    characters < shortText && writeAscii(target, used, text) === characters
      ? characters
      : target.write(text, used, 'utf8');
  words[word] = length;
  const own = index * entryBytes + 4;
  if (length <= inlineBytes) {
    // Not ASCII: what the first try left behind is overwritten or cleared.
    words[word + 1] = 0;
    words[word + 2] = 0;
    words[word + 3] = 0;
    for (let byte = 0; byte < length; byte++) bytes[own + byte] = target[used + byte] ?? 0;
    return;
  }
  for (let byte = 0; byte < 4; byte++) bytes[own + byte] = target[used + byte] ?? 0;
  words[word + 2] = used;
  words[word + 3] = 0;
  used += length;
};

/** The first text once more in every place up to `count`, held once. */
export const repeatText = (count: number): void => {
  for (let filled = entryBytes; filled < count * entryBytes; filled *= 2)
    bytes.copyWithin(filled, 0, Math.min(filled, count * entryBytes - filled));
};

/** Hands the column's `count` values to the vector. */
export const flushTexts = (vector: Vector, count: number): void => {
  if (used > 0) {
    duckdb.vector_assign_string_element_len(vector, 0, heap.subarray(0, used));
    const first = duckdb.vector_get_data(vector, entryBytes);
    const view = new DataView(first.buffer, first.byteOffset, entryBytes);
    const low = view.getUint32(8, true);
    const high = view.getUint32(12, true);
    for (let index = 0; index < count; index++) {
      const word = index * 4;
      if ((words[word] ?? 0) <= inlineBytes) continue;
      const address = low + (words[word + 2] ?? 0);
      words[word + 2] = address >>> 0;
      words[word + 3] = address > 0xffffffff ? high + 1 : high;
    }
  }
  duckdb.copy_data_to_vector(vector, 0, entryMemory, 0, count * entryBytes);
  if (heap.length > keptHeapBytes) heap = Buffer.alloc(1024 * 1024);
};
