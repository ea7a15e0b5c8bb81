import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import pino from 'pino';
import { etlDefinitions } from '../pipeline/etl/definitions.ts';
import { loadFunnels } from '../pipeline/funnel/definitions.ts';
import { defaultFunnelsFile } from '../pipeline/paths.ts';
import { databasePath } from '../sinks/duckdb/connections.ts';
import { openDuckDbWarehouse } from '../sinks/duckdb/open.ts';
import { openDuckDbInThread } from '../sinks/duckdb/thread/open.ts';
import type { Batch, Warehouse } from '../sinks/warehouse.ts';
import { pageView } from '../test/support/events.ts';
import { type Bench, type BenchOptions, type BenchRow, median } from './table.ts';

const log = pino({ level: 'silent' });
const changeRows = 10_000;
const few = 1_000_000;
const million = (rows: number): string => `${rows / 1_000_000} million`;

/** What a cycle costs beside a history of `many` rows, against the same beside 1 million. */
const costBeside = (many: number): readonly Bench[] => [
  {
    name: `cycle, nothing new, ${million(many)} rows`,
    run(options) {
      return beside(this.name, many, options, 'a cycle over nothing new', async () => undefined);
    },
  },
  {
    name: `cycle, ${changeRows} new rows, ${million(many)} rows`,
    run(options) {
      const what = `a cycle over ${changeRows.toLocaleString('en')} new rows of today`;
      return beside(this.name, many, options, what, (warehouse) => commitViews(warehouse, changeRows));
    },
  },
];

export const cycleBenches: readonly Bench[] = costBeside(5_000_000);
/** `--large` */
export const largeCycleBenches: readonly Bench[] = costBeside(20_000_000);

async function beside(
  name: string,
  many: number,
  options: BenchOptions,
  what: string,
  change: (warehouse: Warehouse) => Promise<void>,
): Promise<BenchRow> {
  return await inFolder(async (folder) => {
    const times = new Map<number, number[]>([
      [few, []],
      [many, []],
    ]);
    const opened = new Map<number, Warehouse>();
    try {
      for (const rows of times.keys())
        opened.set(rows, await openWithHistory(join(folder, `${rows}`), rows, options));
      for (let round = 0; round < options.rounds; round += 1) {
        for (const [rows, warehouse] of opened) {
          await change(warehouse);
          const began = performance.now();
          await cycle(warehouse);
          const ms = performance.now() - began;
          times.get(rows)?.push(ms);
          options.say(`round ${round + 1}: ${ms.toFixed(0)} ms beside ${million(rows)} rows`);
        }
      }
    } finally {
      for (const warehouse of opened.values()) await warehouse.close();
    }
    const [ours, limit] = [median(times.get(many) ?? []), median(times.get(few) ?? [])];
    return {
      name,
      what: `${what}, beside ${million(many)} rows of a year`,
      unit: 'ms',
      ours: Math.round(ours),
      limit: Math.round(limit),
      limitIs: `beside ${million(few)}`,
      ratio: Number((ours / limit).toFixed(3)),
      rounds: options.rounds,
    };
  });
}

const commitRows = 500;
const everyMs = 40;

/** warehouse.md: p99 of a commit while a cycle over 1 million new rows runs, against the same without one. */
export const commitBesideCycle: Bench = {
  name: 'commit beside a cycle',
  async run(options) {
    return await inFolder(async (folder) => {
      const idle: number[] = [];
      const busy: number[] = [];
      const folds: number[] = [];
      for (let round = 0; round < options.rounds; round += 1) {
        const dataDir = join(folder, `${round}`);
        await fill(dataDir, few);
        const warehouse = await openDuckDbInThread({ dataDir, log });
        try {
          await commitTimes(warehouse, 50);
          const within = await commitWhile(warehouse, () => cycle(warehouse));
          const alone = await commitTimes(warehouse, within.length);
          // Commits wait for the log to be folded into the file, with or without a cycle: this run meets it, too.
          const folded = await commitTimesOfFold(warehouse, dataDir);
          idle.push(...alone);
          busy.push(...within);
          folds.push(...folded);
          options.say(
            `round ${round + 1}: p99 ${p99(within).toFixed(0)} ms of ${within.length} commits beside the cycle, ` +
              `longest ${Math.max(...within).toFixed(0)}; alone ${p99(alone).toFixed(0)} of ${alone.length}, ` +
              `longest ${Math.max(...alone).toFixed(0)}, ${Math.max(...folded).toFixed(0)} while the log is folded`,
          );
        } finally {
          await warehouse.close();
          await rm(dataDir, { recursive: true, force: true });
        }
      }
      return {
        name: this.name,
        what: `p99 of a commit of ${commitRows} rows while a cycle over 1 million new rows runs`,
        unit: 'ms',
        ours: Math.round(p99(busy)),
        limit: Math.round(p99(idle)),
        limitIs: 'without a cycle',
        ratio: Number((p99(busy) / p99(idle)).toFixed(3)),
        rounds: options.rounds,
        details: {
          longestBeside: Math.round(Math.max(...busy)),
          longestAlone: Math.round(Math.max(...idle, ...folds)),
        },
      };
    });
  },
};

const p99 = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * 0.99))] ?? 0;

/** ms of each of so many commits. */
async function commitTimes(warehouse: Warehouse, commits: number): Promise<readonly number[]> {
  const taken: number[] = [];
  while (taken.length < commits) {
    taken.push(await commitOnce(warehouse, commitRows));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  return taken;
}

/** ms of each commit around one fold of the log, without a cycle. */
async function commitTimesOfFold(warehouse: Warehouse, dataDir: string): Promise<readonly number[]> {
  const size = async (): Promise<number> =>
    (await stat(`${databasePath(dataDir)}.wal`).catch(() => undefined))?.size ?? 0;
  // what fills the log is not what is measured
  while ((await size()) < nearlyFull) await commitViews(warehouse, 5_000);
  const taken: number[] = [];
  for (let before = await size(); ; ) {
    taken.push(...(await commitTimes(warehouse, 1)));
    const after = await size();
    if (after < before) return taken;
    before = after;
  }
}

/** bytes; the log is folded at 256 million */
const nearlyFull = 250_000_000;

/** ms of each commit that began while `work` was under way. */
async function commitWhile(warehouse: Warehouse, work: () => Promise<unknown>): Promise<readonly number[]> {
  const taken: number[] = [];
  let working = true;
  const done = work().finally(() => {
    working = false;
  });
  while (working) {
    taken.push(await commitOnce(warehouse, commitRows));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  await done;
  return taken;
}

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'kada-bench-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function openWithHistory(dataDir: string, rows: number, { say }: BenchOptions): Promise<Warehouse> {
  await fill(dataDir, rows);
  const warehouse = await openDuckDbWarehouse({ dataDir, log });
  const began = performance.now();
  await cycle(warehouse);
  say(
    `the first cycle over ${million(rows)} rows took ${((performance.now() - began) / 1_000).toFixed(1)} s`,
  );
  // a day of its own, so that the first measured change meets the tables as all later ones do
  await commitViews(warehouse, changeRows);
  await cycle(warehouse);
  return warehouse;
}

async function cycle(warehouse: Warehouse): Promise<void> {
  const definitions = etlDefinitions(
    await loadFunnels(defaultFunnelsFile, { horizonHours: 24 }),
    'UTC',
    false,
  );
  let cycleEnd: number | undefined;
  for (let more = true; more; ) {
    ({ more, cycleEnd } = await warehouse.materialise({
      asOf: Date.now(),
      definitions,
      silver: true,
      gold: true,
      full: false,
      recentDays: 0,
      visibleSeq: Math.max(warehouse.highestSeq, newestSeq),
      maxRows: 200_000,
      ...(cycleEnd === undefined ? {} : { cycleEnd }),
    }));
  }
}

/** above any history */
let newestSeq = 0;

async function commitViews(warehouse: Warehouse, rows: number): Promise<void> {
  for (let left = rows; left > 0; left -= 1_000) await commitOnce(warehouse, Math.min(left, 1_000));
}

async function commitOnce(warehouse: Warehouse, rows: number): Promise<number> {
  const first = Math.max(newestSeq, warehouse.highestSeq) + 1;
  const batch: Batch = {
    id: randomUUID(),
    events: Array.from({ length: rows }, (_, index) => ({ event: pageView(), ingestSeq: first + index })),
    deadLetters: [],
    seenAgain: [],
    at: Date.now(),
  };
  const began = performance.now();
  const result = await warehouse.commit(batch);
  const ms = performance.now() - began;
  if (result.kind !== 'committed') throw new Error(result.message);
  newestSeq = first + rows - 1;
  return ms;
}

/** Web events of a year up to yesterday, made by SQL in one go: sessions of five events, a tenth of them carts. */
async function fill(dataDir: string, rows: number): Promise<void> {
  await (await openDuckDbWarehouse({ dataDir, log })).close();
  const instance = await DuckDBInstance.create(join(dataDir, 'warehouse.duckdb'));
  const connection = await instance.connect();
  await connection.run(`
    INSERT INTO bronze.tracked_log (
      event_id, event_timestamp, received_at, session_id, user_id, source, canonical_type, is_bot, is_seed, payload,
      meta, page_url, page_path, product_id_or_order_id, load_time_ms_or_x_or_quantity, ingest_seq, web_table
    )
    SELECT
      uuid(), t, t + INTERVAL 1 SECOND, concat('s-', i // 5), CASE WHEN i % 3 = 0 THEN concat('u-', i // 15) END,
      'tracking', CASE WHEN i % 10 = 9 THEN 'add_to_cart' ELSE 'page_view' END, 0, 0, '{}', '{}',
      concat('http://localhost/products/p-', i % 200), concat('/products/p-', i % 200), concat('p-', i % 200), 100,
      i + 1, CASE WHEN i % 10 = 9 THEN 2 ELSE 0 END
    FROM (
      SELECT i, CAST(date_trunc('day', now()) AS TIMESTAMP) - to_milliseconds(CAST((${rows} - i) * (365.0 * 86400000 / ${rows}) AS BIGINT)) AS t
      FROM range(${rows}) AS numbers(i)
    )`);
  connection.closeSync();
  instance.closeSync();
}
