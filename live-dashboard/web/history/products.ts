import { ratio } from './compare.ts';
import type { Day } from './days.ts';
import { mean } from './pages-table.ts';
import { groupBy, hundredths, numberOf, type ProductRow, sum } from './rows.ts';

/** A product over a range of days. */
export interface Product {
  readonly id: string;
  /** hundredths, of the chosen currency; bought and units too */
  readonly revenue: number;
  readonly bought: number;
  readonly units: number;
  readonly views: number;
  readonly carts: number;
  readonly viewToCart: number | null;
  readonly cartToPurchase: number | null;
  readonly rating: number | null;
  readonly reviews: number;
  /** orders with it, of each day */
  readonly byDay: readonly number[];
}

export function productsOf(
  rows: readonly ProductRow[],
  currency: string,
  days: readonly Day[],
): readonly Product[] {
  return [...groupBy(rows, (row) => row.product_id)].map(([id, of]) => productOf(id, of, currency, days));
}

function productOf(id: string, rows: readonly ProductRow[], currency: string, days: readonly Day[]): Product {
  const mine = rows.filter((row) => row.currency === currency);
  const byDay = new Map(mine.map((row) => [row.metric_date, row.purchases_count]));
  const [views, carts] = [sum(rows, (row) => row.views), sum(rows, (row) => row.add_to_cart)];
  return {
    id,
    revenue: sum(mine, (row) => hundredths(row.revenue)),
    bought: sum(mine, (row) => row.purchases_count),
    units: sum(mine, (row) => row.units_sold),
    views,
    carts,
    viewToCart: atMostOne(ratio(carts, views)),
    cartToPurchase: atMostOne(
      ratio(
        sum(rows, (row) => row.purchases_count),
        carts,
      ),
    ),
    rating: ratingOf(rows),
    reviews: sum(rows, (row) => row.reviews_count),
    byDay: days.map((day) => byDay.get(day) ?? 0),
  };
}

export interface ShopTotals {
  /** hundredths, of the chosen currency; units, sold and topFive too */
  readonly revenue: number;
  readonly units: number;
  /** products with sales */
  readonly sold: number;
  /** hundredths of the five with the most */
  readonly topFive: number;
  readonly views: number;
  readonly carts: number;
  readonly viewToCart: number | null;
  readonly rating: number | null;
  readonly reviews: number;
}

export function shopTotals(rows: readonly ProductRow[], currency: string): ShopTotals {
  const products = productsOf(rows, currency, []);
  const revenues = products.map(({ revenue }) => revenue).sort((a, b) => b - a);
  const [views, carts] = [sum(products, (one) => one.views), sum(products, (one) => one.carts)];
  return {
    revenue: sum(revenues, (one) => one),
    units: sum(products, (one) => one.units),
    sold: products.filter(({ bought }) => bought > 0).length,
    topFive: sum(revenues.slice(0, 5), (one) => one),
    views,
    carts,
    viewToCart: atMostOne(ratio(carts, views)),
    rating: ratingOf(rows),
    reviews: sum(rows, (row) => row.reviews_count),
  };
}

const ratingOf = (rows: readonly ProductRow[]): number | null =>
  mean(
    rows,
    (row) => numberOf(row.avg_rating),
    (row) => row.reviews_count,
  );

const atMostOne = (value: number | null): number | null => (value === null ? null : Math.min(1, value));
