import type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api';
import { type ChunkWriter, createChunkWriter } from './chunk-writer.ts';
import { type Lot, type TableName, tables } from './layout.ts';

export interface TableAppenders {
  /**
   * Appends all lots to their tables and returns how to flush exactly those. Nothing stands in a table before
   * that. Throws KADA_ROW_INVALID, or what DuckDB says.
   */
  append(connection: DuckDBConnection, lots: readonly Lot[]): Promise<() => void>;
  /** Forgets the appenders and what they still hold: after a failure, or when the connection is gone. */
  discard(): void;
}

/** Appenders for every table that a commit can touch, kept from batch to batch on one connection. */
export function createTableAppenders(): TableAppenders {
  const writers = new Map<TableName, ChunkWriter>();
  const appenders = new Map<TableName, DuckDBAppender>();

  const writerOf = (table: TableName): ChunkWriter => {
    const writer = writers.get(table) ?? createChunkWriter(tables[table].columns);
    writers.set(table, writer);
    return writer;
  };
  const appenderOf = async (connection: DuckDBConnection, table: TableName): Promise<DuckDBAppender> => {
    const appender = appenders.get(table) ?? (await connection.createAppender(table, tables[table].schema));
    appenders.set(table, appender);
    return appender;
  };

  return {
    async append(connection, lots) {
      const touched: DuckDBAppender[] = [];
      for (const lot of lots) {
        const appender = await appenderOf(connection, lot.table);
        touched.push(appender);
        writerOf(lot.table).append(appender, lot);
      }
      return () => {
        for (const appender of touched) appender.flushSync();
      };
    },

    discard() {
      for (const appender of appenders.values()) {
        // An appender that closes writes what it still holds, and after an error it fails once more while doing so.
        try {
          appender.clear();
        } catch {
          // Nothing was held.
        }
        try {
          appender.closeSync();
        } catch {
          // The error that brought us here, told a second time.
        }
      }
      appenders.clear();
    },
  };
}
