import type { DuckDBConnection } from '@duckdb/node-api';
import { type MigrationStore, migrationFolder, readMigrations, runMigrations } from '../migrations.ts';

const migrationStore = (connection: DuckDBConnection): MigrationStore => ({
  async applied() {
    const found = await connection.run(
      "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'ops' AND table_name = 'schema_migrations'",
    );
    if ((await found.getRows()).length === 0) return [];
    const rows = await connection.run(
      'SELECT version, name, checksum FROM ops.schema_migrations ORDER BY version',
    );
    return (await rows.getRows()).map(([version, name, checksum]) => ({
      version: Number(version),
      name: String(name),
      checksum: String(checksum),
    }));
  },

  async apply({ version, name, checksum, sql }) {
    await connection.run('BEGIN TRANSACTION');
    try {
      await connection.run(sql);
      await connection.run(
        'INSERT INTO ops.schema_migrations VALUES ($1, $2, $3, epoch_ms(CAST($4 AS BIGINT)))',
        [version, name, checksum, BigInt(Date.now())],
      );
      await connection.run('COMMIT');
    } catch (error) {
      await connection.run('ROLLBACK').catch(() => undefined);
      throw error;
    }
  },
});

/** Applies sql/duckdb; what was applied is folded into the file, so that the identity survives a lost log. */
export async function migrateDuckDb(
  connection: DuckDBConnection,
): Promise<{ readonly applied: readonly string[]; readonly version: number }> {
  const result = await runMigrations(
    migrationStore(connection),
    await readMigrations(migrationFolder('duckdb')),
  );
  if (result.applied.length > 0) await connection.run('CHECKPOINT');
  return result;
}
