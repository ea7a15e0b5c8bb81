import type { DuckDBDataChunk } from '@duckdb/node-api';
import duckdb, { type Vector } from '@duckdb/node-bindings';

/**
 * Columns of a result as plain arrays, straight from DuckDB's memory: the binding's own conversion, a value at
 * a time, is several times slower, and a rebuild reads millions. A column must be of the type that it is read as.
 */

const vectorOf = (chunk: DuckDBDataChunk, column: number): Vector =>
  duckdb.data_chunk_get_vector(chunk.chunk, column);

/** A bit a row, set where the value is not NULL; undefined when none is NULL. */
const validityOf = (vector: Vector, rows: number): Uint32Array | undefined => {
  const bytes: Uint8Array | null | undefined = duckdb.vector_get_validity(vector, Math.ceil(rows / 64) * 8);
  return bytes ? new Uint32Array(bytes.buffer, bytes.byteOffset, Math.ceil(rows / 64) * 2) : undefined;
};

const isNull = (validity: Uint32Array | undefined, row: number): boolean =>
  validity !== undefined && (((validity[row >>> 5] ?? 0) >>> (row & 31)) & 1) === 0;

/** A VARCHAR column. Layout of a value: text-vector.ts. */
export function readTexts(chunk: DuckDBDataChunk, column: number): (string | null)[] {
  const rows = chunk.rowCount;
  const vector = vectorOf(chunk, column);
  const validity = validityOf(vector, rows);
  const data = duckdb.vector_get_data(vector, rows * 16);
  const memory = data.buffer as ArrayBuffer;
  const bytes = Buffer.from(memory, data.byteOffset, rows * 16);
  const texts: (string | null)[] = new Array(rows);
  for (let row = 0; row < rows; row++) {
    if (isNull(validity, row)) {
      texts[row] = null;
      continue;
    }
    const at = row * 16;
    const length = bytes.readUInt32LE(at);
    if (length <= 12) {
      texts[row] = bytes.toString('utf8', at + 4, at + 4 + length);
      continue;
    }
    const far = duckdb.get_data_from_pointer(memory, data.byteOffset + at + 8, length);
    texts[row] = Buffer.from(far.buffer, far.byteOffset, length).toString('utf8');
  }
  return texts;
}

/** A DOUBLE column. */
export function readDoubles(chunk: DuckDBDataChunk, column: number): (number | null)[] {
  const rows = chunk.rowCount;
  const vector = vectorOf(chunk, column);
  const validity = validityOf(vector, rows);
  const data = duckdb.vector_get_data(vector, rows * 8);
  const values = new Float64Array(data.buffer, data.byteOffset, rows);
  const numbers: (number | null)[] = new Array(rows);
  for (let row = 0; row < rows; row++) numbers[row] = isNull(validity, row) ? null : (values[row] ?? null);
  return numbers;
}

const digits = Buffer.from('0123456789abcdef');
const dashes = new Set([4, 6, 8, 10]);
const uuidText = Buffer.alloc(36, '-');

/** A UUID column, as lower-case text. Consecutive equal values are one string. */
export function readUuids(chunk: DuckDBDataChunk, column: number): (string | null)[] {
  const rows = chunk.rowCount;
  const vector = vectorOf(chunk, column);
  const validity = validityOf(vector, rows);
  const data = duckdb.vector_get_data(vector, rows * 16);
  const words = new Uint32Array(data.buffer, data.byteOffset, rows * 4);
  const uuids: (string | null)[] = new Array(rows);
  let last = '';
  for (let row = 0; row < rows; row++) {
    if (isNull(validity, row)) {
      uuids[row] = null;
      continue;
    }
    const at = row * 4;
    const same =
      row > 0 &&
      last !== '' &&
      words[at] === words[at - 4] &&
      words[at + 1] === words[at - 3] &&
      words[at + 2] === words[at - 2] &&
      words[at + 3] === words[at - 1] &&
      !isNull(validity, row - 1);
    if (!same) {
      let to = 0;
      for (let byte = 0; byte < 16; byte++) {
        if (dashes.has(byte)) to++;
        const index = 15 - byte;
        const raw = data[row * 16 + index] ?? 0;
        // The first bit is kept turned over, so that numbers sort as texts do.
        const value = byte === 0 ? raw ^ 0x80 : raw;
        uuidText[to++] = digits[value >> 4] ?? 0;
        uuidText[to++] = digits[value & 15] ?? 0;
      }
      last = uuidText.toString('latin1');
    }
    uuids[row] = last;
  }
  return uuids;
}
