/**
 * What every event becomes: one typed Bronze row with an identity.
 *
 * Property names of the rows ARE the Bronze column names, on both engines and in the fold, so that nothing
 * stands between an event and its row. Units: times are ms since 1970 (UTC); money is in hundredths (`Cents`).
 */

export type CanonicalType =
  | 'page_view'
  | 'click'
  | 'add_to_cart'
  | 'begin_checkout'
  | 'scroll'
  | 'search'
  | 'form_interaction'
  | 'order_created'
  | 'order_cancelled'
  | 'order_status'
  | 'order_paid'
  | 'payment_pending'
  | 'payment_not_required'
  | 'payment_failed'
  | 'refunded'
  | 'review_created'
  | 'review_updated'
  | 'review_deleted'
  | 'other';

/** Stored in Bronze's `source`: the road by which the event first reached us. A replayed event keeps its own. */
export type SourceName = 'rabbitmq' | 'collector' | 'tracking';

/** Under which duplicates, dead letters and receipts are counted. */
export type DeliveredBy = SourceName | 'replay';

export const webTables = [
  'page_view_events',
  'click_events',
  'cart_events',
  'checkout_events',
  'scroll_events',
  'form_events',
  'search_events',
] as const;
export type WebTable = (typeof webTables)[number];
export type BronzeTable = WebTable | 'business_events' | 'api_request_logs' | 'db_query_perf';

/** An exact amount in hundredths of the currency's unit; decimal(12,2) in the warehouse. */
export type Cents = number;
export type Flag = 0 | 1;

/** Columns that every Bronze table has (warehouse.md), less `ingest_seq`, which the commit gives. */
export interface CommonRow {
  /** lower-case UUID */
  readonly event_id: string;
  readonly event_timestamp: number;
  /** the client's own clock as sent, before any correction */
  readonly client_timestamp: number | null;
  readonly received_at: number;
  readonly session_id: string | null;
  readonly user_id: string | null;
  readonly source: SourceName;
  readonly canonical_type: CanonicalType;
  readonly is_bot: Flag;
  readonly is_seed: Flag;
  /** the original body text */
  readonly payload: string;
  /** JSON text: routing key, message id, correlation id, peer, cut marks */
  readonly meta: string;
}

/** One shape for all seven web tables, so that the hot path stays monomorphic; a table stores its own columns. */
export interface WebRow extends CommonRow {
  readonly page_url: string | null;
  readonly page_path: string | null;
  readonly product_id: string | null;
  readonly properties: string | null;
  readonly referrer_url: string | null;
  readonly utm_source: string | null;
  readonly utm_medium: string | null;
  readonly utm_campaign: string | null;
  readonly time_on_prev_page_seconds: number | null;
  readonly load_time_ms: number | null;
  readonly element_id: string | null;
  readonly x: number | null;
  readonly y: number | null;
  readonly viewport_w: number | null;
  readonly viewport_h: number | null;
  readonly user_agent: string | null;
  readonly ip_address: string | null;
  readonly quantity: number | null;
  readonly order_id: string | null;
  readonly scroll_depth_pct: number | null;
  readonly form_id: string | null;
  readonly field_id: string | null;
  readonly action: string | null;
  readonly error_message: string | null;
  readonly time_spent_ms: number | null;
  readonly query: string | null;
  readonly results_count: number | null;
  readonly filters: string | null;
}

export interface BusinessRow extends CommonRow {
  readonly service: string;
  readonly event_type: string;
  readonly entity_id: string | null;
  readonly correlation_id: string | null;
  readonly order_id: string | null;
  readonly product_id: string | null;
  readonly review_id: string | null;
  readonly amount: Cents | null;
  readonly currency: string | null;
  readonly payment_method: string | null;
  readonly status: string | null;
  readonly rating: number | null;
  readonly provider: string | null;
}

export interface ItemRow {
  readonly event_id: string;
  readonly line_number: number;
  readonly order_id: string | null;
  readonly product_id: string | null;
  readonly quantity: number | null;
  readonly unit_price: Cents | null;
  readonly line_total: Cents | null;
}

export interface ApiRequestRow extends CommonRow {
  readonly service: string;
  readonly endpoint: string;
  readonly method: string;
  readonly status_code: number;
  readonly response_time_ms: number;
  readonly correlation_id: string | null;
  readonly request_size_bytes: number | null;
  readonly response_size_bytes: number | null;
  readonly ip_address: string | null;
  readonly user_agent: string | null;
}

export interface DbQueryRow extends CommonRow {
  readonly service: string;
  readonly database_name: string | null;
  readonly query_type: string | null;
  readonly table_name: string | null;
  readonly execution_time_ms: number;
  readonly rows_affected: number | null;
  readonly query_hash: string | null;
}

export type TypedRow =
  | { readonly table: WebTable; readonly row: WebRow }
  | { readonly table: 'business_events'; readonly row: BusinessRow; readonly items: readonly ItemRow[] }
  | { readonly table: 'api_request_logs'; readonly row: ApiRequestRow }
  | { readonly table: 'db_query_perf'; readonly row: DbQueryRow };

/** Scope of a fingerprint: a public client can never claim a domain event's id (events.md 5). */
export type Scope = 'ui' | 'domain';

/** A valid, normalised event with its identity: all that the commit and the fold ever see of it. */
export type AnalyticsEvent = TypedRow & {
  /** lower-case hex SHA-256 of `<scope>|<event id>` */
  readonly fingerprint: string;
  /** lower-case hex SHA-256 over what the event says, without clocks (events.md 5) */
  readonly contentHash: string;
  readonly scope: Scope;
  /** came over HTTP with neither id nor time: equal ones are still two events */
  readonly alwaysNew: boolean;
};

export type Stage = 'decode' | 'validate' | 'identify' | 'write';

/** The closed list of reasons; `validation_error:<type>` names a web type, a raw domain type or `other`. */
export type DeadLetterReason =
  | 'invalid_json'
  | 'invalid_event_shape'
  | 'too_large'
  | 'missing_event_type'
  | 'unknown_event_type'
  | `validation_error:${string}`
  | 'timestamp_out_of_range'
  | 'event_id_conflict'
  | 'db_insert_failed';

/** One zod issue, or the database's word, as a sender may see it. */
export interface Issue {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** An event whose time has not come (events.md 7): what is known of it when it fails. */
export interface DeadLetter {
  /** the row's own id, a random UUID */
  readonly id: string;
  readonly source: DeliveredBy;
  readonly stage: Stage;
  readonly reason: DeadLetterReason;
  /** JSON text, at most 4 KB */
  readonly detail: string;
  /** JSON text: routing key, message id, AMQP timestamp, user agent, truncated IP, clocks, the event's fingerprint and hashes, what it concerns */
  readonly context: string;
  /** the original text, or base64 where it is not UTF-8 (context says so) */
  readonly payload: string;
  readonly receivedAt: number;
  /** hex SHA-256 of `dead|<source>|<reason>|<SHA-256 of the payload bytes>` (+ `|<made id>` when always new) */
  readonly fingerprint: string;
  readonly issues: readonly Issue[];
  /** what the sender is told the event is called, where it had or was given a name */
  readonly eventId: string | undefined;
  /** canonical or raw type it concerns, where known: the live page shows broken events beside their step */
  readonly concerns: string | undefined;
}
