import { setTimeout as delay } from 'node:timers/promises';
import { KadaError } from '../../ingest/errors.ts';
import { createCycles } from '../materialise/cycles.ts';
import type { MigrationsResult } from '../migrations.ts';
import type { CommitResult, EngineLog, Warehouse } from '../warehouse.ts';
import { countArrivals, countDeadLetters, newestBySource } from './arrivals.ts';
import { createCommitting } from './commit.ts';
import { readCommitted, visibleSeq } from './committed.ts';
import { type Connections, createConnections } from './connections.ts';
import { cycleEngine } from './cycle.ts';
import { withHint } from './hints.ts';
import { createKeeping } from './keeping.ts';
import { withLock } from './lock.ts';
import { lookUpClaims, newestClaims } from './look-up.ts';
import { migrateMssql } from './migrate.ts';
import type { MssqlOptions } from './options.ts';
import { runQuery } from './query.ts';
import {
  countWebEvents,
  highestStoredSeq,
  ordersWithPurchaseSince,
  readOrderEvents,
  readWebEvents,
} from './readers.ts';
import type { Session } from './session.ts';

/** Ends the transaction that it is thrown in; never seen outside. */
const rollBack = Symbol('roll back');

/** A query cannot change anything: what it ran in is rolled back. */
async function inRolledBack<T>(connections: Connections, use: (session: Session) => Promise<T>): Promise<T> {
  let value: { readonly of: T } | undefined;
  try {
    await connections.transaction(async (session) => {
      value = { of: await use(session) };
      throw new KadaError('KADA_ROLLED_BACK', 'read', { cause: rollBack });
    });
  } catch (error) {
    if (!(error instanceof KadaError && error.cause === rollBack)) throw error;
  }
  if (value === undefined) throw new KadaError('KADA_SQL_FAILED', 'the query gave nothing');
  return value.of;
}

const probeText = `
SET NOCOUNT ON;
UPDATE ops.probe SET probed_at = SYSUTCDATETIME();
IF @@ROWCOUNT = 0 INSERT INTO ops.probe (probed_at) VALUES (SYSUTCDATETIME());
`;

const succeeded = (call: Promise<unknown>): Promise<boolean> =>
  call.then(
    () => true,
    () => false,
  );

/** Half of the pool: look-ups, readers and a cycle find a connection while all of these are busy. */
const commitsAtOnce = 4;

const shapeText = `
SELECT CASE WHEN COL_LENGTH(N'bronze.api_request_logs', N'timestamp') IS NULL THEN 0 ELSE 1 END`;

export interface MssqlWarehouse extends Warehouse {
  /** what `open` brought up to date */
  readonly migrated: MigrationsResult;
}

/** What a command that only reads needs: nothing is migrated. */
export type MssqlReader = Pick<Warehouse, 'engine' | 'query' | 'ping' | 'close'>;

const readerOn = (connections: Connections): MssqlReader => ({
  engine: 'mssql',
  query: (text, queryOptions) =>
    inRolledBack(connections, (session) => runQuery(session, text, queryOptions?.maxRows)),
  ping: () => succeeded(connections.run((session) => session.rows('SELECT 1'))),
  close: connections.close,
});

/** Opens a database to read it. Rejects with a KadaError that says what to do. */
export async function openMssqlReader(options: MssqlOptions): Promise<MssqlReader> {
  const connections = createConnections(options);
  try {
    await connections.open();
    return readerOn(connections);
  } catch (error) {
    await connections.close();
    throw withHint(error, options);
  }
}

/**
 * Opens a database that is there (db:create makes it) and brings its tables to this program's version. Rejects with
 * KADA_WAREHOUSE_AWAY and what to do about it, KADA_WAREHOUSE_NEWER or KADA_MIGRATION_CHANGED; nothing is left open
 * then.
 */
export async function openMssqlWarehouse(options: MssqlOptions): Promise<MssqlWarehouse> {
  const connections = createConnections(options);
  try {
    await connections.open();
    const migrated = await migrateMssql(connections, options.log);
    return await opened(connections, migrated, options.log);
  } catch (error) {
    await connections.close();
    throw withHint(error, options);
  }
}

/** The same, and a server that does not answer yet is waited for: it may be starting too. */
export async function openMssqlWhenThere(options: MssqlOptions): Promise<Warehouse> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await openMssqlWarehouse(options);
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      options.log.warn({ reason: error.message }, 'SQL Server does not answer: tried again');
      await delay(Math.min(5_000, 250 * 2 ** Math.min(attempt, 5)));
    }
  }
}

const isUnreachable = (error: unknown): error is KadaError =>
  error instanceof KadaError && error.code === 'KADA_WAREHOUSE_UNREACHABLE';

async function opened(
  connections: Connections,
  migrated: MigrationsResult,
  log: EngineLog,
): Promise<MssqlWarehouse> {
  const shape = await connections.run((session) => session.rows(shapeText));
  const committing = createCommitting(connections, { oldTimestamps: shape.rows[0]?.[0] === 1 });
  let highest = await connections.run(highestStoredSeq);

  const commit: Warehouse['commit'] = async (batch): Promise<CommitResult> => {
    const result = await committing.commit(batch);
    if (result.kind === 'committed')
      for (const { ingestSeq } of batch.events) if (ingestSeq > highest) highest = ingestSeq;
    return result;
  };

  return {
    ...readerOn(connections),
    migrated,
    migrate: () => migrateMssql(connections, log),

    // The server's key decides within the commit; asking before would be a round trip for every event.
    surelyNew: () => true,
    async lookUp(fingerprints) {
      await committing.settleDoubts();
      return connections.run((session) => lookUpClaims(session, fingerprints));
    },
    newestClaims: (limit) => connections.run((session) => newestClaims(session, limit)),

    commit,
    commitsAtOnce,
    probe: () => succeeded(connections.run((session) => session.execute(probeText))),

    get highestSeq() {
      return highest;
    },
    visibleSeq: () => connections.run(visibleSeq),
    readCommitted: (range) => connections.run((session) => readCommitted(session, range)),
    readWebEvents: (from, upTo) => readWebEvents(connections.run, from, upTo),
    ordersWithPurchaseSince: (from) => connections.run((session) => ordersWithPurchaseSince(session, from)),
    readOrderEvents: (orderIds) => connections.run((session) => readOrderEvents(session, orderIds)),
    countWebEvents: (from) => connections.run((session) => countWebEvents(session, from)),

    countArrivals: (range) => connections.run((session) => countArrivals(session, range)),
    countDeadLetters: (range) => connections.run((session) => countDeadLetters(session, range)),
    newestBySource: (from) => connections.run((session) => newestBySource(session, from)),
    ...createCycles(cycleEngine(connections)),
    ...createKeeping(connections),
    runExclusive: (name, work) => withLock(connections, name, 0, work),
    filterBytes: 0,
  };
}
