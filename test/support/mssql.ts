import { afterAll } from 'vitest';
import { bronzeColumns } from '../../sinks/bronze-columns.ts';
import { openMssqlWarehouse } from '../../sinks/mssql/open.ts';
import type { Warehouse } from '../../sinks/warehouse.ts';
import { eventually } from './eventually.ts';
import { createTestDatabase, dropDatabase } from './mssql-database.ts';
import { connectTo, mssqlOptions } from './mssql-server.ts';

export { createTestDatabase, dropDatabase } from './mssql-database.ts';
export {
  connectTo,
  mssqlEnvironment,
  mssqlMissing,
  mssqlOptions,
  newDatabaseName,
  textEncoding,
} from './mssql-server.ts';

const ofFolder = new Map<string, string>();
/** Made, used and emptied: a new one takes seconds on a busy server. */
const emptied: string[] = [];
afterAll(async () => {
  for (const database of emptied.splice(0)) await dropDatabase(database);
});

/** The warehouse of a folder: its database is made at the first call, or was made for one that is gone. */
export async function openTestDatabase(folder: string): Promise<Warehouse> {
  const database = ofFolder.get(folder) ?? (await takeTestDatabase());
  ofFolder.set(folder, database);
  return await openMssqlWarehouse(mssqlOptions(database));
}

export async function dropTestDatabase(folder: string): Promise<void> {
  const database = ofFolder.get(folder);
  ofFolder.delete(folder);
  if (database !== undefined) await giveTestDatabase(database);
}

/** An empty database with all tables; `giveTestDatabase` at the end. */
export const takeTestDatabase = async (): Promise<string> => emptied.pop() ?? (await createTestDatabase());

export async function giveTestDatabase(database: string): Promise<void> {
  await emptyTables(database);
  emptied.push(database);
}

/** All that was stored goes; the database stays the one that it is, migrated. */
async function emptyTables(database: string): Promise<void> {
  const pool = await connectTo(database);
  try {
    const { recordset } = await pool.request().query<{ readonly name: string }>(
      `SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) AS name FROM INFORMATION_SCHEMA.TABLES
       WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA IN ('bronze', 'silver', 'gold', 'ops')`,
    );
    const kept = ['ops.schema_migrations', 'ops.warehouse'];
    const tables = recordset.map(({ name }) => name).filter((name) => !kept.includes(name));
    await pool.request().batch(tables.map((table) => `TRUNCATE TABLE ${table};`).join('\n'));
  } finally {
    await pool.close();
  }
}

/**
 * Resolves when a cycle may read all that was committed. A server that hands out its numbers for all databases at
 * once holds them back for what is open in any of them.
 */
export async function whenVisible(warehouse: Warehouse): Promise<void> {
  const tables = Object.keys(bronzeColumns).map(
    (table) => `SELECT MAX(ingest_seq) AS seq FROM bronze.${table}`,
  );
  const visible = async (): Promise<void> => {
    const { rows } = await warehouse.query(
      `SELECT CASE WHEN COALESCE(MAX(t.seq), 0) < CAST(MIN_ACTIVE_ROWVERSION() AS bigint) THEN 1 ELSE 0 END
       FROM (${tables.join(' UNION ALL ')}) AS t`,
    );
    if (rows[0]?.[0] !== 1) throw new Error('some of Bronze is not visible to a cycle yet');
  };
  await eventually(visible, { timeoutMs: 240_000, everyMs: 100 });
}
