import type { AnalyticsEvent } from '../ingest/event.ts';
import type { StoredEvent } from '../sinks/warehouse.ts';
import type { Entry } from './commit/entry.ts';

/** An entry's event as the fold and the live view read it; undefined: it never was one. */
export function factOf(entry: Entry): StoredEvent | undefined {
  if (entry.fact === undefined && entry.event !== undefined)
    entry.fact = toFact(entry.event, entry.ingestSeq);
  return entry.fact;
}

/** The same facts as those of the row when it is read back from Bronze. */
function toFact(event: AnalyticsEvent, ingestSeq: number): StoredEvent {
  const { row } = event;
  const web =
    event.table !== 'business_events' &&
    event.table !== 'api_request_logs' &&
    event.table !== 'db_query_perf';
  const business = event.table === 'business_events';
  return {
    table: event.table,
    event_id: row.event_id,
    event_timestamp: row.event_timestamp,
    received_at: row.received_at,
    session_id: row.session_id,
    user_id: row.user_id,
    source: row.source,
    canonical_type: row.canonical_type,
    is_bot: row.is_bot,
    is_seed: row.is_seed,
    page_path: web ? event.row.page_path : null,
    product_id: web || business ? event.row.product_id : null,
    order_id: web || business ? event.row.order_id : null,
    amount: business ? event.row.amount : null,
    currency: business ? event.row.currency : null,
    payment_method: business ? event.row.payment_method : null,
    ingest_seq: ingestSeq,
  };
}
