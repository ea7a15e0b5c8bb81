import { createConnections } from './connections.ts';
import { numberOf } from './failures.ts';
import { withHint } from './hints.ts';
import { withLock } from './lock.ts';
import { openMssqlWarehouse } from './open.ts';
import type { MssqlOptions } from './options.ts';
import { text } from './parameters.ts';
import type { Session } from './session.ts';

export interface Created {
  /** the database was not there before */
  readonly database: boolean;
  /** migrations that were applied now */
  readonly applied: readonly string[];
  readonly version: number;
  /** READ_COMMITTED_SNAPSHOT is on; false: it could not be switched on while others are connected */
  readonly snapshotReads: boolean;
}

/** ms that one machine waits for another that is doing the same */
const waitMs = 120_000;
const alreadyExists = 1801;

const bracketed = (name: string): string => `[${name.replaceAll(']', ']]')}]`;

/** undefined: there is no such database */
async function snapshotReadsOf(session: Session, database: string): Promise<boolean | undefined> {
  const { rows } = await session.rows(
    'SELECT is_read_committed_snapshot_on FROM sys.databases WHERE name = @name',
    { name: text(database, 128) },
  );
  const [row] = rows;
  return row === undefined ? undefined : Boolean(row[0]);
}

async function ensureDatabase(session: Session, database: string): Promise<boolean> {
  if ((await snapshotReadsOf(session, database)) !== undefined) return false;
  try {
    await session.batch(`CREATE DATABASE ${bracketed(database)}`);
    return true;
  } catch (error) {
    if (numberOf(error) === alreadyExists) return false;
    throw error;
  }
}

/** Nobody is thrown out for it: a database that others use keeps its setting until it is asked for again. */
async function ensureSnapshotReads(session: Session, database: string): Promise<boolean> {
  if ((await snapshotReadsOf(session, database)) === true) return true;
  await session
    .batch(`ALTER DATABASE ${bracketed(database)} SET READ_COMMITTED_SNAPSHOT ON WITH NO_WAIT`)
    .catch(() => undefined);
  return (await snapshotReadsOf(session, database)) === true;
}

/**
 * Makes the database, its schemas and all tables: as often as one likes, from several machines at once. Rejects with a
 * KadaError that says what to do.
 */
export async function createMssqlWarehouse(options: MssqlOptions): Promise<Created> {
  const { database } = options;
  const master = createConnections({ ...options, database: 'master' });
  let made: { readonly database: boolean; readonly snapshotReads: boolean } | undefined;
  try {
    await master.open();
    const locked = await withLock(
      master,
      `kada_mandiya_create ${database}`,
      waitMs,
      async (_signal, { session }) => ({
        database: await ensureDatabase(session, database),
        snapshotReads: await ensureSnapshotReads(session, database),
      }),
    );
    if (locked.ran) made = locked.value;
  } catch (error) {
    throw withHint(error, options);
  } finally {
    await master.close();
  }
  const warehouse = await openMssqlWarehouse(options);
  try {
    const { applied, version } = warehouse.migrated;
    return {
      database: made?.database ?? false,
      snapshotReads: made?.snapshotReads ?? false,
      applied,
      version,
    };
  } finally {
    await warehouse.close();
  }
}
