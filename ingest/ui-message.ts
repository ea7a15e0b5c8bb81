import { KadaError } from './errors.ts';
import type { AnalyticsEvent, WebRow, WebTable } from './event.ts';
import { tableOf, type WebType } from './event-types.ts';
import { isObject, shapeOf } from './shape.ts';
import { isoOf } from './time.ts';

/** What /track publishes of an event (events.md 2), with the app_id `kada-tracking`. */
export interface UiMessage {
  readonly routingKey: string;
  readonly body: Buffer;
  /** the event's id */
  readonly messageId: string;
  /** the correlation id, else the session's id */
  readonly correlationId: string | undefined;
  /** ms; the event's time */
  readonly timestamp: number;
}

type Fields = Record<string, unknown>;

const typeOf = Object.fromEntries(Object.entries(tableOf).map(([type, table]) => [table, type])) as Record<
  WebTable,
  WebType
>;

/** Columns of each type that are fields of its message; all are written, NULLs too: what is there is final. */
const columns: Readonly<Record<WebType, readonly (keyof WebRow)[]>> = {
  page_view: [
    'product_id',
    'referrer_url',
    'utm_source',
    'utm_medium',
    'utm_campaign',
    'time_on_prev_page_seconds',
    'load_time_ms',
  ],
  click: ['product_id', 'element_id', 'x', 'y', 'viewport_w', 'viewport_h'],
  add_to_cart: ['product_id', 'quantity', 'element_id'],
  begin_checkout: ['order_id', 'element_id'],
  scroll: ['scroll_depth_pct'],
  form_interaction: ['form_id', 'field_id', 'action', 'error_message', 'time_spent_ms'],
  search: ['query', 'results_count', 'filters'],
};

const textAt = (object: Fields, key: string): string | null => {
  const value = object[key];
  return typeof value === 'string' ? value : null;
};

const metaOf = (row: WebRow): Fields => {
  const meta: unknown = JSON.parse(row.meta);
  return isObject(meta) ? meta : {};
};

const entityOf = (type: WebType, row: WebRow, meta: Fields): string | null => {
  const given = textAt(meta, 'entity_id');
  if (given !== null) return given;
  if (type === 'add_to_cart') return row.product_id;
  return type === 'begin_checkout' ? row.order_id : null;
};

const bodyOf = (type: WebType, row: WebRow, properties: unknown): Fields => {
  const meta = metaOf(row);
  const fields: Fields = {};
  const given: Fields = { session_id: row.session_id, page_url: row.page_url };
  if (row.user_id !== null) given.user_id = row.user_id;
  for (const column of columns[type]) {
    fields[column] = row[column];
    if (row[column] !== null) given[column] = row[column];
  }
  return {
    event_id: row.event_id,
    event_timestamp: isoOf(row.event_timestamp),
    client_timestamp: row.client_timestamp === null ? null : isoOf(row.client_timestamp),
    received_at: isoOf(row.received_at),
    correlation_id: textAt(meta, 'correlation_id'),
    service: 'web',
    event_type: type,
    user_id: row.user_id,
    entity_id: entityOf(type, row, meta),
    session_id: row.session_id,
    page_url: row.page_url,
    ...fields,
    properties,
    payload: given,
    meta: {
      user_agent: meta.user_agent,
      ip_address: meta.ip_address,
      is_bot: row.is_bot === 1,
      sent_at: meta.sent_at,
      marks: meta.marks,
    },
  };
};

/**
 * The flat message of a /track event: normalised again as an AMQP message it gives the same fingerprint, the same
 * content hash and the same Bronze row, save payload and meta.
 * @throws KadaError for an event that is no web event: /track makes none
 */
export const uiMessageOf = (event: AnalyticsEvent): UiMessage => {
  if (
    event.table === 'business_events' ||
    event.table === 'api_request_logs' ||
    event.table === 'db_query_perf'
  ) {
    throw new KadaError('KADA_NO_UI_EVENT', `only web events are published, not one of ${event.table}`);
  }
  const { row } = event;
  const type = typeOf[event.table];
  const { properties: text } = row;
  const withObject = bodyOf(type, row, text === null ? {} : JSON.parse(text));
  // a body within the bounds may be beyond them with its envelope: then the properties travel as text
  const shape = text === null ? 'plain' : shapeOf(withObject);
  const body =
    shape === 'plain' || shape === 'holds_address' ? withObject : { ...withObject, properties: text };
  return {
    routingKey: `ui.${type}`,
    body: Buffer.from(JSON.stringify(body)),
    messageId: row.event_id,
    correlationId: textAt(metaOf(row), 'correlation_id') ?? row.session_id ?? undefined,
    timestamp: row.event_timestamp,
  };
};
