import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KadaError, messageOf } from '../../ingest/errors.ts';

/**
 * `warehouse.lock` names the process that owns the file, for messages only: DuckDB's own lock decides. It is
 * written after DuckDB has given us the file, so that a process that was refused does not overwrite the owner's.
 */
const lockPath = (dataDir: string): string => join(dataDir, 'warehouse.lock');

export const writeLockFile = (dataDir: string): Promise<void> =>
  writeFile(lockPath(dataDir), `${process.pid}\n`);

export const removeLockFile = (dataDir: string): Promise<void> => rm(lockPath(dataDir), { force: true });

const isLockError = (message: string): boolean =>
  /Could not set lock|being used by another process|Conflicting lock/i.test(message);

/** KADA_WAREHOUSE_LOCKED with the owner's pid, when it is DuckDB's word that another process has the file. */
export async function asLockError(error: unknown, dataDir: string): Promise<KadaError | undefined> {
  const message = messageOf(error);
  if (!isLockError(message)) return undefined;
  const told = /PID (\d+)/i.exec(message)?.[1];
  const noted = await readFile(lockPath(dataDir), 'utf8').catch(() => '');
  return lockedBy(told ?? (noted.trim() || 'unknown'), error);
}

export const lockedBy = (pid: string | number, cause?: unknown): KadaError =>
  new KadaError(
    'KADA_WAREHOUSE_LOCKED',
    `one process owns warehouse.duckdb (pid ${pid}): use --roles a,b, or set DB_HOST`,
    { cause },
  );
