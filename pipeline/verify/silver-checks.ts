import { type Check, compare, noOrphan, uniqueKey } from './check.ts';
import { marker } from './web-checks.ts';

const business = (column: string, types: readonly string[]): string =>
  `SELECT DISTINCT e.${column} FROM bronze.business_events AS e
   WHERE e.ingest_seq <= ${marker} AND e.${column} IS NOT NULL
     AND e.canonical_type IN (${types.map((type) => `'${type}'`).join(', ')})`;

const paymentTypes = ['order_paid', 'payment_pending', 'payment_not_required', 'payment_failed', 'refunded'];
const orderTypes = ['order_created', 'order_cancelled', 'order_status', ...paymentTypes];
const reviewTypes = ['review_created', 'review_updated', 'review_deleted'];

const sameKeys = (key: string, table: string, bronze: string): Check =>
  compare({
    name: `${table} has what Bronze names, and nothing else`,
    keys: [key],
    values: [],
    sides: [
      { label: 'bronze', sql: bronze },
      { label: 'silver', sql: `SELECT t.${key} FROM ${table} AS t` },
    ],
  });

/** Silver against Bronze and against itself: nothing missing, nothing twice, nothing that hangs in the air. */
export const silverChecks: readonly Check[] = [
  uniqueKey('silver.sessions', ['session_id']),
  uniqueKey('silver.session_products', ['session_id', 'product_id']),
  uniqueKey('silver.orders', ['order_id']),
  uniqueKey('silver.order_items', ['order_id', 'line_number']),
  uniqueKey('silver.payments', ['order_id']),
  uniqueKey('silver.purchases', ['order_id']),
  uniqueKey('silver.reviews', ['review_id']),
  uniqueKey('ops.funnel_entry_steps', ['funnel_name', 'session_id', 'entered_at', 'step_order']),
  noOrphan('silver.session_products', 'session_id', 'silver.sessions'),
  noOrphan('silver.order_items', 'order_id', 'silver.orders'),
  noOrphan('silver.payments', 'order_id', 'silver.orders'),
  noOrphan('silver.purchases', 'order_id', 'silver.orders'),
  noOrphan('silver.purchases', 'session_id', 'silver.sessions'),
  noOrphan('ops.funnel_entry_steps', 'session_id', 'silver.sessions'),
  sameKeys('order_id', 'silver.orders', business('order_id', orderTypes)),
  sameKeys('order_id', 'silver.payments', business('order_id', paymentTypes)),
  sameKeys(
    'order_id',
    'silver.purchases',
    `${business('order_id', ['order_paid'])} UNION
     SELECT e.order_id FROM bronze.business_events AS e
     WHERE e.ingest_seq <= ${marker} AND e.order_id IS NOT NULL AND e.canonical_type = 'order_created'
       AND e.payment_method = 'COD'`,
  ),
  sameKeys('review_id', 'silver.reviews', business('review_id', reviewTypes)),
  compare({
    name: 'silver.sessions counts what silver.web_events holds of people',
    keys: ['session_id'],
    values: ['events_count', 'page_views', 'clicks', 'add_to_cart', 'begin_checkout'],
    sides: [
      {
        label: 'sessions',
        sql: `SELECT s.session_id, s.events_count, s.page_views, s.clicks, s.add_to_cart, s.begin_checkout
          FROM silver.sessions AS s`,
      },
      {
        label: 'events',
        sql: `SELECT w.session_id, COUNT(*) AS events_count,
            SUM(CASE WHEN w.canonical_type = 'page_view' THEN 1 ELSE 0 END) AS page_views,
            SUM(CASE WHEN w.canonical_type = 'click' THEN 1 ELSE 0 END) AS clicks,
            SUM(CASE WHEN w.canonical_type = 'add_to_cart' THEN 1 ELSE 0 END) AS add_to_cart,
            SUM(CASE WHEN w.canonical_type = 'begin_checkout' THEN 1 ELSE 0 END) AS begin_checkout
          FROM silver.web_events AS w WHERE w.is_bot = 0 GROUP BY w.session_id`,
      },
    ],
  }),
  compare({
    name: 'silver.sessions counts the purchases that silver.purchases credits',
    keys: ['session_id'],
    values: ['purchases'],
    sides: [
      {
        label: 'sessions',
        sql: 'SELECT s.session_id, s.purchases FROM silver.sessions AS s WHERE s.purchases > 0',
      },
      {
        label: 'purchases',
        sql: `SELECT p.session_id, COUNT(*) AS purchases FROM silver.purchases AS p
          WHERE p.session_id IS NOT NULL GROUP BY p.session_id`,
      },
    ],
  }),
  {
    name: 'nothing is refunded beyond its amount',
    sql: `SELECT f.order_id, f.total_amount, f.refunded_amount FROM silver.orders AS f
      WHERE f.refunded_amount < 0 OR f.refunded_amount > COALESCE(f.total_amount, 0)`,
  },
];
