import { type DuckDBConnection, INTEGER, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import type { FingerprintFilter } from '../fingerprint-filter.ts';
import type { CommitResult } from '../warehouse.ts';
import { createTableAppenders } from './append-tables.ts';
import type { Connections } from './connections.ts';
import { failedCommit } from './failures.ts';
import type { LaidOutBatch } from './layout.ts';
import { changeLetters } from './letter-changes.ts';

/**
 * One batch in one transaction (commit-protocol.md 2, 4, 5): the filter is told, rows and claims are appended
 * and flushed, repeats of dead letters are counted, replayed ones resolved, and all of it commits or nothing does.
 */
export type Commit = (batch: LaidOutBatch) => Promise<CommitResult>;

const countRepeats = async (connection: DuckDBConnection, { seenAgain, at }: LaidOutBatch): Promise<void> => {
  const times = new Map<string, number>();
  for (const repeat of seenAgain)
    times.set(repeat.fingerprint, (times.get(repeat.fingerprint) ?? 0) + repeat.times);
  await connection.run(
    `UPDATE ops.dead_letter_events AS letter
     SET seen = letter.seen + repeat.times, last_seen_at = epoch_ms(CAST($3 AS BIGINT))
     FROM (SELECT unnest($1) AS fingerprint, unnest($2) AS times) AS repeat
     WHERE letter.fingerprint = repeat.fingerprint`,
    [listValue([...times.keys()]), listValue([...times.values()]), BigInt(at)],
    [LIST(VARCHAR), LIST(INTEGER)],
  );
};

/** `filter`: asked for each time, since it is built after the warehouse was opened. */
export function createCommit(connections: Connections, filter: () => FingerprintFilter | undefined): Commit {
  const appenders = createTableAppenders();
  // Appenders live as long as their connection, and no longer.
  connections.beforeClose(appenders.discard);

  const tellFilter = (batch: LaidOutBatch): void => {
    const known = filter();
    if (known === undefined) return;
    for (const fingerprint of batch.fingerprints) known.add(fingerprint);
  };

  const transact = async (connection: DuckDBConnection, batch: LaidOutBatch): Promise<void> => {
    // Columns are laid out while DuckDB begins: an append only fills the appender's own memory.
    const begun = connection.run('BEGIN TRANSACTION').then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    try {
      const flush = await appenders.append(connection, batch.lots);
      const refused = await begun;
      if (refused !== undefined) throw refused.error;
      tellFilter(batch);
      flush();
      if (batch.seenAgain.length > 0) await countRepeats(connection, batch);
      if (batch.letterChanges.length > 0) await changeLetters(connection, batch);
      await connection.run('COMMIT');
    } catch (error) {
      await begun;
      // In this order: an appender that is closed outside the transaction would store what it holds.
      appenders.discard();
      await connection.run('ROLLBACK').catch(() => undefined);
      throw error;
    }
  };

  return async function commit(batch) {
    try {
      await connections.run('commit', (connection) => transact(connection, batch));
      return { kind: 'committed', lost: [] };
    } catch (error) {
      return failedCommit(error);
    }
  };
}
