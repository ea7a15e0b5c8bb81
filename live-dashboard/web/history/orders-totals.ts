import { hundredths, numberOf, type OrdersRow, sum } from './rows.ts';

/** What the orders of some days come to, in one currency. */
export interface OrdersTotals {
  /** hundredths */
  readonly revenue: number;
  readonly orders: number;
  readonly cancelled: number;
  readonly paid: number;
  /** orders that tried to pay online */
  readonly tried: number;
  /** days on which somebody tried and nobody paid: they tell no number of tries, and are left out of paid ÷ tried */
  readonly daysOfNone: number;
}

export function ordersTotals(rows: readonly OrdersRow[]): OrdersTotals {
  return {
    revenue: sum(rows, (row) => hundredths(row.total_revenue)),
    orders: sum(rows, (row) => row.total_orders),
    cancelled: sum(rows, (row) => row.cancelled_orders),
    paid: sum(rows, (row) => row.paid_orders),
    tried: sum(rows, triedOn),
    daysOfNone: rows.filter((row) => numberOf(row.payment_success_rate) === 0).length,
  };
}

/** Gold has the rate to six decimals: it gives back the whole number that it was made from. */
function triedOn({ paid_orders, payment_success_rate }: OrdersRow): number {
  const rate = numberOf(payment_success_rate);
  return rate === null || rate === 0 ? 0 : Math.round(paid_orders / rate);
}
