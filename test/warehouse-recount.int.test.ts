import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDuckDbWarehouse } from '../sinks/duckdb/open.ts';
import type { Warehouse } from '../sinks/warehouse.ts';
import { batchOfSlice, bronzeAt, randomHistory } from './support/random-history.ts';
import { type Ask, readBronze } from './support/recount-read.ts';
import { recountWarehouse } from './support/warehouse-recount.ts';

/*
 * What the recount is given from memory is what a warehouse gives back: random histories are committed to a real
 * one slice by slice, and read again.
 */

const histories = Number(process.env.RECOUNT_HISTORIES ?? 12);

describe('Bronze, as the recount reads it', () => {
  let folder = '';
  let warehouse: Warehouse;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kada-recount-'));
    warehouse = await openDuckDbWarehouse({ dataDir: folder, log: pino({ level: 'silent' }) });
  });
  afterAll(async () => {
    await warehouse.close();
    await rm(folder, { recursive: true, force: true });
  });

  it(`gives the same tables from ${histories} random histories and from what a warehouse stored of them`, async () => {
    const ask: Ask = (sql) => warehouse.query(sql);
    const told = Array.from({ length: histories }, (_one, seed) => randomHistory(seed));
    let nextSeq = 1;
    for (const slice of told.flatMap(({ slices }) => slices)) {
      const batch = batchOfSlice(slice, nextSeq);
      nextSeq += slice.events.length;
      expect(await warehouse.commit(batch)).toEqual({ kind: 'committed', lost: [] });
    }
    const held = told.map((history) => bronzeAt(history));
    const given = {
      web: held.flatMap(({ web }) => web),
      business: held.flatMap(({ business }) => business),
      items: held.flatMap(({ items }) => items),
      requests: held.flatMap(({ requests }) => requests),
      queries: held.flatMap(({ queries }) => queries),
      letters: held.flatMap(({ letters }) => letters),
    };
    const read = await readBronze(ask, 97);
    for (const rows of ['web', 'business', 'items', 'requests', 'queries', 'letters'] as const) {
      expect(given[rows].length, rows).toBeGreaterThan(0);
      expect(read[rows].length, rows).toBe(given[rows].length);
    }
    const options = {
      funnels: told[0]!.funnels,
      asOf: told[0]!.slices.at(-1)!.asOf,
      timeZone: 'Asia/Colombo',
      showSeeds: true,
    };
    expect(recountWarehouse(read, options).tables).toEqual(recountWarehouse(given, options).tables);
  });
});
