import type {
  AnalyticsEvent,
  ApiRequestRow,
  BusinessRow,
  CommonRow,
  DbQueryRow,
  ItemRow,
  WebRow,
  WebTable,
} from '../../ingest/event.ts';

/** What the recount reads: the columns of the Bronze tables that the rules speak of. */

type Common =
  | 'event_id'
  | 'event_timestamp'
  | 'received_at'
  | 'session_id'
  | 'user_id'
  | 'canonical_type'
  | 'is_bot'
  | 'is_seed';

export type WebEvent = Pick<
  WebRow,
  | Common
  | 'page_path'
  | 'product_id'
  | 'element_id'
  | 'order_id'
  | 'utm_source'
  | 'utm_medium'
  | 'utm_campaign'
  | 'time_on_prev_page_seconds'
  | 'load_time_ms'
  | 'scroll_depth_pct'
> & { readonly table: WebTable };

export type BusinessEvent = Pick<
  BusinessRow,
  | Common
  | 'service'
  | 'event_type'
  | 'order_id'
  | 'product_id'
  | 'review_id'
  | 'amount'
  | 'currency'
  | 'payment_method'
  | 'status'
  | 'rating'
  | 'provider'
>;

export type ApiRequest = Pick<ApiRequestRow, Common | 'service' | 'status_code' | 'response_time_ms'>;
export type DbQuery = Pick<DbQueryRow, Common | 'service'>;

/** A row of ops.dead_letter_events; times in ms. */
export interface LetterRow {
  readonly failed_at: number;
  readonly source: string;
}

/** Rows of Bronze; times in ms, money in hundredths, ids as they are stored. */
export interface Bronze {
  readonly web: readonly WebEvent[];
  readonly business: readonly BusinessEvent[];
  readonly items: readonly ItemRow[];
  readonly requests: readonly ApiRequest[];
  readonly queries: readonly DbQuery[];
  readonly letters: readonly LetterRow[];
}

const tablesWith = {
  product_id: ['page_view_events', 'click_events', 'cart_events'],
  element_id: ['click_events', 'cart_events', 'checkout_events'],
  order_id: ['checkout_events'],
} as const satisfies Record<string, readonly WebTable[]>;

/** The row as its table holds it: one without the column holds no value, whatever the event said. */
export function webEventOf(table: WebTable, row: Omit<WebEvent, 'table'>): WebEvent {
  const holds = (column: keyof typeof tablesWith): boolean =>
    (tablesWith[column] as readonly WebTable[]).includes(table);
  const isView = table === 'page_view_events';
  return {
    table,
    event_id: row.event_id,
    event_timestamp: row.event_timestamp,
    received_at: row.received_at,
    session_id: row.session_id,
    user_id: row.user_id,
    canonical_type: row.canonical_type,
    is_bot: row.is_bot,
    is_seed: row.is_seed,
    page_path: row.page_path,
    product_id: holds('product_id') ? row.product_id : null,
    element_id: holds('element_id') ? row.element_id : null,
    order_id: holds('order_id') ? row.order_id : null,
    utm_source: isView ? row.utm_source : null,
    utm_medium: isView ? row.utm_medium : null,
    utm_campaign: isView ? row.utm_campaign : null,
    time_on_prev_page_seconds: isView ? row.time_on_prev_page_seconds : null,
    load_time_ms: isView ? row.load_time_ms : null,
    scroll_depth_pct: table === 'scroll_events' ? row.scroll_depth_pct : null,
  };
}

/** Events as the commit takes them, each once, and the dead letters beside them. */
export function bronzeOf(events: Iterable<AnalyticsEvent>, letters: readonly LetterRow[] = []): Bronze {
  const web: WebEvent[] = [];
  const business: BusinessEvent[] = [];
  const items: ItemRow[] = [];
  const requests: ApiRequest[] = [];
  const queries: DbQuery[] = [];
  for (const event of events) {
    switch (event.table) {
      case 'business_events':
        business.push(event.row);
        items.push(...event.items);
        break;
      case 'api_request_logs':
        requests.push(event.row);
        break;
      case 'db_query_perf':
        queries.push(event.row);
        break;
      default:
        web.push(webEventOf(event.table, event.row));
    }
  }
  return { web, business, items, requests, queries, letters };
}

type Placed = Pick<CommonRow, 'event_timestamp' | 'event_id'>;

/** "Ties of time are decided by event_id as lower-case text, everywhere." */
export function byTime(a: Placed, b: Placed): number {
  if (a.event_timestamp !== b.event_timestamp) return a.event_timestamp - b.event_timestamp;
  const [aId, bId] = [a.event_id.toLowerCase(), b.event_id.toLowerCase()];
  return aId < bId ? -1 : aId > bId ? 1 : 0;
}

export function groupBy<T, K>(all: Iterable<T>, keyOf: (one: T) => K | null): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    if (key === null) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return groups;
}

/** Groups, each in order of time. */
export function groupByTime<T extends Placed, K>(all: Iterable<T>, keyOf: (one: T) => K | null): Map<K, T[]> {
  const groups = groupBy(all, keyOf);
  for (const group of groups.values()) group.sort(byTime);
  return groups;
}

/** How many of the sorted values stand below the limit: the place of the first that does not. */
export function placeOf<T>(sorted: readonly T[], numberOf: (one: T) => number, limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numberOf(sorted[middle] as T) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
