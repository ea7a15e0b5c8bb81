import { stat } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { KadaError } from '../../ingest/errors.ts';
import type { EngineLog } from '../warehouse.ts';
import { databasePath } from './connections.ts';
import { markPath, readMark } from './mark.ts';
import { highestStoredSeq } from './readers.ts';

/** commit-protocol.md 17, before anything is written to the file. */
export interface MarkCheck {
  readonly dataDir: string;
  readonly log: EngineLog;
  /** go on although commits are missing, and say so */
  readonly acceptLoss: boolean;
}

const advice =
  'Nothing was changed. Restore a backup (warehouse.duckdb, its .wal and warehouse.mark together), or go on ' +
  'without what is missing by --accept-loss.';

const exists = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Before the file is opened, which would make an empty one: KADA_WAREHOUSE_MISSING when a mark says there was one. */
export async function refuseMissingFile({ dataDir, log, acceptLoss }: MarkCheck): Promise<void> {
  const mark = await readMark(dataDir);
  if (mark === 'none' || mark === 'unreadable' || (await exists(databasePath(dataDir)))) return;
  if (!acceptLoss)
    throw new KadaError(
      'KADA_WAREHOUSE_MISSING',
      `${databasePath(dataDir)} is gone, but ${markPath(dataDir)} says that it held events up to number ${mark.seq}. ${advice}`,
    );
  log.warn({ lostUpTo: mark.seq }, 'the warehouse is gone; a new one is made, as --accept-loss says');
}

const identity = async (connection: DuckDBConnection): Promise<string | undefined> => {
  const table = await connection.run(
    "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'ops' AND table_name = 'warehouse'",
  );
  if ((await table.getRows()).length === 0) return undefined;
  const rows = await connection.run('SELECT CAST(id AS VARCHAR) FROM ops.warehouse');
  const id = (await rows.getRows())[0]?.[0];
  return typeof id === 'string' ? id : undefined;
};

export interface Numbers {
  /** the highest ingest_seq in Bronze */
  readonly stored: number;
  /** new numbers go on above this: some that readers may have seen can be lost, none is given twice */
  readonly highest: number;
}

/**
 * After the file is opened and before it is migrated: KADA_WAREHOUSE_BEHIND when it holds less than its mark
 * says was committed.
 */
export async function checkMark(
  connection: DuckDBConnection,
  { dataDir, log, acceptLoss }: MarkCheck,
): Promise<Numbers> {
  const id = await identity(connection);
  const stored = id === undefined ? 0 : await highestStoredSeq(connection);
  const mark = await readMark(dataDir);
  if (mark === 'none') {
    if (stored > 0) log.warn({ stored }, 'no mark stands beside the warehouse; a new one is made');
    return { stored, highest: stored };
  }
  if (mark === 'unreadable') {
    log.warn({ path: markPath(dataDir) }, 'the mark beside the warehouse cannot be read; a new one is made');
    return { stored, highest: stored };
  }
  // A file without an identity beside a mark is one whose first log is gone; with another, another database.
  if (id !== undefined && id !== mark.id) {
    log.warn({ mark: mark.id, warehouse: id }, 'the mark is another database’s; a new one is made');
    return { stored, highest: stored };
  }
  const behind = id === undefined ? mark.seq : mark.seq - stored;
  if (behind > 0 || id === undefined) {
    if (!acceptLoss)
      throw new KadaError(
        'KADA_WAREHOUSE_BEHIND',
        `${databasePath(dataDir)} holds events up to number ${stored}, but up to ${mark.seq} were committed: ` +
          `${behind} numbers are missing. Its write-ahead log was cut off, emptied or removed. ${advice}`,
      );
    log.warn({ stored, committed: mark.seq, behind }, 'commits are missing; going on, as --accept-loss says');
  }
  return { stored, highest: Math.max(stored, mark.seq) };
}

export { identity as warehouseId };
