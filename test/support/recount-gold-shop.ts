import { type BusinessEvent, groupBy, type WebEvent } from './recount-bronze.ts';
import type { PurchaseRow } from './recount-credit.ts';
import type { Days } from './recount-days.ts';
import { average, millionths, rate } from './recount-numbers.ts';
import { type OrderItemRow, type OrderRow, ofTypes } from './recount-orders.ts';
import type { ReviewRow } from './recount-reviews.ts';
import { count, type SilverWebEvent } from './recount-sessions.ts';

/** gold.product_daily, orders_payments_daily and reviews_quality. All that is given counts. */

export interface ProductRow {
  readonly metric_date: string;
  readonly product_id: string;
  readonly currency: string;
  readonly views: number;
  readonly clicks: number;
  readonly add_to_cart: number;
  readonly purchases_count: number;
  readonly units_sold: number;
  /** hundredths */
  readonly revenue: number;
  readonly avg_rating: string | null;
  readonly reviews_count: number;
  readonly view_to_cart_rate: string | null;
  readonly cart_to_purchase_rate: string | null;
}

export interface OrdersDayRow {
  readonly metric_date: string;
  readonly currency: string;
  readonly total_orders: number;
  readonly paid_orders: number;
  readonly cod_orders: number;
  readonly cancelled_orders: number;
  readonly orders_without_items: number;
  readonly payment_success_rate: string | null;
  /** hundredths */
  readonly total_revenue: number;
  readonly refunds_count: number;
  readonly refunded_amount: number;
}

export interface ReviewsDayRow {
  readonly metric_date: string;
  readonly product_id: string;
  readonly total_reviews: number;
  readonly five_star_reviews: number;
  readonly avg_rating: string | null;
}

/** Gold's review rows: those that were created, and are not deleted. */
function standing(
  reviews: readonly ReviewRow[],
  days: Days,
): readonly { readonly review: ReviewRow; readonly date: string }[] {
  return reviews.flatMap((review) =>
    review.created_at === null || review.is_deleted === 1
      ? []
      : [{ review, date: days.dateOf(review.created_at) }],
  );
}

const averageRating = (reviews: readonly ReviewRow[]): string | null =>
  average(reviews.flatMap(({ rating }) => (rating === null ? [] : [millionths(rating)])));

const separator = '\u0000';
const keyOf = (...parts: readonly string[]): string => parts.join(separator);

interface SoldLine {
  readonly purchase: PurchaseRow;
  readonly line: OrderItemRow;
}

export function productRows(
  silver: readonly SilverWebEvent[],
  purchases: readonly PurchaseRow[],
  orders: ReadonlyMap<string, OrderRow>,
  itemsOf: ReadonlyMap<string, readonly OrderItemRow[]>,
  reviews: readonly ReviewRow[],
  days: Days,
): readonly ProductRow[] {
  const seen = groupBy(
    silver.filter(
      ({ event }) => count([event], 'page_view', 'click', 'add_to_cart') > 0 && event.product_id !== null,
    ),
    ({ event, event_date }) => keyOf(event_date, event.product_id ?? '', 'LKR'),
  );
  const sold = groupBy(soldLines(purchases, orders, itemsOf), ({ purchase, line }) =>
    keyOf(purchase.event_date, line.product_id ?? '', purchase.currency),
  );
  const reviewed = groupBy(
    standing(reviews, days).filter(({ review }) => review.product_id !== null),
    ({ review, date }) => keyOf(date, review.product_id ?? '', 'LKR'),
  );

  return [...new Set([...seen.keys(), ...sold.keys(), ...reviewed.keys()])].map((key) => {
    const [metric_date = '', product_id = '', currency = ''] = key.split(separator);
    const events: readonly WebEvent[] = (seen.get(key) ?? []).map(({ event }) => event);
    const lines = sold.get(key) ?? [];
    const told = (reviewed.get(key) ?? []).map(({ review }) => review);
    const views = count(events, 'page_view');
    const carts = count(events, 'add_to_cart');
    const bought = new Set(lines.map(({ purchase }) => purchase.order_id)).size;
    return {
      metric_date,
      product_id,
      currency,
      views,
      clicks: count(events, 'click'),
      add_to_cart: carts,
      purchases_count: bought,
      units_sold: lines.reduce((sum, { line }) => sum + line.quantity, 0),
      revenue: lines.reduce((sum, { line }) => sum + lineMoney(line), 0),
      avg_rating: averageRating(told),
      reviews_count: told.length,
      view_to_cart_rate: rate(carts, views),
      cart_to_purchase_rate: rate(bought, carts),
    };
  });
}

/** "line totals, else price × quantity"; one that comes to more than an amount can be "stops nothing", and is none */
const lineMoney = ({ line_total, unit_price, quantity }: OrderItemRow): number => {
  if (line_total !== null) return line_total;
  const money = unit_price === null ? 0 : unit_price * quantity;
  return money > 999_999_999_999 ? 0 : money;
};

/** Lines with a product, of bought orders that are neither cancelled nor wholly refunded. */
function soldLines(
  purchases: readonly PurchaseRow[],
  orders: ReadonlyMap<string, OrderRow>,
  itemsOf: ReadonlyMap<string, readonly OrderItemRow[]>,
): readonly SoldLine[] {
  return purchases.flatMap((purchase) => {
    const order = orders.get(purchase.order_id);
    if (order === undefined || order.cancelled_at !== null || order.status === 'refunded') return [];
    return (itemsOf.get(purchase.order_id) ?? [])
      .filter((line) => line.product_id !== null)
      .map((line) => ({ purchase, line }));
  });
}

export interface CountedOrder {
  readonly row: OrderRow;
  readonly events: readonly BusinessEvent[];
}

const onlineTypes = ['payment_pending', 'payment_failed', 'order_paid', 'refunded'];

export function ordersDayRows(
  orders: readonly CountedOrder[],
  purchases: readonly PurchaseRow[],
  days: Days,
): readonly OrdersDayRow[] {
  const bought = new Set(purchases.map(({ order_id }) => order_id));
  const byKey = groupBy(orders, ({ row }) => keyOf(days.dateOf(row.created_at), row.currency));
  return [...byKey].map(([key, own]) => {
    const [metric_date = '', currency = ''] = key.split(separator);
    const having = (...types: readonly string[]): number =>
      own.filter(({ events }) => ofTypes(events, ...types).length > 0).length;
    const counting = (holds: (row: OrderRow) => boolean): number =>
      own.filter(({ row }) => holds(row)).length;
    const earning = own.filter(({ row }) => bought.has(row.order_id) && row.cancelled_at === null);
    return {
      metric_date,
      currency,
      total_orders: own.length,
      paid_orders: having('order_paid'),
      cod_orders: counting(({ payment_method }) => payment_method === 'COD'),
      cancelled_orders: having('order_cancelled'),
      orders_without_items: counting(({ has_items }) => has_items === 0),
      payment_success_rate: rate(having('order_paid'), having(...onlineTypes)),
      total_revenue: earning.reduce((sum, { row }) => sum + (row.total_amount ?? 0) - row.refunded_amount, 0),
      refunds_count: having('refunded'),
      refunded_amount: own.reduce((sum, { row }) => sum + row.refunded_amount, 0),
    };
  });
}

export function reviewsDayRows(reviews: readonly ReviewRow[], days: Days): readonly ReviewsDayRow[] {
  const byKey = groupBy(standing(reviews, days), ({ review, date }) =>
    review.product_id === null ? null : keyOf(date, review.product_id),
  );
  return [...byKey].map(([key, own]) => {
    const [metric_date = '', product_id = ''] = key.split(separator);
    const told = own.map(({ review }) => review);
    return {
      metric_date,
      product_id,
      total_reviews: told.length,
      five_star_reviews: told.filter(({ rating }) => rating === 5).length,
      avg_rating: averageRating(told),
    };
  });
}
