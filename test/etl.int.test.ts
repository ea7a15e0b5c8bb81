import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { createMaterialiser, etlLock, type MaterialiserOptions } from '../pipeline/etl/materialiser.ts';
import type { EtlRun } from '../sinks/materialise/plan.ts';
import type { Warehouse } from '../sinks/warehouse.ts';
import { batchOf, webEvent } from './support/bronze-rows.ts';
import { commitSlices, expectSame, openFresh, planOf, readTables } from './support/etl.ts';
import { bronzeAt, randomHistory } from './support/random-history.ts';
import { recountWarehouse } from './support/warehouse-recount.ts';

/* Cycles of the materialiser beside the property test: layers, slices, definitions, the lock, runs, cancelling. */

const history = randomHistory(7);
const asOf = history.slices.at(-1)?.asOf ?? 0;
const truthAt = (timeZone = history.timeZone) =>
  recountWarehouse(bronzeAt(history), { ...history, timeZone, asOf }).tables;

const runsOf = async (warehouse: Warehouse): Promise<readonly (readonly unknown[])[]> =>
  (await warehouse.query('SELECT status, error_message FROM ops.etl_runs ORDER BY started_at, status')).rows;

function materialiserOn(warehouse: Warehouse, visibleSeq: number, over: Partial<MaterialiserOptions> = {}) {
  return createMaterialiser({
    warehouse,
    definitions: planOf(history, asOf, visibleSeq).definitions,
    enabled: { silver: true, gold: true },
    recentDays: 0,
    visibleSeq: () => visibleSeq,
    now: () => asOf,
    log: pino({ level: 'silent' }),
    ...over,
  });
}

describe('a cycle', () => {
  it('takes Bronze in stretches of markers, each whole', async () => {
    const warehouse = await openFresh();
    const seq = await commitSlices(warehouse, history.slices);
    let stretches = 0;
    for (let more = true; more; stretches += 1)
      ({ more } = await warehouse.materialise({ ...planOf(history, asOf, seq), maxRows: 10 }));
    expect(stretches).toBe(Math.ceil(seq / 10));
    expectSame(truthAt(), await readTables(warehouse), 'stretches of 10');
  });

  it('leaves what is above the visible marker to the next', async () => {
    const warehouse = await openFresh();
    const seq = await commitSlices(warehouse, history.slices);
    await warehouse.materialise(planOf(history, asOf, seq - 5));
    const { rows } = await warehouse.query('SELECT loaded_seq FROM ops.etl_state');
    expect(rows).toEqual([[seq - 5]]);
    await warehouse.materialise(planOf(history, asOf, seq));
    expectSame(truthAt(), await readTables(warehouse), 'two cycles');
  });

  it('catches Gold up after cycles of Silver alone', async () => {
    const warehouse = await openFresh();
    const seq = await commitSlices(warehouse, history.slices);
    await warehouse.materialise({ ...planOf(history, asOf, Math.floor(seq / 2)), gold: false });
    await warehouse.materialise({ ...planOf(history, asOf, seq), gold: false });
    expect((await warehouse.query('SELECT count(*) FROM gold.behavior_daily')).rows).toEqual([[0]]);
    await warehouse.materialise({ ...planOf(history, asOf, seq), silver: false });
    expectSame(truthAt(), await readTables(warehouse), 'Silver, then Gold');
  });

  it('makes everything anew when the report zone changes', async () => {
    const warehouse = await openFresh();
    const seq = await commitSlices(warehouse, history.slices);
    await warehouse.materialise(planOf(history, asOf, seq));
    await warehouse.materialise(planOf({ ...history, timeZone: 'Pacific/Auckland' }, asOf, seq));
    expectSame(truthAt('Pacific/Auckland'), await readTables(warehouse), 'Auckland');
    await warehouse.materialise(planOf(history, asOf, seq));
    expectSame(truthAt(), await readTables(warehouse), 'back again');
  });

  it('does not go back in time with the clock', async () => {
    const warehouse = await openFresh();
    const seq = await commitSlices(warehouse, history.slices);
    await warehouse.materialise(planOf(history, asOf, seq));
    const back = await warehouse.materialise(planOf(history, asOf - 86_400_000, seq));
    expect(back.asOf).toBe(asOf);
    expectSame(truthAt(), await readTables(warehouse), 'a clock set back');
  });

  it('writes nothing when nothing came and no window closed', async () => {
    const warehouse = await openFresh();
    const seq = await commitSlices(warehouse, history.slices);
    await warehouse.materialise(planOf(history, asOf, seq));
    expect(await warehouse.materialise(planOf(history, asOf, seq))).toMatchObject({
      rowsInserted: 0,
      more: false,
    });
  });

  it('makes the last days anew when it is asked to, and they are the same', async () => {
    const warehouse = await openFresh();
    const seq = await commitSlices(warehouse, history.slices);
    await warehouse.materialise(planOf(history, asOf, seq));
    const again = await warehouse.materialise({ ...planOf(history, asOf, seq), recentDays: 3_660 });
    expect(again.rowsInserted).toBeGreaterThan(0);
    expectSame(truthAt(), await readTables(warehouse), 'recent days');
  });
});

describe('runs', () => {
  it('writes one row a cycle, as it ended', async () => {
    const warehouse = await openFresh();
    const seq = await commitSlices(warehouse, history.slices);
    const told: EtlRun['status'][] = [];
    const materialiser = materialiserOn(warehouse, seq, { onRun: ({ status }) => told.push(status) });
    const run = await materialiser.begin().finished;
    expect(run).toMatchObject({ status: 'success', runType: 'incremental', asOf });
    expect(run.rowsInserted).toBeGreaterThan(0);
    expect(told).toEqual(['running', 'success']);
    expect(materialiser.find(run.runId)).toEqual(run);
    expect(await runsOf(warehouse)).toEqual([['success', null]]);
  });

  it('is skipped, and says so, while another one holds the lock', async () => {
    const warehouse = await openFresh();
    const materialiser = materialiserOn(warehouse, 0);
    const held = await warehouse.runExclusive(etlLock, () => materialiser.begin().finished);
    expect(held).toMatchObject({ ran: true, value: { status: 'skipped' } });
    expect(await runsOf(warehouse)).toEqual([['skipped', 'another cycle runs']]);
  });

  it('marks a run that was killed as failed, once the lock is free', async () => {
    const warehouse = await openFresh();
    await warehouse.recordRun({
      runId: randomUUID(),
      runType: 'incremental',
      startedAt: asOf - 1,
      finishedAt: null,
      asOf: asOf - 1,
      status: 'running',
      rowsInserted: 0,
      errorMessage: null,
    });
    await materialiserOn(warehouse, 0).begin().finished;
    expect(await runsOf(warehouse)).toEqual([
      ['failed', 'the process ended'],
      ['success', null],
    ]);
  });

  it('rolls back what is under way when it is stopped; the next one is right', async () => {
    const warehouse = await openFresh();
    const seq = await commitSlices(warehouse, history.slices);
    const materialiser = materialiserOn(warehouse, seq);
    const { finished } = materialiser.begin();
    // The run is written down first: from then on the slice is under way, or about to be.
    while (materialiser.newest()?.status !== 'running') await new Promise(setImmediate);
    await materialiser.stop();
    expect((await finished).status).toBe('failed');
    expect((await warehouse.query('SELECT count(*) FROM silver.web_events')).rows).toEqual([[0]]);
    expect(await materialiser.begin().finished).toMatchObject({ status: 'skipped' });
    expect((await materialiserOn(warehouse, seq).begin().finished).status).toBe('success');
    expectSame(truthAt(), await readTables(warehouse), 'after a stop');
  });

  it('tells what failed and leaves Silver and Gold as they were', async () => {
    const warehouse = await openFresh();
    const seq = await commitSlices(warehouse, history.slices);
    const broken: Warehouse['materialise'] = (plan) =>
      warehouse.materialise({
        ...plan,
        definitions: {
          ...plan.definitions,
          funnels: plan.definitions.funnels.map((step) => ({ ...step, name: null as unknown as string })),
        },
      });
    const run = await materialiserOn({ ...warehouse, materialise: broken }, seq).begin().finished;
    expect(run.status).toBe('failed');
    expect(run.errorMessage).toContain('NOT NULL');
    expect((await warehouse.query('SELECT count(*) FROM silver.sessions')).rows).toEqual([[0]]);
    expect((await runsOf(warehouse))[0]?.[0]).toBe('failed');
  });
});

describe('beside the log', () => {
  it('lets events be committed while a cycle is open', async () => {
    const warehouse = await openFresh();
    let seq = await commitSlices(warehouse, history.slices);
    const cycle = warehouse.materialise(planOf(history, asOf, seq));
    let open = true;
    void cycle.then(() => {
      open = false;
    });
    let beside = 0;
    while (open) {
      seq += 1;
      const result = await warehouse.commit(batchOf([webEvent()], seq));
      expect(result).toEqual({ kind: 'committed', lost: [] });
      if (open) beside += 1;
    }
    expect(beside).toBeGreaterThan(0);
    expectSame(truthAt(), await readTables(warehouse), 'with commits beside it');
  });

  it('takes fewer rows a transaction while events come, so that their commits wait no longer for its own', async () => {
    const warehouse = await openFresh();
    const rows = 8_000;
    const events = Array.from({ length: rows }, () => webEvent());
    expect(await warehouse.commit(batchOf(events, 1))).toMatchObject({ kind: 'committed' });
    const first = await warehouse.materialise(planOf(history, asOf, rows));
    expect(first).toMatchObject({ more: true, cycleEnd: rows });
    expect((await warehouse.query('SELECT loaded_seq FROM ops.etl_state')).rows).toEqual([[5_000]]);
    expect(await warehouse.materialise(planOf(history, asOf, rows))).toMatchObject({ more: false });
  });

  it('ends where Bronze ended when it began, however much comes meanwhile', async () => {
    const warehouse = await openFresh();
    const began = await commitSlices(warehouse, history.slices);
    let seq = began;
    let slices = 0;
    const materialiser = materialiserOn(warehouse, began, {
      visibleSeq: () => seq,
      warehouse: {
        ...warehouse,
        // More comes in each slice than it takes, up to a number that a cycle without an end would reach.
        async materialise(plan) {
          slices += 1;
          if (slices < 200) {
            const events = Array.from({ length: 20 }, () => webEvent());
            expect(await warehouse.commit(batchOf(events, seq + 1))).toMatchObject({ kind: 'committed' });
            seq += events.length;
          }
          return await warehouse.materialise({ ...plan, maxRows: 10 });
        },
      },
    });
    const run = await materialiser.begin().finished;
    expect(run.status).toBe('success');
    expect((await warehouse.query('SELECT loaded_seq FROM ops.etl_state')).rows).toEqual([[began]]);
    expect(seq).toBeGreaterThan(began);
  });
});
