import type { Numeric } from './api.ts';

/** Rows of Gold as /api/gold gives them; their columns are defined in sql/gold. */
export interface BehaviorRow {
  readonly metric_date: string;
  readonly sessions: number;
  readonly unique_users: number;
  readonly page_views: number;
  readonly clicks: number;
  readonly add_to_cart: number;
  readonly begin_checkout: number;
  readonly purchases: number;
  readonly bot_events: number;
}

export interface FunnelDailyRow {
  readonly metric_date: string;
  readonly view_sessions: number;
  readonly purchase_sessions: number;
  readonly unattributed_purchases: number;
  readonly is_complete: 0 | 1;
}

export interface StepRow {
  readonly funnel_date: string;
  readonly funnel_name: string;
  readonly funnel_step: string;
  readonly step_order: number;
  readonly sessions: number;
  readonly still_in_time: number;
  readonly dropped: number;
  readonly median_seconds: Numeric | null;
}

/** Over the days of a range, as sql/ranges adds them up; the columns are those of the table of days. */
export interface ProductRange {
  readonly product_id: string;
  readonly currency: string;
  readonly views: number;
  readonly add_to_cart: number;
  readonly purchases_count: number;
  readonly units_sold: number;
  readonly revenue: Numeric;
  readonly avg_rating: Numeric | null;
  readonly reviews_count: number;
  readonly view_to_cart_rate: Numeric | null;
  readonly cart_to_purchase_rate: Numeric | null;
}

/** A day on which a product was bought. */
export interface ProductPurchases {
  readonly product_id: string;
  readonly currency: string;
  readonly metric_date: string;
  readonly purchases_count: number;
}

/** All products of a range together. */
export interface ShopRange {
  readonly currency: string;
  readonly views: number;
  readonly add_to_cart: number;
  readonly products_sold: number;
  readonly units_sold: number;
  readonly revenue: Numeric;
  readonly top_five_revenue: Numeric;
  readonly avg_rating: Numeric | null;
  readonly reviews_count: number;
  readonly view_to_cart_rate: Numeric | null;
}

export interface PageRange {
  readonly page_path: string;
  readonly views: number;
  readonly visitors_a_day: Numeric;
  readonly avg_time_on_page_seconds: Numeric | null;
  readonly avg_scroll_depth: Numeric | null;
  readonly entries: number;
  readonly exits: number;
  readonly bounce_rate: Numeric | null;
  readonly exit_rate: Numeric | null;
  readonly avg_load_time_ms: Numeric | null;
}

export interface ReviewRange {
  readonly product_id: string;
  readonly total_reviews: number;
  readonly five_star_reviews: number;
  readonly avg_rating: Numeric | null;
}

export interface OrdersRow {
  readonly metric_date: string;
  readonly currency: string;
  readonly total_orders: number;
  readonly paid_orders: number;
  readonly cod_orders: number;
  readonly cancelled_orders: number;
  readonly orders_without_items: number;
  readonly payment_success_rate: Numeric | null;
  readonly total_revenue: Numeric;
  readonly refunds_count: number;
  readonly refunded_amount: Numeric;
}

export interface HealthRow {
  readonly metric_date: string;
  readonly service: string;
  readonly requests: number;
  readonly p50_latency_ms: Numeric | null;
  readonly p95_latency_ms: Numeric | null;
  readonly error_rate: Numeric | null;
  readonly event_lag_ms: Numeric | null;
  readonly dlq_count: number;
}

/** null stays null. */
export const numberOf = (value: Numeric | null): number | null => (value === null ? null : Number(value));

/** Hundredths, whole: sums of them are exact. */
export function hundredths(amount: Numeric): number {
  if (typeof amount === 'number') return Math.round(amount * 100);
  const [, sign = '', whole = '0', part = ''] = /^(-?)(\d+)(?:\.(\d{0,2}))?/.exec(amount) ?? [];
  return Number(`${sign}${whole}${part.padEnd(2, '0')}`);
}

export const sum = <T>(rows: readonly T[], of: (row: T) => number): number =>
  rows.reduce((total, row) => total + of(row), 0);

/** Rows by a key, in the order in which keys first come. */
export function groupBy<T>(rows: readonly T[], key: (row: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const name = key(row);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return groups;
}
