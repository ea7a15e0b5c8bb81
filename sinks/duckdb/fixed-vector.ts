import duckdb, { type Vector } from '@duckdb/node-bindings';
import { KadaError } from '../../ingest/errors.ts';
import type { NumberType } from '../bronze-columns.ts';

/**
 * Columns of fixed width: values are laid out in one block of memory and handed to the vector in one copy. The
 * block is shared by all columns, since one is filled and handed over without a pause.
 *
 * Raw memory is stored as it is, so whatever a column cannot hold is refused here as a data error of its row:
 * DuckDB would keep another number and say nothing.
 */

const rowsAtMost = duckdb.vector_size();
const memory = new ArrayBuffer(rowsAtMost * 16);
const int16 = new Int16Array(memory);
const int32 = new Int32Array(memory);
const uint32 = new Uint32Array(memory);
const float64 = new Float64Array(memory);

export type FixedType = NumberType | 'uuid';

const widths: Readonly<Record<FixedType, number>> = {
  timestamp: 8,
  cents: 8,
  double: 8,
  integer: 4,
  smallint: 2,
  bigint: 8,
  uuid: 16,
};

/** decimal(12,2): ten digits before the point. */
const centsLimit = 1e12;
/** ms; DuckDB's timestamps reach further, JavaScript's dates do not. */
const timestampLimit = 8.64e15;
const word = 4294967296;

export const rowError = (column: string, what: string): KadaError =>
  new KadaError('KADA_ROW_INVALID', `${column}: ${what}`);

const putInt64 = (index: number, value: number): void => {
  uint32[index * 2] = value >>> 0;
  int32[index * 2 + 1] = Math.floor(value / word);
};

/** ms to microseconds in two halves: the product would pass 2^53. */
const putMicroseconds = (index: number, ms: number): void => {
  const high = Math.floor(ms / word);
  const low = (ms - high * word) * 1000;
  const carry = Math.floor(low / word);
  uint32[index * 2] = low - carry * word;
  int32[index * 2 + 1] = high * 1000 + carry;
};

/** Puts the number at its place of the column being filled; throws KADA_ROW_INVALID. */
export const putNumber = (type: NumberType, index: number, value: number, column: string): void => {
  switch (type) {
    case 'timestamp':
      if (!Number.isInteger(value) || Math.abs(value) > timestampLimit)
        throw rowError(column, 'not a time in whole ms');
      putMicroseconds(index, value);
      return;
    case 'double':
      if (!Number.isFinite(value)) throw rowError(column, 'not a finite number');
      float64[index] = value;
      return;
    case 'smallint':
      if ((value << 16) >> 16 !== value) throw rowError(column, 'not a whole number within SMALLINT');
      int16[index] = value;
      return;
    case 'integer':
      if ((value | 0) !== value) throw rowError(column, 'not a whole number within INTEGER');
      int32[index] = value;
      return;
    case 'cents':
      if (!Number.isInteger(value) || Math.abs(value) >= centsLimit)
        throw rowError(column, 'not an amount in hundredths within DECIMAL(12,2)');
      putInt64(index, value);
      return;
    case 'bigint':
      if (!Number.isSafeInteger(value)) throw rowError(column, 'not a whole number within 53 bits');
      putInt64(index, value);
      return;
  }
};

const hexDigits = new Uint8Array(128).fill(16);
for (let digit = 0; digit < 16; digit++) {
  const character = digit.toString(16);
  hexDigits[character.charCodeAt(0)] = digit;
  hexDigits[character.toUpperCase().charCodeAt(0)] = digit;
}

let seenDigits = 0;
const hex4 = (text: string, at: number): number => {
  const a = hexDigits[text.charCodeAt(at)] ?? 16;
  const b = hexDigits[text.charCodeAt(at + 1)] ?? 16;
  const c = hexDigits[text.charCodeAt(at + 2)] ?? 16;
  const d = hexDigits[text.charCodeAt(at + 3)] ?? 16;
  seenDigits |= a | b | c | d;
  return (a << 12) | (b << 8) | (c << 4) | d;
};

/**
 * DuckDB keeps a UUID as a signed 128-bit number with its first bit turned over, so that it sorts as text does.
 * Throws KADA_ROW_INVALID when the text is not 8-4-4-4-12 hex digits.
 */
export const putUuid = (index: number, text: string, column: string): void => {
  seenDigits = 0;
  const at = index * 4;
  uint32[at + 3] = ((hex4(text, 0) << 16) | hex4(text, 4)) ^ 0x80000000;
  uint32[at + 2] = (hex4(text, 9) << 16) | hex4(text, 14);
  uint32[at + 1] = (hex4(text, 19) << 16) | hex4(text, 24);
  uint32[at] = (hex4(text, 28) << 16) | hex4(text, 32);
  if (seenDigits > 15 || text.length !== 36) throw rowError(column, 'not a UUID');
};

/** The first 64 bits of a hexadecimal hash as the signed number that `prefix` columns hold. */
export const putPrefix = (index: number, hash: string): void => {
  seenDigits = 0;
  uint32[index * 2 + 1] = (hex4(hash, 0) << 16) | hex4(hash, 4);
  uint32[index * 2] = (hex4(hash, 8) << 16) | hex4(hash, 12);
  if (seenDigits > 15) throw rowError('fingerprint', 'not hexadecimal');
};

/** Hands `count` values to the vector. */
export const flushFixed = (type: FixedType, vector: Vector, count: number): void => {
  duckdb.copy_data_to_vector(vector, 0, memory, 0, count * widths[type]);
};
