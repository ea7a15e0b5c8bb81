import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { etlDefinitions } from '../pipeline/etl/definitions.ts';
import type { FunnelDefinition } from '../pipeline/funnel/definitions.ts';
import { openDuckDbWarehouse } from '../sinks/duckdb/open.ts';
import type { SlicePlan } from '../sinks/materialise/plan.ts';
import type { Warehouse } from '../sinks/warehouse.ts';
import { batchOfSlice, bronzeAt, type History, randomHistory } from './support/random-history.ts';
import { differences, type PlainRow, queriedRows } from './support/recount-rows.ts';
import { type TableName, tableNames } from './support/recount-tables.ts';
import { type RecountedTables, recountWarehouse } from './support/warehouse-recount.ts';

/*
 * Silver and Gold after each slice of a random history equal a plain recount of all that Bronze holds, at the same
 * as_of; and after a full rebuild they still do.
 */

const runs = Number(process.env.ETL_HISTORIES ?? 25);
const firstSeed = Number(process.env.ETL_SEED ?? 1);

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

async function openFresh(): Promise<Warehouse> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kada-etl-'));
  folders.push(dataDir);
  return openDuckDbWarehouse({ dataDir, log: quiet });
}

function planOf(history: History, asOf: number, visibleSeq: number): SlicePlan {
  return {
    asOf,
    definitions: etlDefinitions(history.funnels.map(asDefinition), history.timeZone, history.showSeeds),
    silver: true,
    gold: true,
    full: false,
    recentDays: 0,
    visibleSeq,
    maxRows: 200_000,
  };
}

const asDefinition = (funnel: History['funnels'][number]): FunnelDefinition => ({
  ...funnel,
  steps: funnel.steps.map((step) => ({
    ...step,
    pagePath: step.pagePath ?? null,
  })) as FunnelDefinition['steps'],
});

async function readTables(warehouse: Warehouse): Promise<RecountedTables> {
  const read: Partial<Record<TableName, readonly PlainRow[]>> = {};
  for (const table of tableNames) {
    const { columns, rows } = await warehouse.query(`SELECT * FROM ${table}`);
    read[table] = queriedRows(table, columns, rows);
  }
  return read as RecountedTables;
}

function expectSame(expected: RecountedTables, actual: RecountedTables, where: string): void {
  for (const table of tableNames)
    expect(differences(table, expected[table], actual[table]), `${table}, ${where}`).toEqual([]);
}

describe('Silver and Gold equal a plain recount', () => {
  for (let seed = firstSeed; seed < firstSeed + runs; seed += 1) {
    it(`history ${seed}`, async () => {
      const history = randomHistory(seed);
      const warehouse = await openFresh();
      try {
        let seq = 0;
        for (const [index, slice] of history.slices.entries()) {
          const result = await warehouse.commit(batchOfSlice(slice, seq + 1));
          expect(result).toMatchObject({ kind: 'committed' });
          seq += slice.events.length;
          await warehouse.materialise(planOf(history, slice.asOf, seq));
          const truth = recountWarehouse(bronzeAt(history, index), { ...history, asOf: slice.asOf });
          expectSame(truth.tables, await readTables(warehouse), `seed ${seed}, slice ${index}`);
        }
        const before = await readTables(warehouse);
        const last = history.slices.at(-1);
        await warehouse.materialise({ ...planOf(history, last?.asOf ?? 0, seq), full: true });
        expectSame(before, await readTables(warehouse), `seed ${seed}, full`);
      } finally {
        await warehouse.close();
      }
    });
  }
});
