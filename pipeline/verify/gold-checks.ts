import { type Check, compare, uniqueKey } from './check.ts';
import { marker } from './web-checks.ts';

const rateColumns = {
  'gold.funnel_daily': [
    'view_to_cart_rate',
    'cart_to_checkout_rate',
    'checkout_to_purchase_rate',
    'view_to_purchase_rate',
  ],
  'gold.conversion_funnel': ['drop_off_rate'],
  'gold.product_daily': ['view_to_cart_rate', 'cart_to_purchase_rate'],
  'gold.page_performance': ['bounce_rate', 'exit_rate'],
  'gold.orders_payments_daily': ['payment_success_rate'],
  'gold.system_health_daily': ['error_rate'],
} as const;

const rates: Check = {
  name: 'every rate is between 0 and 1',
  sql: Object.entries(rateColumns)
    .flatMap(([table, columns]) =>
      columns.map((column) => {
        const date = table === 'gold.conversion_funnel' ? 'funnel_date' : 'metric_date';
        return `SELECT '${table}.${column}' AS rate, t.${date} AS of_date, t.${column} AS is_now
          FROM ${table} AS t WHERE t.${column} < 0 OR t.${column} > 1`;
      }),
    )
    .join(' UNION ALL '),
};

const keys: readonly Check[] = [
  uniqueKey('gold.behavior_daily', ['metric_date']),
  uniqueKey('gold.funnel_daily', ['metric_date']),
  uniqueKey('gold.conversion_funnel', ['funnel_date', 'funnel_name', 'step_order']),
  uniqueKey('gold.product_daily', ['metric_date', 'product_id', 'currency']),
  uniqueKey('gold.page_performance', ['metric_date', 'page_path']),
  uniqueKey('gold.orders_payments_daily', ['metric_date', 'currency']),
  uniqueKey('gold.reviews_quality', ['metric_date', 'product_id']),
  uniqueKey('gold.system_health_daily', ['metric_date', 'service']),
];

const funnelStates: Check = {
  name: 'of each step: converted, still in time and dropped are those of the step before',
  sql: `SELECT c.funnel_date, c.funnel_name, c.funnel_step, b.sessions AS before_it, c.sessions, c.still_in_time, c.dropped
    FROM gold.conversion_funnel AS c
    LEFT JOIN gold.conversion_funnel AS b
      ON b.funnel_date = c.funnel_date AND b.funnel_name = c.funnel_name AND b.step_order = c.step_order - 1
    WHERE c.step_order > 1
      AND (b.sessions IS NULL OR b.sessions <> c.sessions + c.still_in_time + c.dropped)`,
};

/** Gold by itself. */
export const goldChecks: readonly Check[] = [...keys, rates, funnelStates];

/**
 * Gold against Silver, when both are of one cycle.
 * @param showSeeds as Gold was made
 */
export function goldAgainstSilver(showSeeds: boolean): readonly Check[] {
  const counts = (alias: string): string => (showSeeds ? '1 = 1' : `${alias}.is_seed = 0`);
  const gold = (sql: string) => ({ label: 'gold', sql });
  const silver = (sql: string) => ({ label: 'silver', sql });

  return [
    compare({
      name: 'gold.behavior_daily counts what Silver holds',
      keys: ['metric_date'],
      values: [
        'sessions',
        'unique_users',
        'page_views',
        'clicks',
        'add_to_cart',
        'begin_checkout',
        'purchases',
        'bot_events',
      ],
      sides: [
        gold(
          `SELECT g.metric_date, g.sessions, g.unique_users, g.page_views, g.clicks, g.add_to_cart, g.begin_checkout,
            g.purchases, g.bot_events FROM gold.behavior_daily AS g`,
        ),
        silver(`SELECT n.metric_date,
            COUNT(DISTINCT n.session_id) AS sessions, COUNT(DISTINCT n.user_id) AS unique_users,
            SUM(CASE WHEN n.kind = 'page_view' THEN 1 ELSE 0 END) AS page_views,
            SUM(CASE WHEN n.kind = 'click' THEN 1 ELSE 0 END) AS clicks,
            SUM(CASE WHEN n.kind = 'add_to_cart' THEN 1 ELSE 0 END) AS add_to_cart,
            SUM(CASE WHEN n.kind = 'begin_checkout' THEN 1 ELSE 0 END) AS begin_checkout,
            SUM(CASE WHEN n.kind = 'purchase' THEN 1 ELSE 0 END) AS purchases,
            SUM(CASE WHEN n.kind = 'bot' THEN 1 ELSE 0 END) AS bot_events
          FROM (
            SELECT w.event_date AS metric_date,
              CASE WHEN w.is_bot = 1 THEN 'bot' ELSE w.canonical_type END AS kind,
              CASE WHEN w.is_bot = 0 THEN w.session_id END AS session_id,
              CASE WHEN w.is_bot = 0 THEN w.user_id END AS user_id
            FROM silver.web_events AS w WHERE ${counts('w')}
            UNION ALL
            SELECT p.event_date, 'purchase', CAST(NULL AS VARCHAR(128)), CAST(NULL AS VARCHAR(64))
            FROM silver.purchases AS p WHERE ${counts('p')}
          ) AS n GROUP BY n.metric_date`),
      ],
    }),
    compare({
      name: 'gold.conversion_funnel counts the entries that reached each step',
      keys: ['funnel_date', 'funnel_name', 'step_order'],
      values: ['sessions'],
      sides: [
        gold(
          `SELECT g.funnel_date, g.funnel_name, g.step_order, g.sessions FROM gold.conversion_funnel AS g
           WHERE g.sessions > 0`,
        ),
        silver(
          `SELECT e.entry_date AS funnel_date, e.funnel_name, e.step_order, COUNT(*) AS sessions
           FROM ops.funnel_entry_steps AS e GROUP BY e.entry_date, e.funnel_name, e.step_order`,
        ),
      ],
    }),
    compare({
      name: 'gold.funnel_daily and gold.conversion_funnel tell one purchase funnel',
      keys: ['metric_date'],
      values: ['view_sessions', 'cart_sessions', 'checkout_sessions', 'purchase_sessions'],
      sides: [
        {
          label: 'daily',
          sql: `SELECT g.metric_date, g.view_sessions, g.cart_sessions, g.checkout_sessions, g.purchase_sessions
            FROM gold.funnel_daily AS g
            WHERE g.view_sessions + g.cart_sessions + g.checkout_sessions + g.purchase_sessions > 0`,
        },
        {
          label: 'funnel',
          sql: `SELECT n.metric_date, n.view_sessions, n.cart_sessions, n.checkout_sessions, n.purchase_sessions
            FROM (
              SELECT g.funnel_date AS metric_date,
                SUM(CASE WHEN d.canonical_type = 'page_view' THEN g.sessions ELSE 0 END) AS view_sessions,
                SUM(CASE WHEN d.canonical_type = 'add_to_cart' THEN g.sessions ELSE 0 END) AS cart_sessions,
                SUM(CASE WHEN d.canonical_type = 'begin_checkout' THEN g.sessions ELSE 0 END) AS checkout_sessions,
                SUM(CASE WHEN d.canonical_type = 'purchase' THEN g.sessions ELSE 0 END) AS purchase_sessions
              FROM gold.conversion_funnel AS g
              INNER JOIN ops.funnel_definitions AS d
                ON d.funnel_name = g.funnel_name AND d.step_order = g.step_order
              WHERE g.funnel_name = 'purchase' GROUP BY g.funnel_date
            ) AS n
            WHERE n.view_sessions + n.cart_sessions + n.checkout_sessions + n.purchase_sessions > 0`,
        },
      ],
    }),
    compare({
      name: 'gold.funnel_daily counts the purchases that no session is credited with',
      keys: ['metric_date'],
      values: ['unattributed_purchases'],
      sides: [
        gold(
          `SELECT g.metric_date, g.unattributed_purchases FROM gold.funnel_daily AS g
           WHERE g.unattributed_purchases > 0`,
        ),
        silver(
          `SELECT p.event_date AS metric_date, COUNT(*) AS unattributed_purchases FROM silver.purchases AS p
           WHERE p.session_id IS NULL AND ${counts('p')} GROUP BY p.event_date`,
        ),
      ],
    }),
    compare({
      name: 'gold.product_daily counts the views, clicks and carts of silver.web_events',
      keys: ['metric_date', 'product_id'],
      values: ['views', 'clicks', 'add_to_cart'],
      sides: [
        gold(
          `SELECT g.metric_date, g.product_id, SUM(g.views) AS views, SUM(g.clicks) AS clicks,
             SUM(g.add_to_cart) AS add_to_cart
           FROM gold.product_daily AS g WHERE g.views + g.clicks + g.add_to_cart > 0
           GROUP BY g.metric_date, g.product_id`,
        ),
        silver(
          `SELECT w.event_date AS metric_date, w.product_id,
             SUM(CASE WHEN w.canonical_type = 'page_view' THEN 1 ELSE 0 END) AS views,
             SUM(CASE WHEN w.canonical_type = 'click' THEN 1 ELSE 0 END) AS clicks,
             SUM(CASE WHEN w.canonical_type = 'add_to_cart' THEN 1 ELSE 0 END) AS add_to_cart
           FROM silver.web_events AS w
           WHERE w.is_bot = 0 AND w.product_id IS NOT NULL AND ${counts('w')}
             AND w.canonical_type IN ('page_view', 'click', 'add_to_cart')
           GROUP BY w.event_date, w.product_id`,
        ),
      ],
    }),
    compare({
      name: 'gold.page_performance counts the page views of silver.web_events',
      keys: ['metric_date', 'page_path'],
      values: ['views'],
      sides: [
        gold('SELECT g.metric_date, g.page_path, g.views FROM gold.page_performance AS g'),
        silver(
          `SELECT w.event_date AS metric_date, w.page_path, COUNT(*) AS views FROM silver.web_events AS w
           WHERE w.is_bot = 0 AND w.canonical_type = 'page_view' AND w.page_path IS NOT NULL AND ${counts('w')}
           GROUP BY w.event_date, w.page_path`,
        ),
      ],
    }),
    compare({
      name: 'gold.orders_payments_daily counts the orders and the money of Silver',
      keys: ['metric_date', 'currency'],
      values: ['total_orders', 'paid_orders', 'cancelled_orders', 'refunded_amount', 'total_revenue'],
      sides: [
        gold(
          `SELECT g.metric_date, g.currency, g.total_orders, g.paid_orders, g.cancelled_orders, g.refunded_amount,
             g.total_revenue FROM gold.orders_payments_daily AS g`,
        ),
        silver(
          `SELECT f.created_date AS metric_date, f.currency, COUNT(*) AS total_orders, COUNT(f.paid_at) AS paid_orders,
             COUNT(f.cancelled_at) AS cancelled_orders,
             SUM(CAST(f.refunded_amount AS DECIMAL(18, 2))) AS refunded_amount,
             COALESCE(
               SUM(
                 CASE WHEN p.order_id IS NOT NULL AND f.cancelled_at IS NULL
                   THEN CAST(f.total_amount - f.refunded_amount AS DECIMAL(18, 2)) END
               ), 0
             ) AS total_revenue
           FROM ops.order_facts AS f
           LEFT JOIN silver.purchases AS p ON p.order_id = f.order_id
           WHERE ${counts('f')} GROUP BY f.created_date, f.currency`,
        ),
      ],
    }),
    compare({
      name: 'gold.reviews_quality counts the reviews that stand',
      keys: ['metric_date', 'product_id'],
      values: ['total_reviews'],
      sides: [
        gold('SELECT g.metric_date, g.product_id, g.total_reviews FROM gold.reviews_quality AS g'),
        silver(
          `SELECT r.created_date AS metric_date, r.product_id, COUNT(*) AS total_reviews FROM ops.review_facts AS r
           WHERE r.is_deleted = 0 AND r.product_id IS NOT NULL AND r.created_date IS NOT NULL AND ${counts('r')}
           GROUP BY r.created_date, r.product_id`,
        ),
      ],
    }),
    compare({
      name: 'gold.system_health_daily counts the requests that Bronze logged',
      keys: ['metric_date', 'service'],
      values: ['requests'],
      sides: [
        gold(
          'SELECT g.metric_date, g.service, g.requests FROM gold.system_health_daily AS g WHERE g.requests > 0',
        ),
        {
          label: 'bronze',
          sql: `SELECT n.metric_date, n.service, COUNT(*) AS requests
            FROM (
              SELECT CAST(ops.add_seconds(l.event_timestamp, o.offset_seconds) AS DATE) AS metric_date, l.service
              FROM bronze.api_request_logs AS l
              INNER JOIN ops.report_offsets AS o
                ON l.event_timestamp >= o.from_utc AND l.event_timestamp < o.to_utc
              WHERE l.is_seed = 0 AND l.ingest_seq <= ${marker}
            ) AS n GROUP BY n.metric_date, n.service`,
        },
      ],
    }),
  ];
}
