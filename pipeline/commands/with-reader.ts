import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { KadaError } from '../../ingest/errors.ts';
import { markPath } from '../../sinks/duckdb/mark.ts';
import { openDuckDbWarehouse } from '../../sinks/duckdb/open.ts';
import { openMssqlReader } from '../../sinks/mssql/open.ts';
import type { Warehouse } from '../../sinks/warehouse.ts';
import type { Config } from '../config.ts';
import { type ControlClient, findControl } from '../control/client.ts';
import { type BoundedQueryResult, maxQueryRows, queryBounded } from '../control/query.ts';

/** What a command can ask of the warehouse, whoever holds the file. */
export interface Reader {
  /** pid of the running process that answers; undefined: this command opened the warehouse itself */
  readonly through: number | undefined;
  query(sql: string, options?: { readonly maxRows?: number }): Promise<BoundedQueryResult>;
  status(): Promise<Readonly<Record<string, unknown>>>;
}

/** ms that a process which holds the file is given to open its control door (it may be starting) */
const startingMs = 5_000;

/**
 * Runs `use` on the warehouse: a server's by a connection of this command, a file's through the process that owns it
 * where one runs, else by opening it for as long as `use` takes. Throws KADA_NO_WAREHOUSE where there is none yet.
 */
export async function withReader<T>(config: Config, use: (reader: Reader) => Promise<T>): Promise<T> {
  const { warehouse, dataDir } = config;
  if (warehouse.engine === 'mssql')
    return await withOwn(openMssqlReader({ ...warehouse, log: errorLog() }), use);
  const running = await findControl(dataDir);
  if (running !== undefined) return await use(throughProcess(running));
  if (!existsSync(warehouse.file) && !existsSync(markPath(dataDir))) {
    throw new KadaError(
      'KADA_NO_WAREHOUSE',
      `there is no ${warehouse.file} yet: npm start makes it (DATA_DIR says where)`,
    );
  }
  try {
    return await withOwn(
      openDuckDbWarehouse({
        dataDir,
        memoryLimit: warehouse.memoryLimit,
        log: errorLog(),
        readOnlyCommand: true,
      }),
      use,
    );
  } catch (error) {
    return await use(throughProcess(await ownerOf(dataDir, error)));
  }
}

const throughProcess = (control: ControlClient): Reader => ({
  through: control.pid,
  query: control.query,
  status: control.status,
});

/** stdout is the command's answer */
export const errorLog = () => pino({ level: 'warn' }, pino.destination({ fd: 2, sync: true }));

/** A warehouse that this command opens for itself. */
async function withOwn<T>(
  opening: Promise<Pick<Warehouse, 'engine' | 'query' | 'ping' | 'close'>>,
  use: (reader: Reader) => Promise<T>,
): Promise<T> {
  const warehouse = await opening;
  try {
    return await use({
      through: undefined,
      query: (sql, options = {}) => queryBounded(warehouse, sql, options.maxRows ?? maxQueryRows),
      status: async () => ({
        engine: warehouse.engine,
        warehouse: (await warehouse.ping()) ? 'ok' : 'away',
      }),
    });
  } finally {
    await warehouse.close();
  }
}

/** The process that holds the file, once its door is open; rethrows what opening the file met when there is none. */
export async function ownerOf(dataDir: string, locked: unknown): Promise<ControlClient> {
  if (!(locked instanceof KadaError && locked.code === 'KADA_WAREHOUSE_LOCKED')) throw locked;
  const deadline = Date.now() + startingMs;
  for (;;) {
    const control = await findControl(dataDir);
    if (control !== undefined) return control;
    if (Date.now() > deadline) throw locked;
    await delay(100);
  }
}
