import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { AnalyticsEvent, BusinessRow } from '../ingest/event.ts';
import { etlDefinitions } from '../pipeline/etl/definitions.ts';
import { loadFunnels } from '../pipeline/funnel/definitions.ts';
import { defaultFunnelsFile } from '../pipeline/paths.ts';
import type { SlicePlan } from '../sinks/materialise/plan.ts';
import { readRangeQueries } from '../sinks/range-query.ts';
import type { Warehouse } from '../sinks/warehouse.ts';
import {
  apiEvent,
  apiRow,
  at,
  batchOf,
  businessEvent,
  businessRow,
  webEvent,
  webRow,
} from './support/bronze-rows.ts';
import { openFresh } from './support/etl.ts';
import { wholeCycle } from './support/whole-cycle.ts';

/* Rows and moments at the edge, each once the reason that a cycle failed or told something wrong. */

const day = 86_400_000;

const plan = async (asOf: number, visibleSeq: number, over: Partial<SlicePlan> = {}): Promise<SlicePlan> => ({
  ...wholeCycle,
  asOf,
  definitions: etlDefinitions(await loadFunnels(defaultFunnelsFile, { horizonHours: 24 }), 'UTC', false),
  visibleSeq,
  ...over,
});

const business = (over: Partial<BusinessRow>, items: Parameters<typeof businessEvent>[1] = []) =>
  businessEvent(businessRow({ event_id: randomUUID(), ...over }), items);
const paid = {
  canonical_type: 'order_paid',
  event_type: 'payment.completed',
  service: 'payment-service',
} as const;
const rowsOf = async (warehouse: Warehouse, sql: string) => (await warehouse.query(sql)).rows;

async function commit(warehouse: Warehouse, events: readonly AnalyticsEvent[]): Promise<void> {
  expect(await warehouse.commit(batchOf(events))).toEqual({ kind: 'committed', lost: [] });
}

describe('a row that cannot be used stops nothing', () => {
  it('a line of an order beyond every amount has its units and no revenue', async () => {
    const warehouse = await openFresh();
    const event_id = randomUUID();
    const line = (line_number: number, product_id: string, quantity: number, unit_price: number) => ({
      event_id,
      line_number,
      order_id: 'o1',
      product_id,
      quantity,
      unit_price,
      line_total: null,
    });
    const lines = [
      line(1, 'p1', 2_000_000, 999_999_999_999),
      line(2, 'p1', 3, 250),
      line(3, 'p2', 1, 999_999_999_999),
      line(4, 'p2', 0, 100),
    ];
    const order = { order_id: 'o1', payment_method: 'COD', amount: 1_000, currency: 'LKR' };
    await commit(warehouse, [business({ ...order, event_id, canonical_type: 'order_created' }, lines)]);
    await warehouse.materialise(await plan(at + day, 1));
    const sql =
      'SELECT product_id, units_sold, CAST(revenue AS VARCHAR) FROM gold.product_daily ORDER BY product_id';
    expect(await rowsOf(warehouse, sql)).toEqual([
      ['p1', 2_000_003, '7.50'],
      ['p2', 1, '9999999999.99'],
    ]);
  });

  it('page views that took for ever to load have a mean over a range', async () => {
    const warehouse = await openFresh();
    const slowest = 2_147_483_647;
    const views = Array.from({ length: 2_000 }, () =>
      webEvent(webRow({ event_id: randomUUID(), load_time_ms: slowest, time_on_prev_page_seconds: slowest })),
    );
    await commit(warehouse, views);
    await warehouse.materialise(await plan(at + day, views.length));
    const queries = await readRangeQueries();
    const sql = queries({ table: 'page_range', from: '2026-03-01', to: '2026-03-31', offset: 0, limit: 10 });
    const { columns, rows } = await warehouse.query(sql);
    const told = (column: string): number => Number(rows[0]?.[columns.indexOf(column)]);
    expect([told('views'), told('avg_load_time_ms')]).toEqual([2_000, slowest]);
  });
});

describe('a full cycle', () => {
  it('of Gold alone makes the days anew that have only logs, also when their rows were lost', async () => {
    const warehouse = await openFresh();
    await commit(warehouse, [
      apiEvent(apiRow({ event_id: randomUUID(), event_timestamp: at - 5 * day })),
      business({ order_id: 'o1', canonical_type: 'order_created', event_timestamp: at - 4 * day }),
      webEvent(webRow({ event_id: randomUUID() })),
    ]);
    await warehouse.materialise(await plan(at + day, 3));
    const days = 'SELECT metric_date, service, requests FROM gold.system_health_daily ORDER BY metric_date';
    const before = await rowsOf(warehouse, days);
    expect(before).toHaveLength(3);
    await warehouse.materialise(await plan(at + day, 3, { full: true, silver: false }));
    expect(await rowsOf(warehouse, days)).toEqual(before);
  });

  it('takes the clock as it is, also one that was set back', async () => {
    const warehouse = await openFresh();
    await commit(warehouse, [webEvent(webRow({ event_id: randomUUID() }))]);
    const funnel = 'SELECT is_complete FROM gold.funnel_daily';
    await warehouse.materialise(await plan(at + 30 * day, 1));
    expect(await rowsOf(warehouse, funnel)).toEqual([[1]]);
    const full = await warehouse.materialise(await plan(at + 1_000, 1, { full: true }));
    expect(full.asOf).toBe(at + 1_000);
    expect(await rowsOf(warehouse, funnel)).toEqual([[0]]);
  });
});

describe('a slice', () => {
  it('sees nothing of what its cycle does not go up to', async () => {
    const warehouse = await openFresh();
    const order = { order_id: 'o1', amount: 10_000, currency: 'LKR', user_id: 'u1', session_id: null };
    await commit(warehouse, [
      business({ ...order, canonical_type: 'order_created', payment_method: 'ONLINE' }),
      apiEvent(apiRow({ event_id: randomUUID() })),
      business({ canonical_type: 'review_created', review_id: 'r1', product_id: 'p1', rating: 5 }),
      business({ canonical_type: 'review_updated', review_id: 'r1', rating: 1, event_timestamp: at + 1 }),
      apiEvent(apiRow({ event_id: randomUUID() })),
      business({ ...order, ...paid, event_timestamp: at + 400 }),
    ]);
    const told = async () => [
      ...(await rowsOf(warehouse, 'SELECT status FROM silver.orders')),
      ...(await rowsOf(warehouse, 'SELECT COUNT(*) FROM silver.purchases')),
      ...(await rowsOf(warehouse, 'SELECT COUNT(*) FROM silver.payments')),
      ...(await rowsOf(warehouse, 'SELECT CAST(rating AS INTEGER) FROM silver.reviews')),
      ...(await rowsOf(warehouse, "SELECT requests FROM gold.system_health_daily WHERE service = 'gateway'")),
    ];
    await warehouse.materialise(await plan(at + day, 6, { cycleEnd: 3 }));
    expect(await told()).toEqual([['created'], [0], [0], [5], [1]]);
    await warehouse.materialise(await plan(at + day, 6));
    expect(await told()).toEqual([['paid'], [1], [1], [1], [2]]);
  });

  it('calls no day complete of which half is loaded: until the last one, states hold as of the cycle before', async () => {
    const warehouse = await openFresh();
    const views = (count: number, first: number) =>
      Array.from({ length: count }, (_, n) =>
        webEvent(webRow({ event_id: randomUUID(), session_id: `s-${first + n}`, event_timestamp: at + n })),
      );
    const gold = async () => ({
      days: await rowsOf(warehouse, 'SELECT view_sessions, is_complete FROM gold.funnel_daily'),
      asOf: await rowsOf(warehouse, 'SELECT gold_as_of FROM ops.etl_state'),
    });
    const iso = (ms: number) => [[new Date(ms).toISOString()]];
    await commit(warehouse, views(4, 1));
    await warehouse.materialise(await plan(at + 9 * day, 4, { maxRows: 2 }));
    expect(await gold()).toEqual({ days: [], asOf: [[null]] });
    await warehouse.materialise(await plan(at + 1_000, 4, { maxRows: 2 }));
    expect(await gold()).toEqual({ days: [[4, 0]], asOf: iso(at + 1_000) });
    expect(await warehouse.commit(batchOf(views(4, 5), 5))).toMatchObject({ kind: 'committed' });
    await warehouse.materialise(await plan(at + 9 * day, 8, { maxRows: 2 }));
    expect(await gold()).toEqual({ days: [[6, 0]], asOf: iso(at + 1_000) });
    await warehouse.materialise(await plan(at + 9 * day, 8, { maxRows: 2 }));
    expect(await gold()).toEqual({ days: [[8, 1]], asOf: iso(at + 9 * day) });
  });
});

it('seeds that are shown are among the requests of a service, and never in its lag', async () => {
  const warehouse = await openFresh();
  const request = (is_seed: 0 | 1, response_time_ms: number, received_at: number) =>
    apiEvent(apiRow({ event_id: randomUUID(), is_seed, response_time_ms, received_at }));
  await commit(warehouse, [request(0, 10, at + 20), request(1, 50, at + 80)]);
  const health =
    'SELECT requests, CAST(p50_latency_ms AS DOUBLE), CAST(event_lag_ms AS DOUBLE) FROM gold.system_health_daily';
  const { definitions, ...rest } = await plan(at + day, 2);
  await warehouse.materialise({ ...rest, definitions });
  expect(await rowsOf(warehouse, health)).toEqual([[1, 10, 20]]);
  await warehouse.materialise({ ...rest, definitions: { ...definitions, showSeeds: true } });
  expect(await rowsOf(warehouse, health)).toEqual([[2, 30, 20]]);
});

it('what is told of now counts seeds where they are shown', async () => {
  const warehouse = await openFresh();
  const order = {
    order_id: 'o1',
    amount: 10_000,
    currency: 'LKR',
    user_id: 'u1',
    session_id: null,
    is_seed: 1,
  } as const;
  await commit(warehouse, [
    webEvent(webRow({ event_id: randomUUID(), session_id: 's1', user_id: null, event_timestamp: at })),
    webEvent(
      webRow({ event_id: randomUUID(), session_id: 's2', user_id: null, event_timestamp: at, is_seed: 1 }),
    ),
    business({ ...order, canonical_type: 'order_created', payment_method: 'ONLINE', event_timestamp: at }),
    business({ ...order, ...paid, event_timestamp: at }),
  ]);
  const now =
    'SELECT active_users_now, sessions_today, CAST(revenue_today AS DOUBLE), orders_today FROM gold.realtime_metrics';
  const { definitions, ...rest } = await plan(at + 1_000, 4);
  await warehouse.materialise({ ...rest, definitions });
  expect(await rowsOf(warehouse, now)).toEqual([[1, 1, 0, 0]]);
  await warehouse.materialise({ ...rest, definitions: { ...definitions, showSeeds: true } });
  expect(await rowsOf(warehouse, now)).toEqual([[2, 2, 100, 1]]);
  // Gold alone is made anew as a whole, too
  await warehouse.materialise({ ...rest, definitions, silver: false });
  expect(await rowsOf(warehouse, now)).toEqual([[1, 1, 0, 0]]);
});

it('a rate that stands at a half in its seventh place is rounded away from zero: 41 of 640', async () => {
  const warehouse = await openFresh();
  const event = (canonical_type: 'page_view' | 'add_to_cart', n: number) =>
    webEvent(
      webRow({
        event_id: randomUUID(),
        session_id: `s${n}`,
        canonical_type,
        product_id: 'p1',
        event_timestamp: at + n,
      }),
    );
  const views = Array.from({ length: 640 }, (_, n) => event('page_view', n));
  const carts = Array.from({ length: 41 }, (_, n) => event('add_to_cart', n));
  await commit(warehouse, [...views, ...carts]);
  await warehouse.materialise(await plan(at + day, 681));
  const rates = 'SELECT CAST(view_to_cart_rate AS VARCHAR) FROM gold.';
  expect(await rowsOf(warehouse, `${rates}product_daily`)).toEqual([['0.064063']]);
  expect(await rowsOf(warehouse, `${rates}funnel_daily`)).toEqual([['0.064063']]);
  const range = (await readRangeQueries())({
    table: 'product_range',
    from: '2026-01-01',
    to: '2026-12-31',
    offset: 0,
    limit: 10,
  });
  const { columns, rows } = await warehouse.query(range);
  expect(rows.map((row) => row[columns.indexOf('view_to_cart_rate')])).toEqual([0.064063]);
});
