import { KadaError } from '../ingest/errors.ts';
import type { WebRow, WebTable } from '../ingest/event.ts';
import { type BronzeColumn, commonColumns, webColumns } from './bronze-columns.ts';

/**
 * The columns of bronze.tracked_log, where DuckDB keeps page views, clicks, carts and checkouts. Each column costs
 * a fixed time in every commit, also when all of it is NULL, so columns of one type that no table has at once stand
 * in one: `a_or_b` holds `a` of one table's rows and `b` of another's. The views of 002-bronze.sql give them their
 * own names back by web_table.
 */
export const trackedWebTables = [
  'page_view_events',
  'click_events',
  'cart_events',
  'checkout_events',
] as const satisfies readonly WebTable[];

/** A row that stands in bronze.tracked_log. */
export interface TrackedEvent {
  readonly table: WebTable;
  readonly row: WebRow;
}

/** web_table of each table that stands there; the others have tables of their own. */
export const trackedCode: Readonly<Record<WebTable, number>> = {
  page_view_events: 0,
  click_events: 1,
  cart_events: 2,
  checkout_events: 3,
  scroll_events: -1,
  form_events: -1,
  search_events: -1,
};

/** A column as it is, of tables that all have it. */
const asItIs = (column: BronzeColumn<WebRow>): BronzeColumn<TrackedEvent> => {
  switch (column.type) {
    case 'text':
    case 'id':
    case 'uuid': {
      const { of } = column;
      return { ...column, of: (event) => of(event.row) };
    }
    default: {
      const { of } = column;
      return { ...column, of: (event) => of(event.row) };
    }
  }
};

const texts = (
  name: string,
  length: number,
  of: (event: TrackedEvent) => string | null,
): BronzeColumn<TrackedEvent> => ({ name, type: 'text', length, required: false, of });
const doubles = (name: string, of: (event: TrackedEvent) => number | null): BronzeColumn<TrackedEvent> => ({
  name,
  type: 'double',
  required: false,
  of,
});

/** INTEGER in cart_events: a DOUBLE would take what that column cannot hold. Throws KADA_ROW_INVALID. */
const wholeQuantity = ({ quantity }: WebRow): number | null => {
  if (quantity !== null && (quantity | 0) !== quantity)
    throw new KadaError('KADA_ROW_INVALID', 'quantity: not a whole number within INTEGER');
  return quantity;
};

export const trackedColumns: readonly BronzeColumn<TrackedEvent>[] = [
  ...[...commonColumns<WebRow>(), webColumns.page_url, webColumns.page_path].map(asItIs),
  texts('product_id_or_order_id', 64, ({ table, row }) =>
    table === 'checkout_events' ? row.order_id : row.product_id,
  ),
  texts('referrer_url_or_element_id', 2000, ({ table, row }) =>
    table === 'page_view_events' ? row.referrer_url : row.element_id,
  ),
  texts('utm_source_or_user_agent', 500, ({ table, row }) => {
    if (table === 'page_view_events') return row.utm_source;
    return table === 'click_events' ? row.user_agent : null;
  }),
  texts('utm_medium_or_ip_address', 100, ({ table, row }) => {
    if (table === 'page_view_events') return row.utm_medium;
    return table === 'click_events' ? row.ip_address : null;
  }),
  texts('utm_campaign', 100, ({ table, row }) => (table === 'page_view_events' ? row.utm_campaign : null)),
  doubles('load_time_ms_or_x_or_quantity', ({ table, row }) => {
    if (table === 'page_view_events') return row.load_time_ms;
    if (table === 'click_events') return row.x;
    return table === 'cart_events' ? wholeQuantity(row) : null;
  }),
  doubles('time_on_prev_page_seconds_or_y', ({ table, row }) => {
    if (table === 'page_view_events') return row.time_on_prev_page_seconds;
    return table === 'click_events' ? row.y : null;
  }),
  doubles('viewport_w', ({ table, row }) => (table === 'click_events' ? row.viewport_w : null)),
  doubles('viewport_h', ({ table, row }) => (table === 'click_events' ? row.viewport_h : null)),
  asItIs(webColumns.properties),
];
