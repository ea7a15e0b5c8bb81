import type { Logger } from 'pino';
import { openDuckDbInThread } from '../sinks/duckdb/thread/open.ts';
import { openMssqlWhenThere } from '../sinks/mssql/open.ts';
import type { Warehouse } from '../sinks/warehouse.ts';
import type { Config } from './config.ts';

/** The one place that chooses the engine; all others know the contract alone. */
export const openWarehouse = (config: Config, log: Logger): Promise<Warehouse> =>
  config.warehouse.engine === 'mssql'
    ? openMssqlWhenThere({ ...config.warehouse, log })
    : openDuckDbInThread({
        dataDir: config.dataDir,
        log,
        memoryLimit: config.warehouse.memoryLimit,
        acceptLoss: config.acceptLoss,
      });

/** Is the warehouse a file of this process: on its disk, and for commands to reach only through it? */
export const isEmbedded = (config: Config): boolean => config.warehouse.engine === 'duckdb';
