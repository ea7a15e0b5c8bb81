import sql from 'mssql';
import { KadaError, messageOf } from '../../ingest/errors.ts';
import { type CommitResult, type FailureClass, letterResolvedCode } from '../warehouse.ts';

/**
 * Every number by which SQL Server says that something failed, and what that means for the batch
 * (commit-protocol.md 5). Numbers: "Database Engine events and errors" of its documentation.
 */

/** A row that this table will never take, however often it is tried. */
const data: ReadonlySet<number> = new Set([
  // a value that does not fit: arithmetic overflow, conversion, truncation, NULL, CHECK and foreign keys
  220, 232, 241, 242, 245, 248, 295, 511, 515, 517, 535, 547, 1946, 2628, 8114, 8115, 8134, 8152, 8169, 9803,
  // the JSON that carries the rows
  13608, 13609, 13610,
]);

/** Another writer, the server's resources, its state, or our rights: the same batch may succeed later. */
const away: ReadonlySet<number> = new Set([
  // locks and versions
  1204, 1205, 1222, 3951, 3952, 3960, 3961, 3966,
  // memory, log and files that are full
  701, 802, 1101, 1105, 8645, 8651, 9002, 9100,
  // a database that is closed, in recovery, read-only, moved, or not there
  904, 911, 921, 922, 923, 924, 926, 927, 942, 945, 976, 978, 979, 981, 982, 983, 3906, 3908, 4060, 40613,
  // the server pauses, throttles, stops or fails over
  233, 596, 6002, 6005, 6006, 10928, 10929, 17142, 18401, 40143, 40197, 40501, 40540, 49918, 49919, 49920,
  // login and rights, a table or column that is not there: no row is to blame
  207, 208, 229, 230, 262, 300, 916, 2812, 18452, 18456, 18470, 18486, 18487, 18488,
]);

const duplicateKey: ReadonlySet<number> = new Set([2601, 2627]);

/** Thrown by commit-text.ts: the batch's own claims stand already, so an earlier try of it was stored. */
export const batchFoundNumber = 50_010;

/** Thrown by commit-text.ts: a letter whose event the batch stores is not pending any more. */
export const letterResolvedNumber = 50_011;

/** Our claims and fences have the only keys that two writers may meet on; on any other it is the row's fault. */
const ourKeys = /event_fingerprints|commit_fences/i;

const own: Readonly<Record<string, FailureClass>> = {
  KADA_ROW_INVALID: 'data',
  KADA_WAREHOUSE_CLOSED: 'away',
  KADA_WAREHOUSE_AWAY: 'away',
  KADA_LOCK_LOST: 'away',
};

/** The server's number of an error, where it has one. */
export const numberOf = (error: unknown): number | undefined => {
  if (error instanceof sql.RequestError && typeof error.number === 'number') return error.number;
  const inner = error instanceof sql.MSSQLError ? error.originalError : undefined;
  return inner !== undefined && 'number' in inner && typeof inner.number === 'number'
    ? inner.number
    : undefined;
};

const severityOf = (error: unknown): number =>
  error instanceof sql.RequestError ? Number(error.class ?? 0) : 0;

/** What of the driver's own codes says that the server gave no verdict. */
const driverAway: ReadonlySet<string> = new Set([
  'ETIMEOUT',
  'ESOCKET',
  'ECONNCLOSED',
  'ENOTOPEN',
  'ELOGIN',
  'EINSTLOOKUP',
  'ENOCONN',
  'EABORT',
  'ECANCEL',
]);

const isTarnTimeout = (error: unknown): boolean => error instanceof Error && error.name === 'TimeoutError';

/** Which class of failure an error of the driver, or one of this engine's own, is. Never throws. */
export function classify(error: unknown): FailureClass {
  if (error instanceof KadaError) {
    const known = own[error.code];
    if (known !== undefined) return known;
    return error.cause === undefined ? 'unknown' : classify(error.cause);
  }
  const number = numberOf(error);
  if (number !== undefined) {
    if (number === batchFoundNumber) return 'away';
    if (number === letterResolvedNumber) return 'data';
    if (duplicateKey.has(number)) return ourKeys.test(messageOf(error)) ? 'away' : 'data';
    if (data.has(number)) return 'data';
    // From 17 on it is the server's resources, from 20 on the connection is gone.
    if (away.has(number) || severityOf(error) >= 17) return 'away';
    return 'unknown';
  }
  if (isTarnTimeout(error)) return 'away';
  if (error instanceof sql.MSSQLError) return driverAway.has(error.code) ? 'away' : unfinished(error);
  return 'unknown';
}

/** A request that failed without the server's number: its socket broke. */
const unfinished = (error: sql.MSSQLError): FailureClass =>
  /socket|connection|ECONN|EPIPE|timeout/i.test(error.message) ? 'away' : 'unknown';

/** The server answered, and so rolled back: what this try did is known. Anything else leaves it in doubt. */
export const isVerdict = (error: unknown): boolean => {
  if (error instanceof KadaError) return error.cause === undefined || isVerdict(error.cause);
  return numberOf(error) !== undefined && severityOf(error) < 20;
};

const codes: Readonly<Record<FailureClass, `KADA_${string}`>> = {
  away: 'KADA_WAREHOUSE_AWAY',
  broken: 'KADA_WAREHOUSE_AWAY',
  data: 'KADA_ROW_INVALID',
  unknown: 'KADA_WAREHOUSE_FAILED',
};

/** The error that a method of the warehouse rejects with: its code tells the class. */
export const asKadaError = (error: unknown): KadaError =>
  error instanceof KadaError
    ? error
    : new KadaError(codes[classify(error)], messageOf(error), { cause: error });

/** The server's number, or the driver's code, short enough for a log line or a label. */
export const failureCode = (error: unknown): string => {
  if (error instanceof KadaError) return error.cause === undefined ? error.code : failureCode(error.cause);
  const number = numberOf(error);
  if (number === letterResolvedNumber) return letterResolvedCode;
  if (number !== undefined) return `SQL ${number}`;
  return error instanceof sql.MSSQLError && error.code !== undefined ? error.code : 'unknown';
};

/** What a commit says of whatever was thrown. */
export const failedCommit = (error: unknown): CommitResult => ({
  kind: 'failed',
  failure: classify(error),
  code: failureCode(error),
  message: messageOf(error),
});
