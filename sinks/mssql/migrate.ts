import { KadaError } from '../../ingest/errors.ts';
import {
  type AppliedMigration,
  type Migration,
  type MigrationStore,
  type MigrationsResult,
  migrationFolder,
  readMigrations,
  runMigrations,
} from '../migrations.ts';
import type { EngineLog } from '../warehouse.ts';
import type { Connections, Dedicated } from './connections.ts';
import { withLock } from './lock.ts';
import { hash, text, time, whole } from './parameters.ts';
import type { Session } from './session.ts';
import { batchesOf } from './statements.ts';
import { isPythonWarehouse, upgradePythonWarehouse } from './upgrade/upgrade.ts';

/** ms that a process waits while another one migrates */
const waitMs = 600_000;

const migrationsTable = `
IF SCHEMA_ID(N'ops') IS NULL EXEC (N'CREATE SCHEMA ops');
IF OBJECT_ID(N'ops.schema_migrations', N'U') IS NULL
  CREATE TABLE ops.schema_migrations (
    version int NOT NULL,
    name nvarchar(200) NOT NULL,
    checksum varchar(64) NOT NULL,
    applied_at datetime2(3) NOT NULL,
    CONSTRAINT PK_ops_schema_migrations PRIMARY KEY (version)
  );`;

async function appliedTo(session: Session): Promise<readonly AppliedMigration[]> {
  const { rows } = await session.rows(
    'SELECT version, name, checksum FROM ops.schema_migrations ORDER BY version',
  );
  return rows.map(([version, name, checksum]) => ({
    version: Number(version),
    name: String(name),
    checksum: String(checksum),
  }));
}

const migrationStore = ({ session, transaction }: Dedicated): MigrationStore => ({
  applied: () => appliedTo(session),

  apply: ({ version, name, checksum, sql }) =>
    transaction(async (within) => {
      await within.batch('SET XACT_ABORT ON');
      for (const batch of batchesOf(sql)) await within.batch(batch);
      await within.execute(
        `INSERT INTO ops.schema_migrations (version, name, checksum, applied_at)
         VALUES (@version, @name, @checksum, @at)`,
        { version: whole(version), name: text(name, 200), checksum: hash(checksum), at: time(Date.now()) },
      );
    }),
});

/** Nothing to apply: no lock is taken, so that a process that starts waits for nobody. */
async function isCurrent(connections: Connections, migrations: readonly Migration[]): Promise<boolean> {
  const applied = await connections.run(async (session) => {
    const { rows } = await session.rows("SELECT OBJECT_ID(N'ops.schema_migrations', N'U')");
    return rows[0]?.[0] === null ? [] : await appliedTo(session);
  });
  return (
    applied.length === migrations.length &&
    migrations.every(({ checksum }, index) => applied[index]?.checksum === checksum)
  );
}

/** Applies sql/mssql, one process at a time. Rejects with KADA_MIGRATION_BUSY when another one does not end. */
export async function migrateMssql(connections: Connections, log: EngineLog): Promise<MigrationsResult> {
  const migrations = await readMigrations(migrationFolder('mssql'));
  if (await isCurrent(connections, migrations))
    return { applied: [], version: migrations.at(-1)?.version ?? 0 };
  const result = await withLock(
    connections,
    'kada_mandiya_migrations',
    waitMs,
    async (_signal, connection) => {
      await connection.session.batch(migrationsTable);
      const store = migrationStore(connection);
      if ((await store.applied()).length === 0 && (await isPythonWarehouse(connection.session)))
        await upgradePythonWarehouse(connection, log);
      return runMigrations(store, migrations);
    },
  );
  if (result.ran) return result.value;
  throw new KadaError(
    'KADA_MIGRATION_BUSY',
    `Another process has been migrating this database for ${waitMs / 60_000} minutes. Nothing was changed here.`,
  );
}
