import type { SettledEvent } from '../../pipeline/live/committed.ts';
import type { StoredEvent } from '../../sinks/warehouse.ts';

let made = 0;

/** A stored page view; what a test cares about is given. */
export const storedEvent = (fields: Partial<StoredEvent> & { event_timestamp: number }): StoredEvent => ({
  table: 'page_view_events',
  event_id: `00000000-0000-4000-8000-${String(++made).padStart(12, '0')}`,
  received_at: fields.event_timestamp,
  session_id: 's-1',
  user_id: null,
  source: 'tracking',
  canonical_type: 'page_view',
  is_bot: 0,
  is_seed: 0,
  page_path: '/',
  product_id: null,
  order_id: null,
  amount: null,
  currency: null,
  payment_method: null,
  ingest_seq: made,
  ...fields,
});

export const stored = (
  fields: Partial<StoredEvent> & { event_timestamp: number },
  via: SettledEvent['via'] = 'tracking',
): SettledEvent => ({
  via,
  outcome: 'stored',
  event: storedEvent({ source: via === 'replay' ? 'tracking' : via, ...fields }),
});

/** A dead letter whose row a commit has just written. */
export const letter = (
  via: SettledEvent['via'],
  reason: NonNullable<SettledEvent['reason']>,
  letterReceivedAt: number,
  concerns?: string,
): SettledEvent => ({
  via,
  outcome: 'dead-lettered',
  reason,
  letterReceivedAt,
  ...(concerns === undefined ? {} : { concerns }),
});
