import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import type { Origin } from '../../ingest/delivery.ts';
import type { DeadLetter } from '../../ingest/event.ts';
import { type OwnOffice, openOwnOffice } from '../../pipeline/replay/own-office.ts';
import type { ReplayResult } from '../../pipeline/replay/results.ts';
import { openDuckDbWarehouse } from '../../sinks/duckdb/open.ts';
import { recordsOf } from '../../sinks/letter-query.ts';
import type { QueryValue, Warehouse } from '../../sinks/warehouse.ts';
import { batchOf } from './bronze-rows.ts';
import { judge, letterFrom } from './ingesting.ts';

const log = pino({ level: process.env.TEST_LOG ?? 'silent' });

type Rows = readonly Readonly<Record<string, QueryValue>>[];

/** The commit path as a command runs it, over a real DuckDB file. */
export interface Replaying {
  readonly dataDir: string;
  readonly warehouse: Warehouse;
  readonly office: OwnOffice['letters'];
  /** Keeps letters as the pipeline does. */
  keep(...letters: readonly DeadLetter[]): Promise<void>;
  replay(
    ids: readonly string[],
    bodies?: Readonly<Record<string, unknown>>,
  ): Promise<readonly ReplayResult[]>;
  dryRun(ids: readonly string[]): Promise<readonly ReplayResult[]>;
  rows(sql: string): Promise<Rows>;
  letter(id: string): Promise<Readonly<Record<string, QueryValue>>>;
  close(): Promise<void>;
}

export async function openReplaying(wrap?: (warehouse: Warehouse) => Warehouse): Promise<Replaying> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kada-replay-'));
  const engine = await openDuckDbWarehouse({ dataDir, log });
  const warehouse = wrap?.(engine) ?? engine;
  const own = await openOwnOffice(warehouse, { storeIp: 'truncated', fingerprintCacheSize: 1_000 }, log);
  const office = own.letters;
  const rows = async (sql: string): Promise<Rows> => recordsOf(await engine.query(sql));
  return {
    dataDir,
    warehouse: engine,
    office,
    rows,
    async keep(...letters) {
      await engine.commit(batchOf([], 1, { deadLetters: letters }));
    },
    replay: (ids, bodies = {}) =>
      office.replay({
        letters: ids.map((id) => (id in bodies ? { id, body: JSON.stringify(bodies[id]) } : { id })),
        dryRun: false,
      }),
    dryRun: (ids) => office.replay({ letters: ids.map((id) => ({ id })), dryRun: true }),
    async letter(id) {
      const [row] = await rows(`SELECT * FROM ops.dead_letter_events WHERE event_id = '${id}'`);
      if (row === undefined) throw new Error(`no letter ${id}`);
      return row;
    },
    async close() {
      await own.close();
      await engine.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** The letter of a body that the contract refused then and takes now: what it is kept for is its payload. */
export function letterOfNarrowSchema(
  body: Readonly<Record<string, unknown>>,
  origin: Origin,
  refused: Readonly<Record<string, unknown>>,
  options: Parameters<typeof judge>[2] = {},
): DeadLetter {
  return { ...letterFrom(judge({ ...body, ...refused }, origin, options)), payload: JSON.stringify(body) };
}
