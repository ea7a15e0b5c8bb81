import {
  type DuckDBConnection,
  DuckDBDecimalValue,
  type DuckDBPreparedStatement,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBValue,
  StatementType,
} from '@duckdb/node-api';
import { KadaError, messageOf } from '../../ingest/errors.ts';
import type { QueryResult, QueryValue } from '../warehouse.ts';
import { classify } from './failures.ts';

const defaultRows = 10_000;

const refused = (why: string): KadaError =>
  new KadaError(
    'KADA_SQL_READ_ONLY',
    `${why}. One statement that only reads (select, with, describe, show …) is run.`,
  );

const isoOfMs = (ms: number): QueryValue => {
  const date = new Date(ms);
  // DuckDB's infinity and dates that JavaScript cannot name.
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
};

const wholeNumber = (value: bigint): QueryValue => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
};

/**
 * What a reader gets of a value: times are ISO text with ms and Z (cut, not rounded), decimals and
 * whole numbers numbers as far as these are exact (15 digits), else exact text, UUIDs lower-case text, nested values their DuckDB text.
 */
export const queryValue = (value: DuckDBValue): QueryValue => {
  if (value === null) return null;
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return wholeNumber(value);
    default:
      if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue)
        return isoOfMs(Math.floor(Number(value.micros) / 1000));
      if (value instanceof DuckDBTimestampMillisecondsValue) return isoOfMs(Number(value.millis));
      if (value instanceof DuckDBTimestampSecondsValue) return isoOfMs(Number(value.seconds) * 1000);
      if (value instanceof DuckDBTimestampNanosecondsValue)
        return isoOfMs(Math.floor(Number(value.nanos / 1_000_000n)));
      if (value instanceof DuckDBDecimalValue) return decimal(value);
      return String(value);
  }
};

const exactDigits = 1_000_000_000_000_000n;

/** Up to 15 digits every decimal has a double that prints as itself. */
const decimal = (value: DuckDBDecimalValue): QueryValue =>
  value.value < exactDigits && value.value > -exactDigits ? Number(value.toString()) : value.toString();

/** The statement, when it is the only one and of a kind that changes nothing. */
async function prepareReader(connection: DuckDBConnection, sql: string): Promise<DuckDBPreparedStatement> {
  // As functions these can be called by a select, and would abort what others are committing.
  if (/checkpoint/i.test(sql)) throw refused('Checkpoints are the warehouse’s own');
  const statements = await connection.extractStatements(sql);
  if (statements.count !== 1) throw refused(`${statements.count} statements were given`);
  const prepared = await statements.prepare(0);
  const kind = prepared.statementType;
  const reads =
    kind === StatementType.SELECT || (kind === StatementType.EXPLAIN && !/\banalyze\b/i.test(sql));
  if (reads) return prepared;
  prepared.destroySync();
  throw refused(`${StatementType[kind]} is not a statement that only reads`);
}

/** Runs it within a read-only transaction, which refuses what the statement's kind did not tell. */
export async function runQuery(
  connection: DuckDBConnection,
  sql: string,
  maxRows = defaultRows,
): Promise<QueryResult> {
  await connection.run('BEGIN TRANSACTION READ ONLY');
  try {
    const prepared = await prepareReader(connection, sql);
    try {
      const result = await prepared.stream();
      const columns = result.columnNames();
      const rows: QueryValue[][] = [];
      while (rows.length < maxRows) {
        const chunk = await result.fetchChunk();
        if (chunk === null || chunk.rowCount === 0) break;
        for (const row of chunk.getRows().slice(0, maxRows - rows.length)) rows.push(row.map(queryValue));
      }
      return { columns, rows };
    } finally {
      prepared.destroySync();
    }
  } catch (error) {
    if (error instanceof Error && /read-only mode|Failed to extract/i.test(error.message))
      throw refused(error.message);
    // The statement's own fault; a store that is away or broken is told as such.
    if (!(error instanceof KadaError) && classify(error) !== 'broken')
      throw new KadaError('KADA_SQL_FAILED', messageOf(error), { cause: error });
    throw error;
  } finally {
    await connection.run('ROLLBACK').catch(() => undefined);
  }
}
