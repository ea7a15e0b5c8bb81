import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { etlDefinitions } from '../pipeline/etl/definitions.ts';
import { loadFunnels } from '../pipeline/funnel/definitions.ts';
import { defaultFunnelsFile } from '../pipeline/paths.ts';
import { createOwnPath, type Handed } from '../pipeline/seed/own-road.ts';
import { openDuckDbWarehouse } from '../sinks/duckdb/open.ts';
import type { Warehouse } from '../sinks/warehouse.ts';
import { monthMs, monthOfTrade } from './support/month-of-trade.ts';
import { dropTestDatabase, mssqlMissing, openTestDatabase, whenVisible } from './support/mssql.ts';
import { type Ask, readBronze, readTable } from './support/recount-read.ts';
import { differences } from './support/recount-rows.ts';
import { tableNames } from './support/recount-tables.ts';
import { recountWarehouse } from './support/warehouse-recount.ts';

/*
 * A month of trade with disorder, duplicates and late arrivals, taken in by the pipeline's own steps while cycles run
 * now and then: Silver and Gold are then, to the unit and the cent, what a plain recount of Bronze says.
 * `npm run test:month` does it with 2 million events.
 */

const wanted = Number(process.env.MONTH_EVENTS ?? 60_000);
/** of a shopper, repetitions left out; measured, a little less */
const eventsOfShopper = 7.5;
const timeZone = 'Asia/Colombo';
const start = Date.UTC(2026, 2, 1);
const cycles = 7;
const pageRows = 400_000;
const log = pino({ level: 'silent' });
const say = (text: string): void => {
  if (wanted > 500_000) process.stderr.write(`${new Date().toISOString()} ${text}\n`);
};

interface Engine {
  readonly title: string;
  /** why it is not there */
  readonly missing?: string | undefined;
  open(folder: string): Promise<Warehouse>;
  drop(folder: string): Promise<void>;
  /** resolves when a cycle may read all that was committed */
  settled(warehouse: Warehouse): Promise<void>;
}

const engines: readonly Engine[] = [
  {
    title: 'embedded',
    open: (folder) => openDuckDbWarehouse({ dataDir: folder, log }),
    drop: async () => undefined,
    settled: async () => undefined,
  },
  {
    title: mssqlMissing === undefined ? 'on SQL Server' : `on SQL Server: skipped, ${mssqlMissing}`,
    missing: mssqlMissing,
    open: openTestDatabase,
    drop: dropTestDatabase,
    settled: whenVisible,
  },
];

const suites = engines.map((engine) => [engine.title, engine] as const);

describe.each(suites)(`a month of trade of ${wanted} events, %s`, (_title, engine) => {
  let folder = '';
  let warehouse: Warehouse | undefined;
  afterEach(async () => {
    await warehouse?.close();
    await engine.drop(folder);
    await rm(folder, { recursive: true, force: true });
  });

  it.skipIf(engine.missing !== undefined)(
    'is in Silver and Gold to the unit and the cent',
    {
      timeout: 300_000 + wanted * 10,
    },
    async () => {
      folder = await mkdtemp(join(tmpdir(), 'kada-month-'));
      const opened = await engine.open(folder);
      warehouse = opened;
      const funnels = await loadFunnels(defaultFunnelsFile, { horizonHours: 24 });
      const definitions = etlDefinitions(funnels, timeZone, false);
      const path = await createOwnPath(opened, { storeIp: 'truncated', fingerprintCacheSize: 100_000 }, log);
      const outcomes = new Map<string, number>();

      async function cycle(asOf: number): Promise<void> {
        for (let more = true; more; ) {
          const slice = await opened.materialise({
            asOf,
            definitions,
            silver: true,
            gold: true,
            full: false,
            recentDays: 0,
            visibleSeq: path.visibleSeq(),
            maxRows: 200_000,
          });
          ({ more } = slice);
        }
        say(`cycle as of ${new Date(asOf).toISOString()}, ${path.visibleSeq()} rows`);
      }

      let nextCycle = start + monthMs / cycles;
      let last = start;
      const shoppers = Math.ceil(wanted / eventsOfShopper);
      let waiting: Handed[] = [];
      let messages = 0;
      async function takeIn(): Promise<void> {
        const handed = waiting;
        [waiting, messages] = [[], 0];
        for (const settled of await Promise.all(handed.map(path.deliver))) {
          if (settled.kind !== 'durable') throw new Error(settled.kind);
          for (const { kind } of settled.outcomes) outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
        }
      }
      for (const hour of monthOfTrade({ seed: 3, shoppers, start })) {
        waiting.push(...hour.handed);
        messages += hour.messages;
        last = hour.until;
        if (messages > 4_000 || last >= nextCycle) await takeIn();
        if (last < nextCycle) continue;
        const until = last;
        await cycle(until);
        nextCycle = until + monthMs / cycles;
      }
      await takeIn();
      await engine.settled(opened);
      // the last entries' windows are still open in Gold at this moment, and closed at the next
      await cycle(last);
      await cycle(last + 2 * 3_600_000);
      path.close();
      say(JSON.stringify(Object.fromEntries(outcomes)));
      expect(outcomes.get('stored')).toBeGreaterThan(wanted * 0.95);
      for (const kind of ['duplicate', 'dead-lettered'])
        expect(outcomes.get(kind), kind).toBeGreaterThan(wanted / 200);

      const ask: Ask = (sql) => opened.query(sql, { maxRows: pageRows });
      const bronze = await readBronze(ask, pageRows);
      say('Bronze is read');
      const { tables } = recountWarehouse(bronze, {
        funnels,
        asOf: last + 2 * 3_600_000,
        timeZone,
        showSeeds: false,
      });
      say('recounted');
      for (const table of tableNames) {
        expect(differences(table, tables[table], await readTable(ask, table, pageRows)), table).toEqual([]);
        say(`${table}: ${tables[table].length} rows, the same`);
      }
      for (const table of [
        'gold.conversion_funnel',
        'gold.product_daily',
        'gold.orders_payments_daily',
      ] as const)
        expect(tables[table].length, table).toBeGreaterThan(50);
    },
  );
});
