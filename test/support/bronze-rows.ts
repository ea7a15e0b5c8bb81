import { createHash, randomUUID } from 'node:crypto';
import type {
  AnalyticsEvent,
  ApiRequestRow,
  BusinessRow,
  CommonRow,
  DbQueryRow,
  DeadLetter,
  ItemRow,
  WebRow,
  WebTable,
} from '../../ingest/event.ts';
import type { Batch, SequencedEvent } from '../../sinks/warehouse.ts';

/** Bronze rows for tests that stand below ingestion: every column can be set, nothing is normalised. */

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export const at = Date.UTC(2026, 2, 14, 9, 26, 53, 589);

const common = (): CommonRow => ({
  event_id: randomUUID(),
  event_timestamp: at,
  client_timestamp: null,
  received_at: at + 5,
  session_id: 'session-1',
  user_id: null,
  source: 'tracking',
  canonical_type: 'page_view',
  is_bot: 0,
  is_seed: 0,
  payload: '{}',
  meta: '{}',
});

export const webRow = (given: Partial<WebRow> = {}): WebRow => ({
  ...common(),
  page_url: 'http://localhost:3000/products/1',
  page_path: '/products/1',
  product_id: null,
  properties: null,
  referrer_url: null,
  utm_source: null,
  utm_medium: null,
  utm_campaign: null,
  time_on_prev_page_seconds: null,
  load_time_ms: null,
  element_id: null,
  x: null,
  y: null,
  viewport_w: null,
  viewport_h: null,
  user_agent: null,
  ip_address: null,
  quantity: null,
  order_id: null,
  scroll_depth_pct: null,
  form_id: null,
  field_id: null,
  action: null,
  error_message: null,
  time_spent_ms: null,
  query: null,
  results_count: null,
  filters: null,
  ...given,
});

export const businessRow = (given: Partial<BusinessRow> = {}): BusinessRow => ({
  ...common(),
  source: 'rabbitmq',
  canonical_type: 'order_created',
  service: 'order-service',
  event_type: 'order.created',
  entity_id: null,
  correlation_id: null,
  order_id: null,
  product_id: null,
  review_id: null,
  amount: null,
  currency: null,
  payment_method: null,
  status: null,
  rating: null,
  provider: null,
  ...given,
});

export const apiRow = (given: Partial<ApiRequestRow> = {}): ApiRequestRow => ({
  ...common(),
  source: 'collector',
  canonical_type: 'other',
  service: 'gateway',
  endpoint: '/api',
  method: 'GET',
  status_code: 200,
  response_time_ms: 12,
  correlation_id: null,
  request_size_bytes: null,
  response_size_bytes: null,
  ip_address: null,
  user_agent: null,
  ...given,
});

export const dbRow = (given: Partial<DbQueryRow> = {}): DbQueryRow => ({
  ...common(),
  source: 'collector',
  canonical_type: 'other',
  service: 'order-service',
  database_name: null,
  query_type: null,
  table_name: null,
  execution_time_ms: 3,
  rows_affected: null,
  query_hash: null,
  ...given,
});

const identity = (row: CommonRow, scope: 'ui' | 'domain') => ({
  fingerprint: sha256(`${scope}|${row.event_id}`),
  contentHash: sha256(JSON.stringify(row)),
  scope,
  alwaysNew: false,
});

export const webEvent = (row: WebRow = webRow(), table: WebTable = 'page_view_events'): AnalyticsEvent => ({
  table,
  row,
  ...identity(row, 'ui'),
});
export const businessEvent = (
  row: BusinessRow = businessRow(),
  items: readonly ItemRow[] = [],
): AnalyticsEvent => ({ table: 'business_events', row, items, ...identity(row, 'domain') });
export const apiEvent = (row: ApiRequestRow = apiRow()): AnalyticsEvent => ({
  table: 'api_request_logs',
  row,
  ...identity(row, 'domain'),
});
export const dbEvent = (row: DbQueryRow = dbRow()): AnalyticsEvent => ({
  table: 'db_query_perf',
  row,
  ...identity(row, 'domain'),
});

export const deadLetter = (given: Partial<DeadLetter> = {}): DeadLetter => {
  const payload = given.payload ?? `{"broken": "${randomUUID()}"`;
  return {
    id: randomUUID(),
    source: 'tracking',
    stage: 'decode',
    reason: 'invalid_json',
    detail: '{}',
    context: '{}',
    payload,
    receivedAt: at,
    fingerprint: sha256(`dead|tracking|invalid_json|${sha256(payload)}`),
    issues: [],
    eventId: undefined,
    concerns: undefined,
    ...given,
  };
};

/** Numbers events from `firstSeq` on. */
export const batchOf = (
  events: readonly AnalyticsEvent[],
  firstSeq = 1,
  rest: Partial<Omit<Batch, 'events'>> = {},
): Batch => ({
  id: randomUUID(),
  events: events.map((event, index): SequencedEvent => ({ event, ingestSeq: firstSeq + index })),
  deadLetters: [],
  seenAgain: [],
  at,
  ...rest,
});
