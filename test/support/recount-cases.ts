import type { BusinessRow, ItemRow, WebRow, WebTable } from '../../ingest/event.ts';
import { apiRow, businessRow, dbRow, webRow } from './bronze-rows.ts';
import { nextEventId } from './funnel-events.ts';
import { type Bronze, type BusinessEvent, type WebEvent, webEventOf } from './recount-bronze.ts';
import type { PlainRow } from './recount-rows.ts';
import type { TableName } from './recount-tables.ts';
import { type RecountOptions, recountWarehouse } from './warehouse-recount.ts';

/** Small Bronze tables written out by hand; ids rise in the order in which events are written. */

/** ms of '10:00', '10:00:01.5' on 2026-06-15, or of '06-16 10:00'; UTC */
export function at(text: string): number {
  const [time = '', date = '06-15'] = text.split(' ').reverse();
  return Date.parse(`2026-${date}T${time.length === 5 ? `${time}:00` : time}Z`);
}

const tables: Readonly<Record<string, WebTable>> = {
  page_view: 'page_view_events',
  click: 'click_events',
  add_to_cart: 'cart_events',
  begin_checkout: 'checkout_events',
  scroll: 'scroll_events',
  search: 'search_events',
  form_interaction: 'form_events',
};

export function web(
  type: WebRow['canonical_type'],
  time: string,
  session_id: string | null,
  fields: Partial<WebRow> & { readonly table?: WebTable } = {},
): WebEvent {
  const { table = tables[type] ?? 'page_view_events', ...columns } = fields;
  const event_timestamp = at(time);
  return webEventOf(
    table,
    webRow({
      event_id: nextEventId(),
      event_timestamp,
      received_at: event_timestamp,
      session_id,
      canonical_type: type,
      page_path: '/',
      ...columns,
    }),
  );
}

const types: Readonly<Record<string, BusinessRow['canonical_type']>> = {
  'order.created': 'order_created',
  'order.cancelled': 'order_cancelled',
  'order.status_updated': 'order_status',
  'order.ready_for_vendor': 'order_status',
  'order.paid': 'order_paid',
  'payment.completed': 'order_paid',
  'payment.pending': 'payment_pending',
  'payment.not_required': 'payment_not_required',
  'payment.failed': 'payment_failed',
  'payment.refunded': 'refunded',
  'refund.created': 'refunded',
  'review.created': 'review_created',
  'review.updated': 'review_updated',
  'review.deleted': 'review_deleted',
};

/** An event of the shop's services; without an order or review named it is of order o. */
export function shop(event_type: string, time: string, fields: Partial<BusinessRow> = {}): BusinessEvent {
  const event_timestamp = at(time);
  return businessRow({
    event_id: nextEventId(),
    event_timestamp,
    received_at: event_timestamp,
    session_id: null,
    event_type,
    canonical_type: types[event_type] ?? 'other',
    order_id: 'review_id' in fields ? null : 'o',
    ...fields,
  });
}

export const item = (
  { event_id, order_id }: BusinessEvent,
  line_number: number,
  fields: Partial<ItemRow> = {},
): ItemRow => ({
  event_id,
  line_number,
  order_id,
  product_id: 'p',
  quantity: null,
  unit_price: null,
  line_total: null,
  ...fields,
});

export const request = (time: string, response_time_ms: number, status_code = 200) =>
  apiRow({ event_timestamp: at(time), received_at: at(time), response_time_ms, status_code });

export const query = (time: string, lagMs: number) =>
  dbRow({ event_timestamp: at(time), received_at: at(time) + lagMs });

export const purchaseFunnel = {
  name: 'purchase',
  windowSeconds: 3600,
  steps: [
    { label: 'View', type: 'page_view' },
    { label: 'Cart', type: 'add_to_cart' },
    { label: 'Checkout', type: 'begin_checkout' },
    { label: 'Purchase', type: 'purchase' },
  ],
};

/** The rows of one table; of a UTC shop, long after all its windows closed, unless said otherwise. */
export function told(
  table: TableName,
  bronze: Partial<Bronze>,
  options: Partial<RecountOptions> = {},
): readonly PlainRow[] {
  const held = { web: [], business: [], items: [], requests: [], queries: [], letters: [], ...bronze };
  const defaults = { funnels: [purchaseFunnel], asOf: at('12-31 00:00'), timeZone: 'UTC' };
  return recountWarehouse(held, { ...defaults, ...options }).tables[table];
}

/** Some columns of each row. */
export const columns = (rows: readonly PlainRow[], names: string): readonly (readonly unknown[])[] =>
  rows.map((row) => names.split(' ').map((name) => row[name]));
