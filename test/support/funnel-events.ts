import type { RebuildSource } from '../../pipeline/funnel/rebuild.ts';
import type { StoredEvent } from '../../sinks/warehouse.ts';

let made = 0;

/** A lower-case UUID; ids made later stand later. */
export function nextEventId(): string {
  made += 1;
  return `00000000-0000-4000-8000-${made.toString(16).padStart(12, '0')}`;
}

const tables = {
  page_view: 'page_view_events',
  click: 'click_events',
  add_to_cart: 'cart_events',
  begin_checkout: 'checkout_events',
  scroll: 'scroll_events',
  search: 'search_events',
  form_interaction: 'form_events',
} as const;

/** A stored event of any type, in the table where that type stands. */
export function storedEvent(
  canonical_type: StoredEvent['canonical_type'],
  event_timestamp: number,
  fields: Partial<StoredEvent> = {},
): StoredEvent {
  const table = canonical_type in tables ? tables[canonical_type as keyof typeof tables] : 'business_events';
  return {
    table,
    event_id: nextEventId(),
    event_timestamp,
    received_at: event_timestamp,
    session_id: null,
    user_id: null,
    source: table === 'business_events' ? 'rabbitmq' : 'tracking',
    canonical_type,
    is_bot: 0,
    is_seed: 0,
    page_path: null,
    product_id: null,
    order_id: null,
    amount: null,
    currency: null,
    payment_method: null,
    ingest_seq: made,
    ...fields,
  };
}

const isCandidate = (event: StoredEvent): boolean =>
  event.canonical_type === 'order_paid' || event.canonical_type === 'order_created';

/** The reading half of a warehouse over a list of events, which may grow while it is read from. */
export function storedEvents(
  events: readonly StoredEvent[],
): RebuildSource & { readonly ordersRead: string[] } {
  const web = (from: number) =>
    events.filter((event) => event.table !== 'business_events' && event.event_timestamp >= from);
  const ordersRead: string[] = [];
  return {
    ordersRead,
    async *readWebEvents(from) {
      const found = web(from);
      for (let first = 0; first < found.length; first += 7) yield found.slice(first, first + 7);
    },
    countWebEvents: async (from) => web(from).length,
    ordersWithPurchaseSince: async (from) => {
      const found = events.filter((event) => isCandidate(event) && event.event_timestamp >= from);
      return [...new Set(found.flatMap((event) => (event.order_id === null ? [] : [event.order_id])))];
    },
    readOrderEvents: async (orderIds) => {
      ordersRead.push(...orderIds);
      return events.filter(
        (event) =>
          event.table === 'business_events' && event.order_id !== null && orderIds.includes(event.order_id),
      );
    },
  };
}
