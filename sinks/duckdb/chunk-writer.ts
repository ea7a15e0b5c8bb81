import {
  BIGINT,
  DECIMAL,
  DOUBLE,
  type DuckDBAppender,
  DuckDBDataChunk,
  type DuckDBType,
  INTEGER,
  SMALLINT,
  TIMESTAMP,
  UUID,
  VARCHAR,
} from '@duckdb/node-api';
import duckdb, { type Vector } from '@duckdb/node-bindings';
import { flushFixed, putNumber, putPrefix, putUuid, rowError } from './fixed-vector.ts';
import type { Cell, Cells, Lot, TableColumn } from './layout.ts';
import { beginTexts, flushTexts, putText, repeatText } from './text-vector.ts';

const duckTypes: Readonly<Record<TableColumn['type'], DuckDBType>> = {
  text: VARCHAR,
  id: VARCHAR,
  uuid: UUID,
  timestamp: TIMESTAMP,
  cents: DECIMAL(12, 2),
  double: DOUBLE,
  integer: INTEGER,
  smallint: SMALLINT,
  bigint: BIGINT,
  prefix: BIGINT,
};

const rowsAtMost = duckdb.vector_size();
const validityMemory = new ArrayBuffer(rowsAtMost / 8);
const validity = new Uint32Array(validityMemory);

const markNull = (column: TableColumn, index: number): void => {
  if (column.required) throw rowError(column.name, 'missing');
  validity[index >>> 5] = (validity[index >>> 5] ?? 0) & ~(1 << (index & 31));
};

const flushNulls = (vector: Vector, count: number): void => {
  duckdb.vector_ensure_validity_writable(vector);
  duckdb.copy_data_to_vector_validity(vector, 0, validityMemory, 0, Math.ceil(count / 64) * 8);
};

const isText = (type: TableColumn['type']): type is 'text' | 'id' => type === 'text' || type === 'id';

function put(column: TableColumn, index: number, cell: string | number): void {
  const { name, type } = column;
  if (typeof cell === 'number') {
    if (isText(type) || type === 'uuid' || type === 'prefix')
      throw rowError(name, 'a number where a text belongs');
    putNumber(type, index, cell, name);
  } else if (isText(type)) putText(index, cell);
  else if (type === 'uuid') putUuid(index, cell, name);
  else if (type === 'prefix') putPrefix(index, cell);
  else throw rowError(name, 'a text where a number belongs');
}

function flush({ type }: TableColumn, vector: Vector, count: number): void {
  if (isText(type)) flushTexts(vector, count);
  else flushFixed(type === 'prefix' ? 'bigint' : type, vector, count);
}

function fillEach(
  column: TableColumn,
  vector: Vector,
  cells: readonly Cell[],
  from: number,
  count: number,
): void {
  let nulls = 0;
  validity.fill(0xffffffff);
  if (isText(column.type)) beginTexts();
  for (let index = 0; index < count; index++) {
    const cell = cells[from + index] ?? null;
    if (cell !== null) {
      put(column, index, cell);
      continue;
    }
    nulls++;
    markNull(column, index);
    if (isText(column.type)) putText(index, null);
  }
  if (nulls < count) flush(column, vector, count);
  if (nulls > 0) flushNulls(vector, count);
}

/** The same in every row. */
function fillOne(column: TableColumn, vector: Vector, cell: Cell, count: number): void {
  if (cell === null) {
    if (column.required) throw rowError(column.name, 'missing');
    validity.fill(0);
    flushNulls(vector, count);
    return;
  }
  if (isText(column.type)) {
    beginTexts();
    put(column, 0, cell);
    repeatText(count);
  } else for (let index = 0; index < count; index++) put(column, index, cell);
  flush(column, vector, count);
}

function fill(column: TableColumn, vector: Vector, cells: Cells, from: number, count: number): void {
  if (typeof cells === 'object' && cells !== null) fillEach(column, vector, cells, from, count);
  else fillOne(column, vector, cells, count);
}

export interface ChunkWriter {
  /**
   * Appends the rows; nothing stands in the table before the appender is flushed. Throws KADA_ROW_INVALID for a
   * value that its column cannot hold.
   */
  append(appender: DuckDBAppender, lot: Lot): void;
}

/** Writes rows of one table in chunks of 2,048, column by column, into a chunk that is used again and again. */
export function createChunkWriter(columns: readonly TableColumn[]): ChunkWriter {
  const chunk = DuckDBDataChunk.create(columns.map((column) => duckTypes[column.type]));

  return {
    append(appender, lot) {
      try {
        for (let from = 0; from < lot.rows; from += rowsAtMost) {
          const count = Math.min(rowsAtMost, lot.rows - from);
          chunk.reset();
          chunk.rowCount = count;
          columns.forEach((column, position) => {
            const vector = duckdb.data_chunk_get_vector(chunk.chunk, position);
            fill(column, vector, lot.columns[position] ?? null, from, count);
          });
          appender.appendDataChunk(chunk);
        }
      } finally {
        // The texts of a large batch are not held until the next one.
        chunk.reset();
      }
    },
  };
}
