import type { GoldTable } from './gold-tables.ts';

/** What each column of Gold means. Made from the comments above the columns in sql/gold: change them there. */
export const goldDefinitions = {
  behavior_daily: {
    sessions: 'sessions with a web event on the date, derived ones too',
    unique_users: 'users named by a web event of the date',
    page_views: 'page views of the date',
    clicks: 'clicks of the date',
    add_to_cart: 'events that added to a cart, by their date; not the quantity',
    begin_checkout: 'events that began a checkout, by their date',
    purchases: 'purchases by their own time, unattributed ones too',
    bot_events: 'events of automated visitors, which stand in no other figure',
  },
  funnel_daily: {
    view_sessions: 'sessions that entered the funnel purchase on the date, by a page view',
    cart_sessions: 'entries of the date that added to a cart in time',
    checkout_sessions: 'entries of the date that began a checkout in time',
    purchase_sessions: 'entries of the date that purchased in time',
    view_to_cart_rate: 'cart_sessions ÷ view_sessions',
    cart_to_checkout_rate: 'checkout_sessions ÷ cart_sessions',
    checkout_to_purchase_rate: 'purchase_sessions ÷ checkout_sessions',
    view_to_purchase_rate: 'purchase_sessions ÷ view_sessions',
    unattributed_purchases: 'purchases of the date that no session is credited with (funnel.md 6e)',
    is_complete: '1: the date is over and so is the window of everybody who entered on it',
  },
  conversion_funnel: {
    sessions: 'entries of the date that reached the step',
    still_in_time:
      "entries that reached the step before and not this one, and can still convert at the cycle's as_of",
    dropped: 'entries that reached the step before and not this one, and whose window is closed',
    drop_off_rate: 'dropped ÷ sessions of the step before; NULL for step 1',
    median_seconds: 'time from the step before, of those that went on: half of them took no longer',
    p90_seconds: 'time from the step before, of those that went on: nine of ten took no longer',
  },
  product_daily: {
    views: 'page views that name the product, by their date; in the LKR row',
    clicks: 'clicks that name the product, by their date; in the LKR row',
    add_to_cart: 'events that added the product to a cart, by their date, not the quantity; in the LKR row',
    purchases_count:
      'orders with the product, neither cancelled nor wholly refunded, by the date of their purchase',
    units_sold: 'quantity in the orders of purchases_count',
    revenue:
      'of the orders of purchases_count: line totals, else price × quantity (up to the greatest amount, 9,999,999,999.99)',
    avg_rating: 'mean rating of reviews_count; in the LKR row',
    reviews_count: 'reviews that stand, by the date of their first creation; in the LKR row',
    view_to_cart_rate: 'add_to_cart ÷ views, at most 1',
    cart_to_purchase_rate: 'purchases_count ÷ add_to_cart, at most 1',
  },
  page_performance: {
    views: 'page views of the path, by their date',
    unique_visitors: "different visitors of the date: the view's user, else its session",
    avg_time_on_page_seconds: 'mean time on the page, as the next view of the session told it',
    avg_scroll_depth: 'mean depth of scroll events on the page, percent',
    entries: 'sessions whose first page view it was',
    exits: 'sessions whose last page view it was',
    bounce_rate: 'entries of sessions that saw one page and did nothing else ÷ entries',
    exit_rate: 'exits ÷ views',
    avg_load_time_ms: 'mean load time of the views that told one',
  },
  orders_payments_daily: {
    total_orders: 'orders created on the date',
    paid_orders: 'orders with an order_paid event',
    cod_orders: 'orders paid in cash on delivery',
    cancelled_orders: 'orders that were ever cancelled',
    orders_without_items: 'orders of which no event told the items',
    payment_success_rate: 'paid ÷ orders that tried online: pending, failed, paid or refunded',
    total_revenue: 'amount − refunded_amount of orders with a purchase, never cancelled; each once',
    refunds_count: 'orders with a refund',
    refunded_amount: "what was refunded of the date's orders, at most their amount",
  },
  reviews_quality: {
    total_reviews: 'reviews that stand, by the date of their first creation',
    five_star_reviews: 'those of them with five stars',
    avg_rating: 'mean rating of total_reviews that have one',
  },
  system_health_daily: {
    requests: 'requests that the service logged',
    p50_latency_ms: 'half of the requests were answered within this time',
    p95_latency_ms: '95 of 100 requests were answered within this time',
    error_rate: 'answered with 500 or above ÷ requests',
    event_lag_ms:
      'half of the events were received later than this after they happened; web events are of the service web',
    dlq_count: 'dead letters by the time of their failure, in the row of the source that delivered them',
  },
} as const satisfies Readonly<Record<GoldTable, Readonly<Record<string, string>>>>;

export type GoldColumn<T extends GoldTable> = keyof (typeof goldDefinitions)[T] & string;

/** The meaning of a column, as a sentence. */
export function definitionOf<T extends GoldTable>(table: T, column: GoldColumn<T>): string {
  const columns: Readonly<Record<string, string>> = goldDefinitions[table];
  const text = columns[column] ?? '';
  return text.charAt(0).toUpperCase().concat(text.slice(1), '.');
}
