import type sql from 'mssql';
import { createMssqlWarehouse } from '../../sinks/mssql/create.ts';
import { prepareBabelfish, prepareBabelfishDatabase } from './babelfish.ts';
import { eventually } from './eventually.ts';
import { connectTo, mssqlOptions, newDatabaseName } from './mssql-server.ts';

// Benches make databases too: nothing of the test runner is imported here.

/** An empty database with all tables; `drop` it at the end. */
export async function createTestDatabase(): Promise<string> {
  const database = newDatabaseName();
  await withPool('master', prepareBabelfish);
  // Several files make theirs at once, which not every server takes; db:create may be run again.
  await eventually(() => createMssqlWarehouse(mssqlOptions(database)), { timeoutMs: 120_000, everyMs: 500 });
  await withPool(database, prepareBabelfishDatabase);
  return database;
}

async function withPool(database: string, use: (pool: sql.ConnectionPool) => Promise<void>): Promise<void> {
  const pool = await connectTo(database);
  try {
    await use(pool);
  } finally {
    await pool.close();
  }
}

export async function dropDatabase(database: string): Promise<void> {
  const master = await connectTo('master');
  try {
    // The server may still be ending the connections that were closed.
    await eventually(() => master.request().batch(`DROP DATABASE IF EXISTS [${database}]`), {
      timeoutMs: 60_000,
      everyMs: 250,
    });
  } finally {
    await master.close();
  }
}
