import { isIP } from 'node:net';
import sql from 'mssql';
import { KadaError } from '../../ingest/errors.ts';
import { asKadaError } from './failures.ts';
import type { MssqlOptions } from './options.ts';
import { createSession, type Session } from './session.ts';

/**
 * The one place that makes connections. Statements share a pool; what must keep one connection (a transaction of
 * several statements, a lock) asks for it.
 *
 *   made ── open() ──► open ── close() ──► closing ── all calls back ──► ended
 */
export interface Connections {
  /** Connects once, so that what is wrong shows here. Rejects with a KadaError. */
  open(): Promise<void>;
  /** Runs `use`; each of its statements takes a connection of the pool. Rejections are KadaErrors. */
  run<T>(use: (session: Session) => Promise<T>): Promise<T>;
  /**
   * Runs `work` in one transaction on one connection: committed when it resolves, rolled back when it rejects.
   * @param statementMs for one of its statements, where that is not the usual
   */
  transaction<T>(work: (session: Session) => Promise<T>, statementMs?: number): Promise<T>;
  /** A connection that nobody else uses and that is never replaced by another. */
  dedicated(): Promise<Dedicated>;
  /** Waits for what is under way, then closes everything. Idempotent. */
  close(): Promise<void>;
}

export interface Dedicated {
  readonly session: Session;
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** told once, when the connection ends by itself */
  onLost(tell: () => void): void;
  close(): Promise<void>;
}

const driverConfig = (options: MssqlOptions, poolSize: number): sql.config => ({
  server: options.host,
  port: options.port,
  database: options.database,
  user: options.user,
  password: options.password,
  connectionTimeout: options.connectTimeoutMs ?? 15_000,
  requestTimeout: options.requestTimeoutMs ?? 30_000,
  // A round trip before each statement would double the time of a small commit: what broke is told by its failure.
  validateConnection: 'socket',
  pool: { max: poolSize, min: 0, idleTimeoutMillis: 60_000, acquireTimeoutMillis: 30_000 },
  options: {
    encrypt: true,
    trustServerCertificate: options.trustCertificate,
    lowerCaseGuids: true,
    useUTC: true,
    appName: 'kada-mandiya-analytics',
    // Node warns of an address as a TLS name; where the certificate is taken as it is, the name plays no part.
    ...(options.trustCertificate && isIP(options.host) !== 0 ? { serverName: 'localhost' } : {}),
  },
});

const closedError = (): KadaError => new KadaError('KADA_WAREHOUSE_CLOSED', 'The warehouse is closed');

declare module 'mssql' {
  interface Transaction {
    // The driver's own settings of one request, which its types leave out.
    request(config: { readonly requestTimeout: number }): sql.Request;
  }
}

async function inTransaction<T>(
  pool: sql.ConnectionPool,
  work: (session: Session) => Promise<T>,
  statementMs?: number,
): Promise<T> {
  const transaction = new sql.Transaction(pool);
  await transaction.begin(sql.ISOLATION_LEVEL.READ_COMMITTED);
  try {
    const value = await work(
      createSession(() =>
        statementMs === undefined
          ? transaction.request()
          : transaction.request({ requestTimeout: statementMs }),
      ),
    );
    await transaction.commit();
    return value;
  } catch (error) {
    // The server may have rolled back already, or be gone.
    await transaction.rollback().catch(() => undefined);
    throw error;
  }
}

export function createConnections(options: MssqlOptions): Connections {
  const underWay = new Set<Promise<unknown>>();
  let pool: sql.ConnectionPool | undefined;
  let closing: Promise<void> | undefined;

  const connectPool = async (config: sql.config): Promise<sql.ConnectionPool> => {
    const made = new sql.ConnectionPool(config);
    // The statement that met it fails with the same error; unheard it would end the process.
    made.on('error', (error: Error) => options.log.debug({ reason: error.message }, 'a connection failed'));
    try {
      return await made.connect();
    } catch (error) {
      await made.close().catch(() => undefined);
      throw asKadaError(error);
    }
  };

  const tracked = async <T>(call: () => Promise<T>): Promise<T> => {
    if (closing !== undefined) throw closedError();
    const running = call().catch((error: unknown) => {
      throw asKadaError(error);
    });
    const settled = running.then(
      () => undefined,
      () => undefined,
    );
    underWay.add(settled);
    void settled.then(() => underWay.delete(settled));
    return running;
  };
  const openPool = (): sql.ConnectionPool => {
    if (pool === undefined) throw closedError();
    return pool;
  };

  const closeNow = async (): Promise<void> => {
    while (underWay.size > 0) await Promise.all(underWay);
    await pool?.close().catch(() => undefined);
    pool = undefined;
  };

  return {
    async open() {
      pool ??= await connectPool(driverConfig(options, options.poolSize ?? 8));
    },
    run: (use) => tracked(() => use(createSession(() => openPool().request()))),
    transaction: (work, statementMs) => tracked(() => inTransaction(openPool(), work, statementMs)),
    dedicated: () => tracked(() => openDedicated(driverConfig(options, 1), connectPool)),
    close() {
      closing ??= closeNow();
      return closing;
    },
  };
}

/** ms between two signs of life on a connection that otherwise says nothing */
const heartbeatMs = 5_000;

async function openDedicated(
  config: sql.config,
  connectPool: (config: sql.config) => Promise<sql.ConnectionPool>,
): Promise<Dedicated> {
  const tells: (() => void)[] = [];
  let lost = false;
  let closing = false;
  let connected = false;
  let latest: unknown;
  const lose = (): void => {
    if (lost || closing) return;
    lost = true;
    for (const tell of tells) tell();
  };
  const pool = await connectPool({
    ...config,
    // One that the pool would make in its place has neither our lock nor our transaction.
    pool: { min: 1, max: 1, idleTimeoutMillis: 2_147_483_647, acquireTimeoutMillis: 30_000 },
    beforeConnect: (connection) => {
      if (connected) lose();
      latest = connection;
      connection.on('end', () => {
        if (connected && connection === latest) lose();
      });
    },
  });
  try {
    // The pool closes the connection it tried itself with; this makes the one that stays.
    await pool.request().query('SELECT 1');
  } catch (error) {
    await pool.close().catch(() => undefined);
    throw error;
  }
  connected = true;
  const beat = setInterval(() => {
    // Busy with its own statement it shows that it lives by that.
    if (pool.borrowed > 0) return;
    pool.request().query('SELECT 1').catch(lose);
  }, heartbeatMs).unref();

  const alive = (): sql.ConnectionPool => {
    if (lost) throw new KadaError('KADA_WAREHOUSE_AWAY', 'The connection was lost');
    return pool;
  };
  return {
    session: createSession(() => alive().request()),
    transaction: (work) => inTransaction(alive(), work),
    onLost(tell) {
      if (lost) tell();
      else tells.push(tell);
    },
    async close() {
      closing = true;
      clearInterval(beat);
      await pool.close().catch(() => undefined);
    },
  };
}
