import { randomBytes } from 'node:crypto';
import sql from 'mssql';
import pino from 'pino';
import type { MssqlOptions } from '../../sinks/mssql/options.ts';

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
