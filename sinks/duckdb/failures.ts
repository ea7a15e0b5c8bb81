import { KadaError, messageOf } from '../../ingest/errors.ts';
import type { CommitResult, FailureClass } from '../warehouse.ts';

/**
 * Every text by which DuckDB says that something failed, and what that means for the batch (commit-protocol.md
 * 5). DuckDB's errors carry no codes through its binding: the words before the first colon are all there is.
 */

/** The instance refuses all further work until it is opened again; what it was doing may be durable. */
const broken = /^(FATAL|INTERNAL) Error|database has been invalidated/i;

/** A row that this table will never take, however often it is tried. */
const data =
  /^(Constraint|Conversion|Out of Range|Invalid Type|Mismatch Type|Decimal|Sequence) Error|^Invalid Input Error: (Failed to cast|.*[Uu](nicode|TF-?8))|Could not convert|Could not cast|invalid UTF-?8/i;

/** The disk, another writer, or a connection that was closed under the call: the same batch may succeed later. */
const away =
  /^(IO|HTTP|Network|Connection|Permission|Interrupt) Error|INTERRUPT|Conflict|No space left|File too large|Input\/output error|Could not (write|read|sync|fsync|open|truncate)|disconnected|already closed/i;

const own: Readonly<Record<string, FailureClass>> = {
  KADA_ROW_INVALID: 'data',
  KADA_LETTER_RESOLVED: 'data',
  KADA_WAREHOUSE_CLOSED: 'away',
  KADA_WAREHOUSE_BROKEN: 'broken',
  KADA_WAREHOUSE_AWAY: 'away',
  KADA_WAREHOUSE_LOCKED: 'away',
};

/** Which class of failure a DuckDB error, or one of this engine's own, is. Never throws. */
export function classify(error: unknown): FailureClass {
  if (error instanceof KadaError) {
    const known = own[error.code];
    if (known !== undefined) return known;
    return error.cause === undefined ? 'unknown' : classify(error.cause);
  }
  const message = messageOf(error);
  if (broken.test(message)) return 'broken';
  if (away.test(message)) return 'away';
  return data.test(message) ? 'data' : 'unknown';
}

const codes: Readonly<Record<FailureClass, `KADA_${string}`>> = {
  away: 'KADA_WAREHOUSE_AWAY',
  broken: 'KADA_WAREHOUSE_BROKEN',
  data: 'KADA_ROW_INVALID',
  unknown: 'KADA_WAREHOUSE_FAILED',
};

/** The error that a method of the warehouse rejects with: its code tells the class. */
export const asKadaError = (error: unknown): KadaError =>
  error instanceof KadaError
    ? error
    : new KadaError(codes[classify(error)], messageOf(error), { cause: error });

/** DuckDB's own word for a failure, short enough for a log line or a label: `Constraint`, `IO`, `FATAL` … */
export const failureCode = (error: unknown): string => {
  if (error instanceof KadaError) return error.code;
  return /^(\w+(?: \w+)*?) Error/.exec(messageOf(error))?.[1] ?? 'unknown';
};

/** What a commit says of whatever was thrown. */
export const failedCommit = (error: unknown): CommitResult => ({
  kind: 'failed',
  failure: classify(error),
  code: failureCode(error instanceof Error && error.cause !== undefined ? error.cause : error),
  message: messageOf(error),
});
