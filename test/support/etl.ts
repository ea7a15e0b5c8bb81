import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { etlDefinitions } from '../../pipeline/etl/definitions.ts';
import { checkFunnels, type FunnelDefinition } from '../../pipeline/funnel/definitions.ts';
import { type DuckDbWarehouse, openDuckDbWarehouse } from '../../sinks/duckdb/open.ts';
import type { SlicePlan } from '../../sinks/materialise/plan.ts';
import type { Warehouse } from '../../sinks/warehouse.ts';
import { batchOfSlice, type History } from './random-history.ts';
import { differences, type PlainRow, queriedRows } from './recount-rows.ts';
import { type TableName, tableNames } from './recount-tables.ts';
import type { RecountedTables } from './warehouse-recount.ts';
import { wholeCycle } from './whole-cycle.ts';

const folders: string[] = [];
const opened: DuckDbWarehouse[] = [];
afterEach(async () => {
  for (const warehouse of opened.splice(0)) await warehouse.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** An embedded warehouse in a folder of its own, closed and removed after the test. */
export async function openFresh(): Promise<DuckDbWarehouse> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kada-etl-'));
  folders.push(dataDir);
  const warehouse = await openDuckDbWarehouse({ dataDir, log: quiet });
  opened.push(warehouse);
  return warehouse;
}

/** The funnels of a history as FUNNELS_FILE would have them. */
export function funnelsOf({ funnels }: Pick<History, 'funnels'>): readonly FunnelDefinition[] {
  const checked = checkFunnels(funnels, { horizonHours: 168 });
  expect(checked.refusals).toEqual([]);
  return checked.funnels;
}

export function planOf(history: History, asOf: number, visibleSeq: number): SlicePlan {
  return {
    ...wholeCycle,
    asOf,
    definitions: etlDefinitions(funnelsOf(history), history.timeZone, history.showSeeds),
    visibleSeq,
  };
}

/** Commits a history's slices from `from` on. @returns the highest marker */
export async function commitSlices(
  warehouse: Warehouse,
  slices: History['slices'],
  above = 0,
): Promise<number> {
  let seq = above;
  for (const slice of slices) {
    const result = await warehouse.commit(batchOfSlice(slice, seq + 1));
    expect(result).toMatchObject({ kind: 'committed' });
    seq += slice.events.length;
  }
  return seq;
}

export async function readTables(warehouse: Pick<Warehouse, 'query'>): Promise<RecountedTables> {
  const read: Partial<Record<TableName, readonly PlainRow[]>> = {};
  for (const table of tableNames) {
    const { columns, rows } = await warehouse.query(`SELECT * FROM ${table}`, { maxRows: 1_000_000 });
    read[table] = queriedRows(table, columns, rows);
  }
  return read as RecountedTables;
}

export function expectSame(expected: RecountedTables, actual: RecountedTables, where: string): void {
  for (const table of tableNames)
    expect(differences(table, expected[table], actual[table]), `${table}, ${where}`).toEqual([]);
}
