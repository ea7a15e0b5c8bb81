import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { BackupMade } from '../retention.ts';
import type { Connections } from './connections.ts';
import { writeMark } from './mark.ts';
import { highestStoredSeq } from './readers.ts';

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The copy's highest number is read of the same snapshot that is copied: commits go on beside it. */
async function copyInto(connection: DuckDBConnection, file: string): Promise<number> {
  await connection.run(`ATTACH ${quoted(file)} AS backup_copy`);
  try {
    await connection.run('BEGIN TRANSACTION');
    try {
      const seq = await highestStoredSeq(connection);
      await connection.run('COPY FROM DATABASE warehouse TO backup_copy');
      await connection.run('COMMIT');
      return seq;
    } catch (error) {
      await connection.run('ROLLBACK').catch(() => undefined);
      throw error;
    }
  } finally {
    // Detached, the copy is folded into its one file.
    await connection.run('DETACH backup_copy').catch(() => undefined);
  }
}

/**
 * A consistent copy and its mark in a folder of its own under DATA_DIR/backup, the one place that DuckDB may write to
 * besides its file (connections.ts); whoever asked moves it from there.
 * @param id of ops.warehouse: the copy is the same database
 */
export async function makeBackup(connections: Connections, dataDir: string, id: string): Promise<BackupMade> {
  const folder = join(resolve(dataDir), 'backup', randomUUID());
  await mkdir(folder, { recursive: true });
  try {
    const seq = await connections.run('query', (connection) =>
      copyInto(connection, join(folder, 'warehouse.duckdb')),
    );
    await writeMark(folder, { id, seq });
    return { folder, seq };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
