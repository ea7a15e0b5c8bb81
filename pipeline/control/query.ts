import type { QueryResult, QueryValue, Warehouse } from '../../sinks/warehouse.ts';

/** rows; no query is answered with more */
export const maxQueryRows = 100_000;

export interface BoundedQueryResult extends QueryResult {
  /** there were more rows than asked for */
  readonly truncated: boolean;
}

/**
 * Runs one read-only statement, with a row more than asked for, which tells whether there were more. NaN and
 * infinities, which JSON lacks, become texts, so that a query answers alike with and without a process between.
 */
export async function queryBounded(
  warehouse: Pick<Warehouse, 'query'>,
  sql: string,
  maxRows: number,
): Promise<BoundedQueryResult> {
  const { columns, rows } = await warehouse.query(sql, { maxRows: maxRows + 1 });
  return {
    columns,
    rows: rows.slice(0, maxRows).map((row) => row.map(jsonSafe)),
    truncated: rows.length > maxRows,
  };
}

const jsonSafe = (value: QueryValue): QueryValue =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
