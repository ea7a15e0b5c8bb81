import type { StoredEvent } from '../../sinks/warehouse.ts';

/** Rows stand in this order for ever; a type that did not come in 15 minutes has none. */
export const typeOrder: readonly StoredEvent['canonical_type'][] = [
  'page_view',
  'click',
  'scroll',
  'search',
  'form_interaction',
  'add_to_cart',
  'begin_checkout',
  'order_created',
  'order_paid',
  'order_cancelled',
  'order_status',
  'payment_pending',
  'payment_not_required',
  'payment_failed',
  'refunded',
  'review_created',
  'review_updated',
  'review_deleted',
  'other',
];
