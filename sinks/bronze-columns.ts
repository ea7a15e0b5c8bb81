import type {
  ApiRequestRow,
  BronzeTable,
  BusinessRow,
  CommonRow,
  DbQueryRow,
  ItemRow,
  WebRow,
} from '../ingest/event.ts';

/**
 * The columns of every Bronze table, once: what appends write, reads return and migrations declare. Names are
 * warehouse.md's and the row types' alike; `of` is written out for each column so that the hot path reads a
 * property by its name and not by a variable.
 */

/** How a number is held: `cents` is decimal(12,2), counted in hundredths; `timestamp` is ms since 1970. */
export type NumberType = 'timestamp' | 'cents' | 'double' | 'integer' | 'smallint' | 'bigint';

export type BronzeColumn<Row> =
  | {
      readonly name: string;
      readonly type: 'text' | 'id';
      /** characters; undefined: no limit (payload and its like) */
      readonly length: number | undefined;
      readonly required: boolean;
      readonly of: (row: Row) => string | null;
    }
  | {
      readonly name: string;
      readonly type: 'uuid';
      readonly required: boolean;
      readonly of: (row: Row) => string | null;
    }
  | {
      readonly name: string;
      readonly type: NumberType;
      readonly required: boolean;
      readonly of: (row: Row) => number | null;
    };

type Name<Row> = keyof Row & string;
type Texts<Row> = (row: Row) => string | null;
type Numbers<Row> = (row: Row) => number | null;

const text = <Row>(name: Name<Row>, length: number | undefined, of: Texts<Row>): BronzeColumn<Row> => ({
  name,
  type: 'text',
  length,
  required: false,
  of,
});
/** Compared and joined by its bytes (BIN2 on SQL Server). */
const id = <Row>(name: Name<Row>, length: number, of: Texts<Row>): BronzeColumn<Row> => ({
  name,
  type: 'id',
  length,
  required: false,
  of,
});
const uuid = <Row>(name: Name<Row>, of: Texts<Row>): BronzeColumn<Row> => ({
  name,
  type: 'uuid',
  required: false,
  of,
});
const number = <Row>(name: Name<Row>, type: NumberType, of: Numbers<Row>): BronzeColumn<Row> => ({
  name,
  type,
  required: false,
  of,
});
const required = <Row>(column: BronzeColumn<Row>): BronzeColumn<Row> => ({ ...column, required: true });

export const commonColumns = <Row extends CommonRow>(): readonly BronzeColumn<Row>[] => [
  required(uuid<Row>('event_id', (row) => row.event_id)),
  required(number<Row>('event_timestamp', 'timestamp', (row) => row.event_timestamp)),
  number<Row>('client_timestamp', 'timestamp', (row) => row.client_timestamp),
  required(number<Row>('received_at', 'timestamp', (row) => row.received_at)),
  id<Row>('session_id', 64, (row) => row.session_id),
  id<Row>('user_id', 64, (row) => row.user_id),
  required(text<Row>('source', 50, (row) => row.source)),
  required(text<Row>('canonical_type', 50, (row) => row.canonical_type)),
  required(number<Row>('is_bot', 'smallint', (row) => row.is_bot)),
  required(number<Row>('is_seed', 'smallint', (row) => row.is_seed)),
  required(text<Row>('payload', undefined, (row) => row.payload)),
  required(text<Row>('meta', undefined, (row) => row.meta)),
];

/** The web tables' own columns, each once. */
export const webColumns = {
  page_url: text<WebRow>('page_url', 2000, (row) => row.page_url),
  page_path: id<WebRow>('page_path', 400, (row) => row.page_path),
  product_id: id<WebRow>('product_id', 64, (row) => row.product_id),
  properties: text<WebRow>('properties', undefined, (row) => row.properties),
  referrer_url: text<WebRow>('referrer_url', 2000, (row) => row.referrer_url),
  utm_source: text<WebRow>('utm_source', 100, (row) => row.utm_source),
  utm_medium: text<WebRow>('utm_medium', 100, (row) => row.utm_medium),
  utm_campaign: text<WebRow>('utm_campaign', 100, (row) => row.utm_campaign),
  time_on_prev_page_seconds: number<WebRow>(
    'time_on_prev_page_seconds',
    'double',
    (row) => row.time_on_prev_page_seconds,
  ),
  load_time_ms: number<WebRow>('load_time_ms', 'double', (row) => row.load_time_ms),
  element_id: text<WebRow>('element_id', 255, (row) => row.element_id),
  x: number<WebRow>('x', 'double', (row) => row.x),
  y: number<WebRow>('y', 'double', (row) => row.y),
  viewport_w: number<WebRow>('viewport_w', 'double', (row) => row.viewport_w),
  viewport_h: number<WebRow>('viewport_h', 'double', (row) => row.viewport_h),
  user_agent: text<WebRow>('user_agent', 500, (row) => row.user_agent),
  ip_address: text<WebRow>('ip_address', 64, (row) => row.ip_address),
  quantity: number<WebRow>('quantity', 'integer', (row) => row.quantity),
  order_id: id<WebRow>('order_id', 64, (row) => row.order_id),
  scroll_depth_pct: number<WebRow>('scroll_depth_pct', 'double', (row) => row.scroll_depth_pct),
  form_id: text<WebRow>('form_id', 255, (row) => row.form_id),
  field_id: text<WebRow>('field_id', 255, (row) => row.field_id),
  action: text<WebRow>('action', 64, (row) => row.action),
  error_message: text<WebRow>('error_message', 500, (row) => row.error_message),
  time_spent_ms: number<WebRow>('time_spent_ms', 'double', (row) => row.time_spent_ms),
  query: text<WebRow>('query', 500, (row) => row.query),
  results_count: number<WebRow>('results_count', 'bigint', (row) => row.results_count),
  filters: text<WebRow>('filters', undefined, (row) => row.filters),
} as const;

const webTable = (...names: readonly (keyof typeof webColumns)[]): readonly BronzeColumn<WebRow>[] => [
  ...commonColumns<WebRow>(),
  webColumns.page_url,
  webColumns.page_path,
  ...names.map((name) => webColumns[name]),
  webColumns.properties,
];

/** Every Bronze table with its columns in the table's order, less `ingest_seq`, which the commit gives. */
export const bronzeColumns = {
  page_view_events: webTable(
    'product_id',
    'referrer_url',
    'utm_source',
    'utm_medium',
    'utm_campaign',
    'time_on_prev_page_seconds',
    'load_time_ms',
  ),
  click_events: webTable(
    'product_id',
    'element_id',
    'x',
    'y',
    'viewport_w',
    'viewport_h',
    'user_agent',
    'ip_address',
  ),
  cart_events: webTable('product_id', 'quantity', 'element_id'),
  checkout_events: webTable('order_id', 'element_id'),
  scroll_events: webTable('scroll_depth_pct'),
  form_events: webTable('form_id', 'field_id', 'action', 'error_message', 'time_spent_ms'),
  search_events: webTable('query', 'results_count', 'filters'),
  business_events: [
    ...commonColumns<BusinessRow>(),
    required(text<BusinessRow>('service', 64, (row) => row.service)),
    required(text<BusinessRow>('event_type', 128, (row) => row.event_type)),
    id<BusinessRow>('entity_id', 64, (row) => row.entity_id),
    id<BusinessRow>('correlation_id', 64, (row) => row.correlation_id),
    id<BusinessRow>('order_id', 64, (row) => row.order_id),
    id<BusinessRow>('product_id', 64, (row) => row.product_id),
    id<BusinessRow>('review_id', 64, (row) => row.review_id),
    number<BusinessRow>('amount', 'cents', (row) => row.amount),
    text<BusinessRow>('currency', 10, (row) => row.currency),
    text<BusinessRow>('payment_method', 32, (row) => row.payment_method),
    text<BusinessRow>('status', 32, (row) => row.status),
    number<BusinessRow>('rating', 'smallint', (row) => row.rating),
    text<BusinessRow>('provider', 50, (row) => row.provider),
  ],
  api_request_logs: [
    ...commonColumns<ApiRequestRow>(),
    required(text<ApiRequestRow>('service', 64, (row) => row.service)),
    required(text<ApiRequestRow>('endpoint', 500, (row) => row.endpoint)),
    required(text<ApiRequestRow>('method', 16, (row) => row.method)),
    required(number<ApiRequestRow>('status_code', 'integer', (row) => row.status_code)),
    required(number<ApiRequestRow>('response_time_ms', 'double', (row) => row.response_time_ms)),
    id<ApiRequestRow>('correlation_id', 64, (row) => row.correlation_id),
    number<ApiRequestRow>('request_size_bytes', 'bigint', (row) => row.request_size_bytes),
    number<ApiRequestRow>('response_size_bytes', 'bigint', (row) => row.response_size_bytes),
    text<ApiRequestRow>('ip_address', 64, (row) => row.ip_address),
    text<ApiRequestRow>('user_agent', 500, (row) => row.user_agent),
  ],
  db_query_perf: [
    ...commonColumns<DbQueryRow>(),
    required(text<DbQueryRow>('service', 64, (row) => row.service)),
    text<DbQueryRow>('database_name', 128, (row) => row.database_name),
    text<DbQueryRow>('query_type', 64, (row) => row.query_type),
    text<DbQueryRow>('table_name', 128, (row) => row.table_name),
    required(number<DbQueryRow>('execution_time_ms', 'double', (row) => row.execution_time_ms)),
    number<DbQueryRow>('rows_affected', 'bigint', (row) => row.rows_affected),
    text<DbQueryRow>('query_hash', 64, (row) => row.query_hash),
  ],
} as const satisfies Record<BronzeTable, unknown>;

/** bronze.business_event_items: one row per item of an event that carries items. */
export const itemColumns: readonly BronzeColumn<ItemRow>[] = [
  required(uuid<ItemRow>('event_id', (row) => row.event_id)),
  required(number<ItemRow>('line_number', 'integer', (row) => row.line_number)),
  id<ItemRow>('order_id', 64, (row) => row.order_id),
  id<ItemRow>('product_id', 64, (row) => row.product_id),
  number<ItemRow>('quantity', 'integer', (row) => row.quantity),
  number<ItemRow>('unit_price', 'cents', (row) => row.unit_price),
  number<ItemRow>('line_total', 'cents', (row) => row.line_total),
];
