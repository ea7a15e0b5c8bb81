import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { BackupMade } from '../retention.ts';
import type { Connections } from './connections.ts';
import { writeMark } from './mark.ts';
import { highestStoredSeq } from './readers.ts';

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/**
 * The copy is one statement and so one snapshot, while commits go on beside it; DuckDB refuses it within a transaction
 * where its settings are locked. Its highest number is read of the copy itself.
 */
async function copyInto(connection: DuckDBConnection, file: string): Promise<number> {
  await connection.run(`ATTACH ${quoted(file)} AS backup_copy`);
  try {
    await connection.run('COPY FROM DATABASE warehouse TO backup_copy');
    // Its log is folded in: what is moved is one file.
    await connection.run('CHECKPOINT backup_copy');
    await connection.run('USE backup_copy');
    return await highestStoredSeq(connection);
  } finally {
    await connection.run('USE warehouse');
    await connection.run('DETACH backup_copy');
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
