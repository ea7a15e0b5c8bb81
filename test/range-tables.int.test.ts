import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HistoryDashboard, startHistoryDashboard } from './support/history-dashboard.ts';
import { between, number, type Row, total } from './support/history-expected.ts';
import { shopMonth } from './support/shop-month.ts';

/* What `/api/gold` adds up over the days of a range, against the rows of days that it gives for the same range. */

const until = Date.UTC(2026, 10, 24, 16, 16, 2);
const ranges = [
  ['2026-11-24', '2026-11-24'],
  ['2026-11-08', '2026-11-21'],
  ['1970-01-01', '2026-12-31'],
] as const;

let dashboard: HistoryDashboard;
const daily: Record<string, readonly Row[]> = {};

beforeAll(async () => {
  dashboard = await startHistoryDashboard(undefined);
  await dashboard.add(shopMonth({ seed: 5, until, days: 31, sessionsPerDay: 90, products: 9 }), until);
  for (const table of ['product_daily', 'page_performance', 'reviews_quality'])
    daily[table] = await read(table, '1970-01-01', '9998-12-31');
});
afterAll(() => dashboard.close());

async function read(table: string, from: string, to: string): Promise<readonly Row[]> {
  const answer = await fetch(`${dashboard.url}/api/gold/${table}?from=${from}&to=${to}&limit=10000`);
  const { rows } = (await answer.json()) as { readonly rows: readonly Row[] };
  return rows;
}

const distinct = (rows: readonly Row[], column: string): readonly string[] =>
  [...new Set(rows.map((row) => String(row[column])))].sort();
const quotient = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
const rate = (part: number, whole: number): number | null => (whole === 0 ? null : Math.min(1, part / whole));
/** Rates and means have six decimals. */
const near = (value: number | null) => (value === null ? null : expect.closeTo(value, 5));
const stars = (rows: readonly Row[]): number =>
  rows.reduce((sum, row) => sum + Math.round(number(row.avg_rating) * number(row.reviews_count)), 0);
const weighted = (rows: readonly Row[], column: string, weight: string): number | null => {
  const had = rows.filter((row) => row[column] !== null);
  return quotient(
    had.reduce((sum, row) => sum + number(row[column]) * number(row[weight]), 0),
    total(had, weight),
  );
};

describe.each(ranges)('from %s to %s', (from, to) => {
  const of = (table: string): readonly Row[] => between(daily[table] ?? [], from, to);

  it('products, by currency', async () => {
    const rows = of('product_daily');
    expect(rows.length).toBeGreaterThan(5);
    const expected = distinct(rows, 'product_id').flatMap((id) => {
      const mine = rows.filter(({ product_id }) => product_id === id);
      return distinct(mine, 'currency').map((currency) => {
        const own = mine.filter((row) => row.currency === currency);
        const sum = (column: string): number => total(own, column);
        return {
          product_id: id,
          currency,
          views: sum('views'),
          clicks: sum('clicks'),
          add_to_cart: sum('add_to_cart'),
          purchases_count: sum('purchases_count'),
          units_sold: sum('units_sold'),
          revenue: sum('revenue'),
          avg_rating: near(quotient(stars(own), sum('reviews_count'))),
          reviews_count: sum('reviews_count'),
          view_to_cart_rate: near(rate(sum('add_to_cart'), sum('views'))),
          cart_to_purchase_rate: near(rate(sum('purchases_count'), sum('add_to_cart'))),
        };
      });
    });
    expect(await read('product_range', from, to)).toEqual(expected);
  });

  it('the shop, with its best five', async () => {
    const rows = of('product_daily');
    const expected = distinct(rows, 'currency').map((currency) => {
      const own = rows.filter((row) => row.currency === currency);
      const sum = (column: string): number => total(own, column);
      const products = distinct(own, 'product_id').map((id) =>
        own.filter(({ product_id }) => product_id === id),
      );
      const best = products.map((one) => total(one, 'revenue')).sort((a, b) => b - a);
      return {
        currency,
        views: sum('views'),
        add_to_cart: sum('add_to_cart'),
        products_sold: products.filter((one) => total(one, 'purchases_count') > 0).length,
        units_sold: sum('units_sold'),
        revenue: sum('revenue'),
        top_five_revenue: expect.closeTo(
          best.slice(0, 5).reduce((a, b) => a + b, 0),
          2,
        ),
        avg_rating: near(quotient(stars(own), sum('reviews_count'))),
        reviews_count: sum('reviews_count'),
        view_to_cart_rate: near(rate(sum('add_to_cart'), sum('views'))),
      };
    });
    expect(await read('shop_range', from, to)).toEqual(expected);
  });

  it('the days on which a product was bought', async () => {
    const key = (row: Row): string => `${row.product_id} ${row.currency} ${row.metric_date}`;
    const expected = of('product_daily')
      .filter((row) => number(row.purchases_count) > 0)
      .sort((a, b) => (key(a) < key(b) ? -1 : 1))
      .map(({ product_id, currency, metric_date, purchases_count }) => ({
        product_id,
        currency,
        metric_date,
        purchases_count,
      }));
    expect(expected.length).toBeGreaterThan(0);
    expect(await read('product_purchases', from, to)).toEqual(expected);
  });

  it('pages', async () => {
    const rows = of('page_performance');
    const expected = distinct(rows, 'page_path').map((path) => {
      const own = rows.filter(({ page_path }) => page_path === path);
      const bounced = own.reduce(
        (sum, row) => sum + Math.round(number(row.bounce_rate) * number(row.entries)),
        0,
      );
      return {
        page_path: path,
        views: total(own, 'views'),
        visitors_a_day: near(total(own, 'unique_visitors') / own.length),
        avg_time_on_page_seconds: near(weighted(own, 'avg_time_on_page_seconds', 'views')),
        avg_scroll_depth: near(weighted(own, 'avg_scroll_depth', 'views')),
        entries: total(own, 'entries'),
        exits: total(own, 'exits'),
        bounce_rate: near(quotient(bounced, total(own, 'entries'))),
        exit_rate: near(quotient(total(own, 'exits'), total(own, 'views'))),
        avg_load_time_ms: near(weighted(own, 'avg_load_time_ms', 'views')),
      };
    });
    expect(expected.length).toBeGreaterThan(3);
    expect(await read('page_range', from, to)).toEqual(expected);
  });

  it('reviews', async () => {
    const rows = of('reviews_quality');
    const expected = distinct(rows, 'product_id').map((id) => {
      const own = rows.filter(({ product_id }) => product_id === id);
      return {
        product_id: id,
        total_reviews: total(own, 'total_reviews'),
        five_star_reviews: total(own, 'five_star_reviews'),
        avg_rating: near(weighted(own, 'avg_rating', 'total_reviews')),
      };
    });
    expect(await read('review_range', from, to)).toEqual(expected);
  });
});

it('pages them in one order, and knows no other table', async () => {
  const whole = await read('product_range', '2026-11-01', '2026-11-24');
  const paged: Row[] = [];
  for (let offset: number | null = 0; offset !== null; ) {
    const answer: Response = await fetch(
      `${dashboard.url}/api/gold/product_range?from=2026-11-01&to=2026-11-24&limit=4&offset=${offset}`,
    );
    const page = (await answer.json()) as {
      readonly rows: readonly Row[];
      readonly next_offset: number | null;
    };
    expect(page.rows.length).toBeLessThanOrEqual(4);
    paged.push(...page.rows);
    offset = page.next_offset;
  }
  expect(paged).toEqual(whole);
  expect(whole.length).toBeGreaterThan(8);
  const unknown = await fetch(`${dashboard.url}/api/gold/toString`);
  expect([unknown.status, await unknown.text()]).toEqual([404, expect.stringContaining('product_range')]);
  expect(await read('product_range', '2020-01-01', '2020-12-31')).toEqual([]);
});
