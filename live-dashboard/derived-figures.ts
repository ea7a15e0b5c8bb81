/** A figure of the history pages that Gold has no column for: made from its rows over a range of days. */
export interface DerivedFigure {
  readonly name: string;
  readonly text: string;
  /** table and columns that it is made from */
  readonly from: string;
}

/** What they mean; docs/metrics.md lists the same. */
export const derivedFigures = {
  revenue: {
    name: 'revenue, net of refunds',
    text: 'Amount less refunds of the orders created in the range that have a purchase and were never cancelled. One currency at a time.',
    from: 'orders_payments_daily.total_revenue',
  },
  orders: {
    name: 'orders',
    text: 'Orders created in the range, of the chosen currency.',
    from: 'orders_payments_daily.total_orders',
  },
  cancelRate: {
    name: 'cancel rate',
    text: 'Orders that were ever cancelled ÷ orders, by day of creation.',
    from: 'orders_payments_daily.cancelled_orders, total_orders',
  },
  paymentSuccess: {
    name: 'online payment success',
    text: 'Orders paid ÷ orders that tried to pay online, the same orders. A day on which nobody who tried has paid tells no number of tries: it is named and left out.',
    from: 'orders_payments_daily.paid_orders, payment_success_rate',
  },
  conversion: {
    name: 'View → Purchase',
    text: 'Sessions that purchased in time ÷ sessions that entered the funnel, by day of entry. Only days on which nobody can convert any more.',
    from: 'funnel_daily.purchase_sessions, view_sessions',
  },
  sessions: {
    name: 'sessions',
    text: 'Sessions with an event on a day, added over the days: one that passes midnight counts on both.',
    from: 'behavior_daily.sessions',
  },
  pageViews: { name: 'page views', text: 'Page views of the range.', from: 'behavior_daily.page_views' },
  carts: {
    name: 'added to cart',
    text: 'Events that added to a cart, not the quantity.',
    from: 'behavior_daily.add_to_cart',
  },
  purchases: {
    name: 'purchases',
    text: 'Purchases by their own time, unattributed ones too.',
    from: 'behavior_daily.purchases',
  },
  pageVisitors: {
    name: 'visitors a day',
    text: 'Different visitors of a day, as a mean of the days on which the page was seen.',
    from: 'page_performance.unique_visitors',
  },
  pageMean: {
    name: 'time on page, scroll depth, load time',
    text: 'Mean of the days that have one, weighted by their views.',
    from: 'page_performance.avg_time_on_page_seconds, avg_scroll_depth, avg_load_time_ms, views',
  },
  pageBounce: {
    name: 'bounce rate',
    text: 'Mean of the days, weighted by their entries: sessions that saw this page and did nothing else ÷ sessions that entered by it.',
    from: 'page_performance.bounce_rate, entries',
  },
  pageExit: {
    name: 'exit rate',
    text: 'Sessions whose last page it was ÷ its views.',
    from: 'page_performance.exits, views',
  },
  itemRevenue: {
    name: 'item revenue',
    text: 'Line totals of the orders purchased in the range, neither cancelled nor wholly refunded. One currency at a time.',
    from: 'product_daily.revenue',
  },
  units: {
    name: 'items bought',
    text: 'Quantity in the same orders, of the chosen currency.',
    from: 'product_daily.units_sold',
  },
  topFive: {
    name: 'from the top five',
    text: 'Item revenue of the five products with the most ÷ item revenue of all.',
    from: 'product_daily.revenue',
  },
  viewToCart: {
    name: 'View → Cart',
    text: 'Events that added a product to a cart ÷ page views of a product, at most 1.',
    from: 'product_daily.add_to_cart, views',
  },
  cartToPurchase: {
    name: 'Cart → Purchase',
    text: 'Orders with the product, of every currency ÷ events that added it to a cart, at most 1.',
    from: 'product_daily.purchases_count, add_to_cart',
  },
  rating: {
    name: 'rating',
    text: 'Mean of the reviews first created in the range; deleted ones are left out.',
    from: 'product_daily.avg_rating, reviews_count',
  },
  pending: {
    name: 'dead letters pending',
    text: 'Events that failed in the range, are kept with their reason and wait for a decision. They count nowhere else.',
    from: 'ops.dead_letter_events.status',
  },
  eventLag: {
    name: 'median event lag',
    text: 'Half of the events of a day were received later than this after they happened; of the service with the longest.',
    from: 'system_health_daily.event_lag_ms',
  },
  latency: {
    name: 'p95 latency',
    text: '95 of 100 requests of a day were answered within this time; of the service with the longest.',
    from: 'system_health_daily.p95_latency_ms',
  },
  errorRate: {
    name: 'error rate',
    text: 'Requests answered with 500 or above ÷ requests, of all services.',
    from: 'system_health_daily.error_rate, requests',
  },
  lastCycle: {
    name: 'last cycle',
    text: 'How long the newest successful run of Silver and Gold took, and the rows that it wrote.',
    from: 'ops.etl_runs',
  },
} as const satisfies Readonly<Record<string, DerivedFigure>>;

export type DerivedName = keyof typeof derivedFigures;
