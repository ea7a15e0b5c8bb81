/**
 * The columns of Silver and Gold by warehouse.md, with the kind of each, so that the recount's rows and the
 * rows of a query can be brought to one form and compared.
 */

/**
 * time: ms. date: YYYY-MM-DD. money: text with 2 decimals. seconds: text with 3. rate: text with 6, exact.
 * decimal: text with 6, of means and percentiles, where an engine may round in its last place.
 */
export type ColumnKind = 'text' | 'time' | 'date' | 'count' | 'money' | 'seconds' | 'rate' | 'decimal';

export interface TableShape {
  readonly key: readonly string[];
  readonly columns: Readonly<Record<string, ColumnKind>>;
}

const kind = <K extends ColumnKind>(name: K, columns: string): Record<string, K> =>
  Object.fromEntries(columns.split(' ').map((column) => [column, name]));

const texts = (columns: string) => kind('text', columns);
const counts = (columns: string) => kind('count', columns);
const times = (columns: string) => kind('time', columns);
const dates = (columns: string) => kind('date', columns);
const moneys = (columns: string) => kind('money', columns);
const rates = (columns: string) => kind('rate', columns);
const decimals = (columns: string) => kind('decimal', columns);

export const tableShapes = {
  'silver.web_events': {
    key: ['event_id'],
    columns: {
      ...texts('event_id session_id user_id canonical_type page_path product_id element_id'),
      ...times('event_timestamp'),
      ...dates('event_date'),
      ...counts('is_bot is_seed'),
    },
  },
  'silver.sessions': {
    key: ['session_id'],
    columns: {
      ...texts('session_id user_id entry_page exit_page utm_source utm_medium utm_campaign'),
      ...times('session_start session_end'),
      ...kind('seconds', 'duration_seconds'),
      ...counts('events_count page_views clicks add_to_cart begin_checkout purchases is_bounce is_seed'),
    },
  },
  'silver.session_products': {
    key: ['session_id', 'product_id'],
    columns: {
      ...texts('session_id product_id'),
      ...times('first_seen last_seen'),
      ...counts('views clicks add_to_cart'),
    },
  },
  'silver.orders': {
    key: ['order_id'],
    columns: {
      ...texts('order_id user_id status currency payment_method'),
      ...times('created_at paid_at cancelled_at updated_at'),
      ...moneys('total_amount refunded_amount'),
      ...counts('has_items is_seed'),
    },
  },
  'silver.order_items': {
    key: ['order_id', 'line_number'],
    columns: {
      ...texts('order_id product_id'),
      ...counts('line_number quantity'),
      ...moneys('unit_price line_total'),
    },
  },
  'silver.payments': {
    key: ['order_id'],
    columns: {
      ...texts('order_id user_id status currency provider'),
      ...times('occurred_at'),
      ...moneys('amount'),
      ...counts('attempts'),
    },
  },
  'silver.purchases': {
    key: ['order_id'],
    columns: {
      ...texts('order_id user_id currency session_id credit_rule'),
      ...times('event_timestamp'),
      ...dates('event_date'),
      ...moneys('total_amount'),
      ...counts('is_seed'),
    },
  },
  'silver.reviews': {
    key: ['review_id'],
    columns: {
      ...texts('review_id product_id user_id'),
      ...counts('rating is_deleted is_restored'),
      ...times('created_at updated_at'),
    },
  },
  'gold.behavior_daily': {
    key: ['metric_date'],
    columns: {
      ...dates('metric_date'),
      ...counts('sessions unique_users page_views clicks add_to_cart begin_checkout purchases bot_events'),
    },
  },
  'gold.funnel_daily': {
    key: ['metric_date'],
    columns: {
      ...dates('metric_date'),
      ...counts('view_sessions cart_sessions checkout_sessions purchase_sessions'),
      ...rates('view_to_cart_rate cart_to_checkout_rate checkout_to_purchase_rate view_to_purchase_rate'),
      ...counts('unattributed_purchases is_complete'),
    },
  },
  'gold.conversion_funnel': {
    key: ['funnel_date', 'funnel_name', 'step_order'],
    columns: {
      ...dates('funnel_date'),
      ...texts('funnel_name funnel_step'),
      ...counts('step_order sessions still_in_time dropped'),
      ...rates('drop_off_rate'),
      ...decimals('median_seconds p90_seconds'),
    },
  },
  'gold.product_daily': {
    key: ['metric_date', 'product_id', 'currency'],
    columns: {
      ...dates('metric_date'),
      ...texts('product_id currency'),
      ...counts('views clicks add_to_cart purchases_count units_sold reviews_count'),
      ...moneys('revenue'),
      ...decimals('avg_rating'),
      ...rates('view_to_cart_rate cart_to_purchase_rate'),
    },
  },
  'gold.page_performance': {
    key: ['metric_date', 'page_path'],
    columns: {
      ...dates('metric_date'),
      ...texts('page_path'),
      ...counts('views unique_visitors entries exits'),
      ...rates('bounce_rate exit_rate'),
      ...decimals('avg_time_on_page_seconds avg_scroll_depth avg_load_time_ms'),
    },
  },
  'gold.orders_payments_daily': {
    key: ['metric_date', 'currency'],
    columns: {
      ...dates('metric_date'),
      ...texts('currency'),
      ...counts('total_orders paid_orders cod_orders cancelled_orders orders_without_items refunds_count'),
      ...rates('payment_success_rate'),
      ...moneys('total_revenue refunded_amount'),
    },
  },
  'gold.reviews_quality': {
    key: ['metric_date', 'product_id'],
    columns: {
      ...dates('metric_date'),
      ...texts('product_id'),
      ...counts('total_reviews five_star_reviews'),
      ...decimals('avg_rating'),
    },
  },
  'gold.system_health_daily': {
    key: ['metric_date', 'service'],
    columns: {
      ...dates('metric_date'),
      ...texts('service'),
      ...counts('requests dlq_count'),
      ...rates('error_rate'),
      ...decimals('p50_latency_ms p95_latency_ms event_lag_ms'),
    },
  },
} as const satisfies Record<string, TableShape>;

export type TableName = keyof typeof tableShapes;
export const tableNames = Object.keys(tableShapes) as TableName[];
export const shapeOf = (table: TableName): TableShape => tableShapes[table];
