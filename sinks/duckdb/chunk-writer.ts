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
import type { BronzeColumn, NumberType } from '../bronze-columns.ts';
import { flushFixed, putNumber, putPrefix, putUuid, rowError } from './fixed-vector.ts';
import { beginTexts, flushTexts, putText } from './text-vector.ts';

/** Besides Bronze's kinds: `prefix`, the first 64 bits of a hash, and numbers that stand beside the rows. */
export type WriterColumn<Row> =
  | BronzeColumn<Row>
  | { readonly name: string; readonly type: 'prefix'; readonly of: (row: Row) => string };
export interface BesideColumn {
  readonly name: string;
  readonly type: NumberType;
}

const duckTypes: Readonly<Record<WriterColumn<never>['type'], DuckDBType>> = {
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

const markNull = (column: BronzeColumn<never>, index: number): void => {
  if (column.required) throw rowError(column.name, 'missing');
  validity[index >>> 5] = (validity[index >>> 5] ?? 0) & ~(1 << (index & 31));
};

/** Lays out the column's values of these rows; returns how many are NULL. */
function fill<Row>(
  column: BronzeColumn<Row>,
  vector: Vector,
  rows: readonly Row[],
  from: number,
  count: number,
): number {
  let nulls = 0;
  switch (column.type) {
    case 'text':
    case 'id': {
      const { of } = column;
      beginTexts();
      for (let index = 0; index < count; index++) {
        const value = of(rows[from + index] as Row);
        putText(index, value);
        if (value === null) {
          nulls++;
          markNull(column, index);
        }
      }
      if (nulls < count) flushTexts(vector, count);
      return nulls;
    }
    case 'uuid': {
      const { of, name } = column;
      for (let index = 0; index < count; index++) {
        const value = of(rows[from + index] as Row);
        if (value === null) {
          nulls++;
          markNull(column, index);
        } else putUuid(index, value, name);
      }
      if (nulls < count) flushFixed('uuid', vector, count);
      return nulls;
    }
    default: {
      const { of, name, type } = column;
      for (let index = 0; index < count; index++) {
        const value = of(rows[from + index] as Row);
        if (value === null) {
          nulls++;
          markNull(column, index);
        } else putNumber(type, index, value, name);
      }
      if (nulls < count) flushFixed(type, vector, count);
      return nulls;
    }
  }
}

export interface ChunkWriter<Row> {
  /**
   * Appends the rows; nothing stands in the table before the appender is flushed. `beside` holds, for each
   * column beside the rows, its values. Throws KADA_ROW_INVALID for a value that its column cannot hold.
   */
  append(appender: DuckDBAppender, rows: readonly Row[], ...beside: readonly (readonly number[])[]): void;
}

/** Writes rows of one table in chunks of 2,048, column by column, into a chunk that is used again and again. */
export function createChunkWriter<Row>(
  columns: readonly WriterColumn<Row>[],
  besideColumns: readonly BesideColumn[] = [],
): ChunkWriter<Row> {
  const chunk = DuckDBDataChunk.create(
    [...columns, ...besideColumns].map((column) => duckTypes[column.type]),
  );

  const fillAll = (
    rows: readonly Row[],
    from: number,
    count: number,
    beside: readonly (readonly number[])[],
  ) => {
    columns.forEach((column, position) => {
      const vector = duckdb.data_chunk_get_vector(chunk.chunk, position);
      if (column.type === 'prefix') {
        for (let index = 0; index < count; index++) putPrefix(index, column.of(rows[from + index] as Row));
        flushFixed('bigint', vector, count);
        return;
      }
      validity.fill(0xffffffff);
      if (fill(column, vector, rows, from, count) > 0) {
        duckdb.vector_ensure_validity_writable(vector);
        duckdb.copy_data_to_vector_validity(vector, 0, validityMemory, 0, Math.ceil(count / 64) * 8);
      }
    });
    besideColumns.forEach((column, position) => {
      const values = beside[position] ?? [];
      for (let index = 0; index < count; index++)
        putNumber(column.type, index, values[from + index] ?? Number.NaN, column.name);
      const vector = duckdb.data_chunk_get_vector(chunk.chunk, columns.length + position);
      flushFixed(column.type, vector, count);
    });
  };

  return {
    append(appender, rows, ...beside) {
      try {
        for (let from = 0; from < rows.length; from += rowsAtMost) {
          const count = Math.min(rowsAtMost, rows.length - from);
          chunk.reset();
          chunk.rowCount = count;
          fillAll(rows, from, count, beside);
          appender.appendDataChunk(chunk);
        }
      } finally {
        // The texts of a large batch are not held until the next one.
        chunk.reset();
      }
    },
  };
}
