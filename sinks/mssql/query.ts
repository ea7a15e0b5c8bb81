import sql from 'mssql';
import { KadaError, messageOf } from '../../ingest/errors.ts';
import type { QueryResult, QueryValue } from '../warehouse.ts';
import { classify } from './failures.ts';
import { requireReading } from './read-only.ts';
import type { Cell, Rows, Session } from './session.ts';

const defaultRows = 10_000;

/** Whole numbers come as text: a number as far as it is exact. */
const wholeNumber = (text: string): QueryValue => {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : text;
};

/**
 * What a reader gets of a value: times are ISO text with ms and Z (cut, not rounded), days are days, UUIDs lower-case
 * text, bytes hexadecimal, all else as it is.
 */
export const queryValue = (cell: Cell, type: unknown): QueryValue => {
  if (cell === null || cell === undefined) return null;
  if (cell instanceof Date) {
    const iso = new Date(Math.floor(cell.getTime())).toISOString();
    return type === sql.Date ? iso.slice(0, 10) : iso;
  }
  if (Buffer.isBuffer(cell)) return `0x${cell.toString('hex')}`;
  return type === sql.BigInt && typeof cell === 'string' ? wholeNumber(cell) : cell;
};

export const queryResult = ({ columns, rows }: Rows): QueryResult => ({
  columns: columns.map(({ name }) => name),
  rows: rows.map((row) => row.map((cell, index) => queryValue(cell, columns[index]?.type))),
});

/** `session`: of a transaction that is rolled back, whatever the statement was. */
export async function runQuery(session: Session, text: string, maxRows = defaultRows): Promise<QueryResult> {
  requireReading(text);
  try {
    return queryResult(await session.firstRows(text, maxRows));
  } catch (error) {
    // The statement's own fault; a server that is away is told as such.
    if (error instanceof KadaError) throw error;
    const code =
      classify(error) === 'away' && !isOfStatement(error) ? 'KADA_WAREHOUSE_AWAY' : 'KADA_SQL_FAILED';
    throw new KadaError(code, messageOf(error), { cause: error });
  }
}

/** A name that is not there is the store's fault for a commit, and the asker's for a query. */
const isOfStatement = (error: unknown): boolean =>
  error instanceof sql.RequestError && typeof error.number === 'number' && Number(error.class ?? 0) < 17;
