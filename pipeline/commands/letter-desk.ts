import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { KadaError } from '../../ingest/errors.ts';
import { markPath } from '../../sinks/duckdb/mark.ts';
import { openDuckDbWarehouse } from '../../sinks/duckdb/open.ts';
import type { LetterQuery } from '../../sinks/letter-query.ts';
import { openMssqlWarehouse } from '../../sinks/mssql/open.ts';
import type { Warehouse } from '../../sinks/warehouse.ts';
import type { Config } from '../config.ts';
import { type ControlClient, findControl } from '../control/client.ts';
import type { LetterOffice } from '../replay/office.ts';
import { openOwnOffice } from '../replay/own-office.ts';
import { errorLog, ownerOf } from './with-reader.ts';

/** Where a command has its work with dead letters done. */
export interface Desk {
  readonly letters: LetterOffice;
  readonly query: LetterQuery;
  /** pid of the running process that does it; undefined: this command */
  readonly through: number | undefined;
}

export interface LetterDesk {
  /**
   * Asks, and asks again after a pause while the process that owns the warehouse is starting, gone or cannot be reached,
   * looking for it anew each time. Rejects with what stands in the way after two minutes.
   */
  ask<T>(use: (desk: Desk) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

interface OpenDesk extends Desk {
  close(): Promise<void>;
}

const patienceMs = 120_000;
const pauseMs = 500;
/** A process that is gone may be started again by whoever minds it: until then its file is left to it. */
const restartMs = 30_000;
const passing: ReadonlySet<string> = new Set([
  'KADA_STARTING',
  'KADA_CONTROL_AWAY',
  'KADA_WAREHOUSE_LOCKED',
  'KADA_REPLAY_UNAVAILABLE',
]);

/** A server's warehouse from any machine; a file through the process that owns it, else by opening it. */
export function createLetterDesk(config: Config): LetterDesk {
  let open: OpenDesk | undefined;
  let leftAt = Number.NEGATIVE_INFINITY;

  async function closeNow(): Promise<void> {
    const closing = open;
    open = undefined;
    await closing?.close();
  }

  return {
    async ask(use) {
      const since = Date.now();
      for (;;) {
        try {
          open ??= await openDesk(config, Date.now() - leftAt > restartMs);
          return await use(open);
        } catch (error) {
          if (!(error instanceof KadaError && passing.has(error.code))) throw error;
          if (Date.now() - since > patienceMs) throw error;
          // Another process may own the file by now; a desk of our own stays open.
          if (open?.through !== undefined) {
            await closeNow();
            leftAt = Date.now();
          }
          await delay(pauseMs);
        }
      }
    },
    close: closeNow,
  };
}

async function openDesk(config: Config, mayOpenFile: boolean): Promise<OpenDesk> {
  const { warehouse, dataDir } = config;
  if (warehouse.engine === 'mssql')
    return await ownDesk(openMssqlWarehouse({ ...warehouse, log: errorLog() }), config);
  const running = await findControl(dataDir);
  if (running !== undefined) return throughProcess(running);
  if (!mayOpenFile)
    throw new KadaError('KADA_CONTROL_AWAY', 'the process that owns the warehouse is gone; waiting for it');
  if (!existsSync(warehouse.file) && !existsSync(markPath(dataDir)))
    throw new KadaError(
      'KADA_NO_WAREHOUSE',
      `there is no ${warehouse.file} yet: npm start makes it (DATA_DIR says where)`,
    );
  try {
    const { memoryLimit } = warehouse;
    return await ownDesk(openDuckDbWarehouse({ dataDir, memoryLimit, log: errorLog() }), config);
  } catch (error) {
    return throughProcess(await ownerOf(dataDir, error));
  }
}

const throughProcess = (control: ControlClient): OpenDesk => ({
  letters: control.letters,
  query: control.query,
  through: control.pid,
  close: () => Promise.resolve(),
});

async function ownDesk(opening: Promise<Warehouse>, config: Config): Promise<OpenDesk> {
  const warehouse = await opening;
  const office = await openOwnOffice(warehouse, config, errorLog());
  return {
    letters: office.letters,
    query: warehouse.query,
    through: undefined,
    async close() {
      await office.close();
      await warehouse.close();
    },
  };
}
