import type { Day } from './days.ts';
import { groupBy, hundredths, numberOf, type ProductPurchases, type ProductRange } from './rows.ts';

/** A product over a range of days: what Gold says of it in the chosen currency, beside what has no currency. */
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

/** Counts without money stand in the LKR row (docs/metrics.md). */
export const countsRow = <T extends { readonly currency: string }>(rows: readonly T[]): T | undefined =>
  rows.find((row) => row.currency === 'LKR');

export function productsOf(
  rows: readonly ProductRange[],
  purchases: readonly ProductPurchases[],
  currency: string,
  days: readonly Day[],
): readonly Product[] {
  const bought = groupBy(
    purchases.filter((row) => row.currency === currency),
    (row) => row.product_id,
  );
  return [...groupBy(rows, (row) => row.product_id)].map(([id, of]) => {
    const mine = of.find((row) => row.currency === currency);
    const counts = countsRow(of);
    const byDay = new Map((bought.get(id) ?? []).map((row) => [row.metric_date, row.purchases_count]));
    return {
      id,
      revenue: hundredths(mine?.revenue ?? 0),
      bought: mine?.purchases_count ?? 0,
      units: mine?.units_sold ?? 0,
      views: counts?.views ?? 0,
      carts: counts?.add_to_cart ?? 0,
      viewToCart: numberOf(counts?.view_to_cart_rate ?? null),
      cartToPurchase: numberOf(counts?.cart_to_purchase_rate ?? null),
      rating: numberOf(counts?.avg_rating ?? null),
      reviews: counts?.reviews_count ?? 0,
      byDay: days.map((day) => byDay.get(day) ?? 0),
    };
  });
}
