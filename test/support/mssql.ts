import { randomBytes } from 'node:crypto';
import sql from 'mssql';
import pino from 'pino';
import { afterAll } from 'vitest';
import { bronzeColumns } from '../../sinks/bronze-columns.ts';
import { createMssqlWarehouse } from '../../sinks/mssql/create.ts';
import { openMssqlWarehouse } from '../../sinks/mssql/open.ts';
import type { MssqlOptions } from '../../sinks/mssql/options.ts';
import type { Warehouse } from '../../sinks/warehouse.ts';
import { prepareBabelfish, prepareBabelfishDatabase } from './babelfish.ts';
import { eventually } from './eventually.ts';

/** A SQL Server for tests, where there is one: each test makes and drops databases of its own on it. */
const url = process.env.TEST_MSSQL_URL;

/** undefined: these tests can run; else why not, and what makes them run */
export const mssqlMissing =
  url === undefined || url === ''
    ? 'no SQL Server is given; set TEST_MSSQL_URL=mssql://user:password@host:port/database (a login that may make databases)'
    : undefined;

const parsed = new URL(
  mssqlMissing === undefined && url !== undefined ? url : 'mssql://nobody@127.0.0.1/none',
);

/** The server of TEST_MSSQL_URL, with a database of this name. */
export const mssqlOptions = (database: string): MssqlOptions => ({
  host: parsed.hostname,
  port: parsed.port === '' ? 1433 : Number(parsed.port),
  user: decodeURIComponent(parsed.username),
  password: decodeURIComponent(parsed.password),
  database,
  // A test server signs its own certificate.
  trustCertificate: true,
  // A busy machine must not fail a test: what is waited for here is an answer, not its speed.
  requestTimeoutMs: 240_000,
  connectTimeoutMs: 120_000,
  log: pino({ level: 'silent' }),
});

/** The same as settings of a process. */
export const mssqlEnvironment = (database: string): Readonly<Record<string, string>> => {
  const { host, port, user, password } = mssqlOptions(database);
  return {
    DB_HOST: host,
    DB_PORT: String(port),
    DB_USER: user,
    DB_PASSWORD: password,
    DB_NAME: database,
    DB_TRUST_CERT: 'yes',
  };
};

export const newDatabaseName = (): string => `kada_test_${randomBytes(6).toString('hex')}`;

/** A connection of the test's own, beside the product's. */
export async function connectTo(database: string): Promise<sql.ConnectionPool> {
  const { host, port, user, password } = mssqlOptions(database);
  return await new sql.ConnectionPool({
    server: host,
    port,
    user,
    password,
    database,
    requestTimeout: 240_000,
    connectionTimeout: 120_000,
    options: {
      encrypt: true,
      trustServerCertificate: true,
      lowerCaseGuids: true,
      // Node warns of an address as a TLS name.
      serverName: 'localhost',
    },
  }).connect();
}

/** How the server counts the bytes of an nvarchar: SQL Server holds UTF-16, others of its protocol may hold UTF-8. */
export async function textEncoding(pool: sql.ConnectionPool): Promise<'utf16le' | 'utf8'> {
  const { recordset } = await pool
    .request()
    .query<{ readonly bytes: number }>("SELECT DATALENGTH(N'ක') AS bytes");
  return Number(recordset[0]?.bytes) === 2 ? 'utf16le' : 'utf8';
}

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
