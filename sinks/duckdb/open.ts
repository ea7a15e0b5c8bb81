import type { DuckDBConnection } from '@duckdb/node-api';
import { KadaError, messageOf } from '../../ingest/errors.ts';
import type { FingerprintFilter } from '../fingerprint-filter.ts';
import { createCycles } from '../materialise/cycles.ts';
import { createProcessLocks } from '../process-locks.ts';
import type { Batch, CommitResult, EngineLog, Warehouse } from '../warehouse.ts';
import { countArrivals, countDeadLetters, newestBySource } from './arrivals.ts';
import { makeBackup } from './backup.ts';
import { createCheckpoints } from './checkpoint.ts';
import { createCommit } from './commit.ts';
import { readCommitted } from './committed.ts';
import { type Connections, createConnections } from './connections.ts';
import { cycleEngine } from './cycle.ts';
import { failedCommit } from './failures.ts';
import { createKeeping } from './keeping.ts';
import { type LaidOutBatch, layOut } from './layout.ts';
import { removeLockFile, writeLockFile } from './lock-file.ts';
import { buildFilter, lookUpClaims, newestClaims } from './look-up.ts';
import { type Mark, writeMark } from './mark.ts';
import { checkMark, type Numbers, refuseMissingFile, warehouseId } from './mark-check.ts';
import { migrateDuckDb } from './migrate.ts';
import { runQuery } from './query.ts';
import { countWebEvents, ordersWithPurchaseSince, readOrderEvents, readWebEvents } from './readers.ts';

export interface DuckDbOptions {
  /** the folder of warehouse.duckdb, its mark and its lock file; made when absent */
  readonly dataDir: string;
  readonly log: EngineLog;
  /** DuckDB's memory_limit, default 1GB */
  readonly memoryLimit?: string;
  /** size of the write-ahead log from which a COMMIT folds it into the file, default 256MB (connections.ts) */
  readonly checkpointThreshold?: string;
  /** go on with a warehouse that is behind its mark (commit-protocol.md 17) */
  readonly acceptLoss?: boolean;
  /** for a command that only reads: no filter is built, and commits are refused */
  readonly readOnlyCommand?: boolean;
  /** told the memory of each segment of the filter, for a thread that asks it (fingerprint-filter.ts) */
  readonly onFilterSegment?: (memory: SharedArrayBuffer) => void;
}

export interface DuckDbWarehouse extends Warehouse {
  readonly engine: 'duckdb';
  /** The same as `commit`, of a batch that was laid out elsewhere. */
  commitLaidOut(batch: LaidOutBatch): Promise<CommitResult>;
  /** fingerprints that the filter holds */
  readonly filterSize: number;
  /** how many connections to the file are open */
  readonly connectionCount: number;
  /** Writes the mark when commits have passed it; also done each second and at close. */
  writeMark(): Promise<void>;
  /** Folds the log into the file when it is large and nobody commits; also asked each few seconds. */
  checkpointIfDue(): Promise<boolean>;
  /**
   * Runs `use` on the connection of the readers, alone; for the parts of the program that read by SQL of their
   * own. Rejects with a KadaError.
   */
  withReader<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T>;
}

const markEveryMs = 1_000;
const checkpointEveryMs = 5_000;

const probeOnce = async (connection: DuckDBConnection): Promise<void> => {
  await connection.run('BEGIN TRANSACTION');
  try {
    await connection.run('DELETE FROM ops.probe');
    await connection.run('INSERT INTO ops.probe VALUES (epoch_ms(CAST($1 AS BIGINT)))', [BigInt(Date.now())]);
    await connection.run('COMMIT');
  } catch (error) {
    await connection.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
};

const succeeded = (call: Promise<unknown>): Promise<boolean> =>
  call.then(
    () => true,
    () => false,
  );

/** Everything between an opened file and a warehouse that may commit (commit-protocol.md 13). */
async function prepare(
  connections: Connections,
  options: DuckDbOptions,
): Promise<Numbers & { readonly id: string; readonly filter: FingerprintFilter | undefined }> {
  const check = { dataDir: options.dataDir, log: options.log, acceptLoss: options.acceptLoss === true };
  await refuseMissingFile(check);
  await connections.open();
  await writeLockFile(options.dataDir);
  const numbers = await connections.run('commit', (connection) => checkMark(connection, check));
  await connections.run('commit', migrateDuckDb);
  const id = await connections.run('commit', warehouseId);
  if (id === undefined) throw new KadaError('KADA_WAREHOUSE_FAILED', 'ops.warehouse has no row');
  const filter =
    options.readOnlyCommand === true
      ? undefined
      : await connections.run('look-up', (connection) => buildFilter(connection, options.onFilterSegment));
  return { ...numbers, id, filter };
}

/**
 * Opens (or makes) the embedded warehouse of a folder. Rejects with KADA_WAREHOUSE_LOCKED when another process
 * owns the file, KADA_WAREHOUSE_BEHIND or KADA_WAREHOUSE_MISSING when commits are gone, KADA_WAREHOUSE_NEWER
 * or KADA_MIGRATION_CHANGED when its tables are not this program's; nothing is changed or left open then.
 */
export async function openDuckDbWarehouse(options: DuckDbOptions): Promise<DuckDbWarehouse> {
  const { dataDir, log } = options;
  const connections = createConnections(options);
  const opened = await prepare(connections, options).catch(async (error: unknown) => {
    const owned = !(error instanceof KadaError && error.code === 'KADA_WAREHOUSE_LOCKED');
    await connections.close();
    if (owned) await removeLockFile(dataDir);
    throw error;
  });
  const { filter, id } = opened;

  let highest = opened.highest;
  let committedSeq = opened.stored;
  let written: number | undefined;
  let writing: Promise<void> = Promise.resolve();
  let commitUnderWay: Promise<unknown> = Promise.resolve();
  let closing: Promise<void> | undefined;

  const writeMarkNow = (): Promise<void> => {
    writing = writing.then(async () => {
      const mark: Mark = { id, seq: committedSeq };
      if (mark.seq === written) return;
      try {
        await writeMark(dataDir, mark);
        written = mark.seq;
      } catch (error) {
        log.warn({ reason: messageOf(error) }, 'the mark could not be written; tried again in a second');
      }
    });
    return writing;
  };

  const checkpoints = createCheckpoints(connections, dataDir, log);
  const commitBatch = createCommit(connections, () => filter);
  const cycles = createCycles(cycleEngine(connections, checkpoints.isBusy));
  const runExclusive = createProcessLocks();
  await writeMarkNow();
  const markTimer = setInterval(() => void writeMarkNow(), markEveryMs).unref();
  const checkpointTimer = setInterval(() => void checkpoints.checkpointIfDue(), checkpointEveryMs).unref();

  const closeNow = async (): Promise<void> => {
    clearInterval(markTimer);
    clearInterval(checkpointTimer);
    await commitUnderWay;
    // DuckDB's own checkpoint at shutdown is off (connections.ts): a file that is refused stays as it was found.
    await connections
      .run('commit', (connection) => connection.run('CHECKPOINT'))
      .catch((error: unknown) => {
        log.warn(
          { reason: messageOf(error) },
          'the log was not folded into the file; it is replayed at the next start',
        );
      });
    await connections.close();
    await writeMarkNow();
    await removeLockFile(dataDir);
  };

  const commitLaidOut = async (batch: LaidOutBatch): Promise<CommitResult> => {
    if (options.readOnlyCommand === true)
      return {
        kind: 'failed',
        failure: 'unknown',
        code: 'KADA_WAREHOUSE_READ_ONLY',
        message: 'The warehouse was opened to be read only',
      };
    checkpoints.busy();
    const commit = commitBatch(batch);
    commitUnderWay = commit;
    const result = await commit;
    checkpoints.busy();
    if (result.kind === 'committed') {
      committedSeq = Math.max(committedSeq, batch.highestSeq);
      highest = Math.max(highest, committedSeq);
    }
    return result;
  };
  const commit = async (batch: Batch): Promise<CommitResult> => {
    try {
      return await commitLaidOut(layOut(batch));
    } catch (error) {
      return failedCommit(error);
    }
  };

  return {
    engine: 'duckdb',
    migrate: () => connections.run('commit', migrateDuckDb),

    surelyNew: (fingerprint) => filter?.surelyNew(fingerprint) ?? false,
    lookUp: (fingerprints) =>
      connections.run('look-up', (connection) => lookUpClaims(connection, fingerprints)),
    newestClaims: (limit) => connections.run('look-up', (connection) => newestClaims(connection, limit)),

    commit,
    commitLaidOut,
    commitsAtOnce: 1,
    probe: () => succeeded(connections.run('commit', probeOnce)),

    get highestSeq() {
      return highest;
    },
    visibleSeq: async () => committedSeq,
    readCommitted(range) {
      const visible = committedSeq;
      return connections.run('read', (connection) => readCommitted(connection, range, visible));
    },
    readWebEvents: (from, upTo) => connections.stream((connection) => readWebEvents(connection, from, upTo)),
    countWebEvents: (from) => connections.run('read', (connection) => countWebEvents(connection, from)),
    ordersWithPurchaseSince: (from) =>
      connections.run('read', (connection) => ordersWithPurchaseSince(connection, from)),
    readOrderEvents: (orderIds) =>
      connections.run('read', (connection) => readOrderEvents(connection, orderIds)),
    countArrivals: (range) => connections.run('read', (connection) => countArrivals(connection, range)),
    countDeadLetters: (range) => connections.run('read', (connection) => countDeadLetters(connection, range)),
    newestBySource: (from) => connections.run('read', (connection) => newestBySource(connection, from)),

    ...cycles,
    ...createKeeping(connections),
    backup: () => makeBackup(connections, dataDir, id),

    query: (sql, queryOptions) =>
      connections.run('query', (connection) => runQuery(connection, sql, queryOptions?.maxRows)),
    runExclusive,
    ping: () => succeeded(connections.run('look-up', (connection) => connection.run('SELECT 1'))),
    withReader: (use) => connections.run('read', use),

    get filterBytes() {
      return filter?.bytes ?? 0;
    },
    get filterSize() {
      return filter?.size ?? 0;
    },
    get connectionCount() {
      return connections.count;
    },
    writeMark: writeMarkNow,
    checkpointIfDue: checkpoints.checkpointIfDue,
    close() {
      closing ??= closeNow();
      return closing;
    },
  };
}
