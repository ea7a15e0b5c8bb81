import { describe, expect, it } from 'vitest';
import { bronzeAt, type History, randomHistory } from './support/random-history.ts';
import { createDays } from './support/recount-days.ts';
import { recountWarehouse } from './support/warehouse-recount.ts';

/*
 * Random histories are worth what they reach: every kind of event, every rule's both sides. A generator that lost
 * one of them would leave the tests that use it green.
 */

const day = 86_400_000;
const histories = Array.from({ length: 150 }, (_one, seed) => randomHistory(seed));

const tablesOf = (history: History, slice: number) =>
  recountWarehouse(bronzeAt(history, slice), {
    funnels: history.funnels,
    timeZone: history.timeZone,
    showSeeds: history.showSeeds,
    asOf: history.slices[slice]!.asOf,
  }).tables;

describe('random histories', () => {
  const rows = histories.flatMap(({ slices }) => slices.flatMap(({ events }) => events));
  const tables = histories.map((history) => tablesOf(history, history.slices.length - 1));

  it('are the same for the same seed, and name each event once', () => {
    expect(randomHistory(7)).toEqual(randomHistory(7));
    for (const { slices } of histories) {
      const ids = slices.flatMap(({ events }) => events.map(({ row }) => row.event_id));
      expect(new Set(ids).size).toBe(ids.length);
    }
    const more = randomHistory(7, { stories: 40 }).slices.flatMap(({ events }) => events);
    expect(more.length).toBeGreaterThan(randomHistory(7).slices.flatMap(({ events }) => events).length);
  });

  it('hold every type, road, table, seeds and bots', () => {
    const types = new Set(rows.map(({ row }) => row.canonical_type));
    expect([...types].sort()).toEqual(
      [
        ...['page_view', 'click', 'add_to_cart', 'begin_checkout', 'scroll', 'search', 'form_interaction'],
        ...['order_created', 'order_cancelled', 'order_status', 'order_paid', 'refunded'],
        ...['payment_pending', 'payment_not_required', 'payment_failed'],
        ...['review_created', 'review_updated', 'review_deleted', 'other'],
      ].sort(),
    );
    expect(new Set(rows.map(({ table }) => table)).size).toBe(10);
    expect(new Set(rows.map(({ row }) => row.source))).toEqual(
      new Set(['rabbitmq', 'collector', 'tracking']),
    );
    const promoted = rows.filter(
      ({ table, row }) => table === 'click_events' && row.canonical_type !== 'click',
    );
    expect(new Set(promoted.map(({ row }) => row.canonical_type)).size).toBe(2);
    for (const flag of ['is_seed', 'is_bot'] as const) {
      expect(rows.filter(({ row }) => row[flag] === 1).length).toBeGreaterThan(20);
    }
    const business = rows.flatMap((event) => (event.table === 'business_events' ? [event] : []));
    const raw = new Set(business.map(({ row }) => row.event_type));
    for (const type of ['payment.completed', 'payment_completed', 'refund.created', 'refund_created']) {
      expect(raw.has(type), type).toBe(true);
    }
    expect(business.filter(({ items }) => items.length > 0).length).toBeGreaterThan(50);
    expect(new Set(business.map(({ row }) => row.payment_method))).toEqual(new Set(['COD', 'ONLINE', null]));
  });

  it('reach both sides of each rule', () => {
    const values = (table: keyof (typeof tables)[number], column: string) =>
      new Set(tables.flatMap((one) => one[table].map((row) => row[column])));
    expect(values('silver.purchases', 'credit_rule')).toEqual(new Set(['a', 'b', 'c', 'd', 'e']));
    expect(values('silver.orders', 'status').size).toBe(7);
    expect(values('silver.payments', 'status').size).toBe(5);
    for (const flag of ['is_deleted', 'is_restored']) {
      expect(values('silver.reviews', flag)).toEqual(new Set([0, 1]));
    }
    expect(values('silver.sessions', 'is_bounce')).toEqual(new Set([0, 1]));
    for (const table of ['silver.orders', 'silver.purchases', 'silver.sessions'] as const) {
      expect(values(table, 'is_seed')).toEqual(new Set([0, 1]));
    }
    expect(values('gold.orders_payments_daily', 'currency')).toEqual(new Set(['LKR', 'USD']));
    expect(values('gold.product_daily', 'currency')).toEqual(new Set(['LKR', 'USD']));
    const derived = [...values('silver.sessions', 'session_id')].filter((id) =>
      String(id).startsWith('derived:'),
    );
    expect(derived.length).toBeGreaterThan(5);
    const partly = tables
      .flatMap((one) => one['silver.orders'])
      .filter(
        (row) => Number(row.refunded_amount) > 0 && Number(row.refunded_amount) < Number(row.total_amount),
      );
    expect(partly.length).toBeGreaterThan(0);
    const deepest = tables
      .flatMap((one) => one['gold.conversion_funnel'])
      .filter((row) => row.step_order === 4 && Number(row.sessions) > 0);
    expect(deepest.length).toBeGreaterThan(5);
  });

  it('cross midnight, last for months, come late, and change the state of what is closed by time alone', () => {
    let crossed = 0;
    let long = 0;
    let late = 0;
    let closedByTime = 0;
    for (const [index, history] of histories.entries()) {
      const days = createDays(history.timeZone);
      for (const row of tables[index]!['silver.sessions']) {
        const [start, end] = [Number(row.session_start), Number(row.session_end)];
        if (end - start > 30 * day) long += 1;
        else if (days.dateOf(start) !== days.dateOf(end)) crossed += 1;
      }
      for (const [k, { events, asOf }] of history.slices.entries()) {
        late += events.filter(({ row }) => row.event_timestamp < asOf - 30 * day).length;
        if (k === 0 || events.length > 0) continue;
        const open = (slice: number) =>
          tablesOf(history, slice)['gold.conversion_funnel'].reduce(
            (sum, row) => sum + Number(row.still_in_time),
            0,
          );
        if (open(k) < open(k - 1)) closedByTime += 1;
      }
    }
    expect(crossed).toBeGreaterThan(50);
    expect(long).toBeGreaterThan(20);
    expect(late).toBeGreaterThan(50);
    expect(closedByTime).toBeGreaterThan(0);
  });
});
