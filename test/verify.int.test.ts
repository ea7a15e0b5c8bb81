import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { queryBounded } from '../pipeline/control/query.ts';
import { etlDefinitions } from '../pipeline/etl/definitions.ts';
import type { FunnelDefinition } from '../pipeline/funnel/definitions.ts';
import { dayOf } from '../pipeline/verify/shown.ts';
import { type Topic, topics, verify } from '../pipeline/verify/verify.ts';
import { openDuckDbWarehouse } from '../sinks/duckdb/open.ts';
import { batchOfSlice, randomHistory } from './support/random-history.ts';

/*
 * `verify` on a real warehouse: silent about what the product made of random histories, and loud about each way in
 * which it can be broken by hand.
 */

const log = pino({ level: 'silent' });
let folder = '';
const file = () => join(folder, 'warehouse.duckdb');
const history = randomHistory(7, { stories: 60 });
const funnels = history.funnels.map(
  (funnel): FunnelDefinition => ({
    ...funnel,
    steps: funnel.steps.map((step) => ({
      ...step,
      pagePath: step.pagePath ?? null,
    })) as FunnelDefinition['steps'],
  }),
);
const definitions = etlDefinitions(funnels, history.timeZone, history.showSeeds);

async function make(gold = true): Promise<void> {
  const warehouse = await openDuckDbWarehouse({ dataDir: folder, log });
  try {
    const all = { slices: history.slices.flatMap(({ events }) => events), last: history.slices.at(-1)! };
    if (warehouse.highestSeq === 0) {
      const batch = batchOfSlice({ ...all.last, events: all.slices }, 1);
      expect(await warehouse.commit(batch)).toMatchObject({ kind: 'committed' });
    }
    await warehouse.materialise({
      asOf: all.last.asOf,
      definitions,
      silver: true,
      gold,
      full: true,
      recentDays: 0,
      visibleSeq: warehouse.highestSeq,
      maxRows: 200_000,
    });
    await warehouse.recordRun({
      runId: crypto.randomUUID(),
      runType: 'full',
      startedAt: 1,
      finishedAt: 2,
      asOf: 1,
      status: 'success',
      rowsInserted: 1,
      errorMessage: null,
    });
  } finally {
    await warehouse.close();
  }
}

async function damage(sql: string): Promise<void> {
  const instance = await DuckDBInstance.create(file());
  const connection = await instance.connect();
  await connection.run(sql);
  connection.closeSync();
  instance.closeSync();
}

async function verified(topic: Topic): Promise<{ readonly broken: number; readonly text: string }> {
  const warehouse = await openDuckDbWarehouse({ dataDir: folder, log, readOnlyCommand: true });
  let text = '';
  try {
    const broken = await verify(topic, {
      ask: (sql, { maxRows }) => queryBounded(warehouse, sql, maxRows),
      definitions,
      timeZone: history.timeZone,
      now: history.slices.at(-1)!.asOf,
      print: (line) => {
        text += `${line}\n`;
      },
    });
    return { broken, text };
  } finally {
    await warehouse.close();
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kada-verify-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('verify', () => {
  it('says that there is nothing to hold before the first cycle', async () => {
    await (await openDuckDbWarehouse({ dataDir: folder, log })).close();
    const { broken, text } = await verified('behavior');
    expect(broken).toBe(1);
    expect(text).toContain('npm run etl makes them');
  });

  it.each(topics)('%s: all holds of what the product made', async (topic) => {
    await make();
    const { broken, text } = await verified(topic);
    expect(text).not.toContain('BROKEN');
    expect(broken).toBe(0);
    expect(text.match(/^ok {6}/gm)?.length).toBeGreaterThan(1);
  });

  it('prints the newest rows and the counts of today', async () => {
    expect((await verified('behavior')).text).toMatch(
      /gold\.behavior_daily[\s\S]*gold\.funnel_daily[\s\S]*silver\.web_events[\s\S]*silver\.purchases/,
    );
    const { text } = await verified('tracking');
    expect(text).toMatch(/bronze_table +events +real_events +seed_events/);
    expect(text).toContain('page_view_events');
  });

  it('does not hold Gold against a newer Silver', async () => {
    await make(false);
    const { broken, text } = await verified('behavior');
    expect(broken).toBe(0);
    expect(text).toContain('NOT HELD  Gold against Silver');
    await make();
  });

  const aDate = '(SELECT min(metric_date) FROM gold.behavior_daily)';
  const damages: readonly (readonly [string, Topic, string])[] = [
    [
      'a web event is missing',
      'tracking',
      'DELETE FROM ops.web_facts WHERE ingest_seq = (SELECT max(ingest_seq) FROM ops.web_facts)',
    ],
    ['a web event is twice', 'tracking', 'INSERT INTO ops.web_facts SELECT * FROM ops.web_facts LIMIT 1'],
    [
      'a web event says otherwise',
      'tracking',
      "UPDATE ops.web_facts SET canonical_type = 'scroll' WHERE canonical_type = 'page_view'",
    ],
    ['a session is twice', 'behavior', 'INSERT INTO silver.sessions SELECT * FROM silver.sessions LIMIT 1'],
    [
      'a product has no session',
      'behavior',
      "INSERT INTO silver.session_products VALUES ('nobody', 'p', now(), now(), 1, 0, 0)",
    ],
    [
      'an order is missing',
      'behavior',
      'DELETE FROM ops.order_facts WHERE order_id = (SELECT max(order_id) FROM ops.order_facts)',
    ],
    ['items have no order', 'behavior', "INSERT INTO silver.order_items VALUES ('nobody', 1, 'p', 1, 1, 1)"],
    [
      'a purchase is missing',
      'behavior',
      'DELETE FROM silver.purchases WHERE order_id = (SELECT max(order_id) FROM silver.purchases)',
    ],
    ['a refund is above its amount', 'behavior', 'UPDATE ops.order_facts SET refunded_amount = 99999999'],
    [
      'Gold counts a view more',
      'behavior',
      `UPDATE gold.behavior_daily SET page_views = page_views + 1 WHERE metric_date = ${aDate}`,
    ],
    [
      'Gold has a date more',
      'behavior',
      "INSERT INTO gold.behavior_daily VALUES ('1999-01-01', 1, 1, 1, 1, 1, 1, 1, 1)",
    ],
    ['a rate is above 1', 'behavior', 'UPDATE gold.page_performance SET bounce_rate = 1.5'],
    ['a rate is below 0', 'behavior', 'UPDATE gold.funnel_daily SET view_to_cart_rate = -0.1'],
    [
      'a step counts more than the one before',
      'behavior',
      'UPDATE gold.conversion_funnel SET sessions = sessions + 1 WHERE step_order = 2',
    ],
    [
      'revenue is a cent more',
      'behavior',
      'UPDATE gold.orders_payments_daily SET total_revenue = total_revenue + 0.01',
    ],
    ['a request is not counted', 'behavior', 'DELETE FROM gold.system_health_daily'],
    [
      'two runs are running',
      'runs',
      "INSERT INTO ops.etl_runs SELECT uuid(), 'full', now(), NULL, NULL, 'running', 0, NULL FROM range(2)",
    ],
    [
      'a run failed without a word',
      'runs',
      "INSERT INTO ops.etl_runs SELECT uuid(), 'full', now(), now(), NULL, 'failed', 0, NULL",
    ],
  ];
  it.each(damages)('tells that %s', async (_what, topic, sql) => {
    await damage(sql);
    const { broken, text } = await verified(topic);
    expect(broken).toBeGreaterThan(0);
    expect(text).toContain('BROKEN');
    await damage("DELETE FROM ops.etl_runs WHERE status <> 'success'");
    await make();
    expect((await verified(topic)).broken).toBe(0);
  });

  it('tells that the settings are not those that Gold was made by', async () => {
    await damage("UPDATE ops.etl_state SET definitions = 'of another program'");
    const { broken, text } = await verified('behavior');
    expect(broken).toBe(1);
    expect(text).toContain('the next cycle makes them anew');
  });
});

describe('the day that is told', () => {
  it.each([
    ['UTC', '2026-11-24T23:59:59.999Z', '2026-11-24', '2026-11-24T00:00:00.000Z', '2026-11-25T00:00:00.000Z'],
    [
      'Asia/Colombo',
      '2026-11-24T18:30:00.000Z',
      '2026-11-25',
      '2026-11-24T18:30:00.000Z',
      '2026-11-25T18:30:00.000Z',
    ],
    // a day of 25 hours, and one that begins at 01:00
    [
      'Europe/Berlin',
      '2026-10-25T12:00:00.000Z',
      '2026-10-25',
      '2026-10-24T22:00:00.000Z',
      '2026-10-25T23:00:00.000Z',
    ],
    [
      'America/Santiago',
      '2026-09-06T12:00:00.000Z',
      '2026-09-06',
      '2026-09-06T04:00:00.000Z',
      '2026-09-07T03:00:00.000Z',
    ],
  ])('of %s at %s is %s', (zone, now, date, from, to) => {
    const day = dayOf(Date.parse(now), zone);
    expect([day.date, new Date(day.from).toISOString(), new Date(day.to).toISOString()]).toEqual([
      date,
      from,
      to,
    ]);
  });
});
