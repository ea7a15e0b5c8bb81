import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { KadaError } from '../../ingest/errors.ts';
import { markPath } from '../../sinks/duckdb/mark.ts';
import { openDuckDbWarehouse } from '../../sinks/duckdb/open.ts';
import type { Config } from '../config.ts';
import { type ControlClient, findControl } from '../control/client.ts';
import { type BoundedQueryResult, maxQueryRows, queryBounded } from '../control/query.ts';

/** What a command can ask of the warehouse, whoever holds the file. */
export interface Reader {
  /** pid of the running process that answers; undefined: this command opened the file itself */
  readonly through: number | undefined;
  query(sql: string, options?: { readonly maxRows?: number }): Promise<BoundedQueryResult>;
  status(): Promise<Readonly<Record<string, unknown>>>;
}

/** ms that a process which holds the file is given to open its control door (it may be starting) */
const startingMs = 5_000;

/**
 * Runs `use` on the warehouse: through the process that owns the file where one runs, else by opening the file
 * for as long as `use` takes. Throws KADA_NO_WAREHOUSE where there is none yet.
 */
export async function withReader<T>(config: Config, use: (reader: Reader) => Promise<T>): Promise<T> {
  const running = await findControl(config.dataDir);
  if (running !== undefined) return await use(throughProcess(running));
  if (!existsSync(config.warehouse.file) && !existsSync(markPath(config.dataDir))) {
    throw new KadaError(
      'KADA_NO_WAREHOUSE',
      `there is no ${config.warehouse.file} yet: npm start makes it (DATA_DIR says where)`,
    );
  }
  try {
    return await withOwnFile(config, use);
  } catch (error) {
    if (!(error instanceof KadaError && error.code === 'KADA_WAREHOUSE_LOCKED')) throw error;
    const started = await findWithin(config.dataDir, startingMs);
    if (started === undefined) throw error;
    return await use(throughProcess(started));
  }
}

const throughProcess = (control: ControlClient): Reader => ({
  through: control.pid,
  query: control.query,
  status: control.status,
});

async function withOwnFile<T>(config: Config, use: (reader: Reader) => Promise<T>): Promise<T> {
  const warehouse = await openDuckDbWarehouse({
    dataDir: config.dataDir,
    memoryLimit: config.warehouse.memoryLimit,
    log: pino({ level: 'warn' }, pino.destination({ fd: 2, sync: true })),
    readOnlyCommand: true,
  });
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

async function findWithin(dataDir: string, ms: number): Promise<ControlClient | undefined> {
  const deadline = Date.now() + ms;
  for (;;) {
    const control = await findControl(dataDir);
    if (control !== undefined || Date.now() > deadline) return control;
    await delay(100);
  }
}
