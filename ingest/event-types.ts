import type { CanonicalType, WebTable } from './event.ts';

export type WebType = Extract<
  CanonicalType,
  'page_view' | 'click' | 'add_to_cart' | 'begin_checkout' | 'scroll' | 'form_interaction' | 'search'
>;
export type MetricType = 'performance' | 'cart_action' | 'checkout' | 'purchase_view' | 'frontend_error';

/** What a raw event type is known as (events.md 3 and 4). */
export type KnownType =
  | { readonly kind: 'web'; readonly type: WebType; readonly table: WebTable }
  | { readonly kind: 'domain'; readonly canonical: CanonicalType; readonly raw: string }
  | { readonly kind: 'metric'; readonly type: MetricType }
  | { readonly kind: 'api_request_log' }
  | { readonly kind: 'db_query_perf' };

export const tableOf: Readonly<Record<WebType, WebTable>> = {
  page_view: 'page_view_events',
  click: 'click_events',
  add_to_cart: 'cart_events',
  begin_checkout: 'checkout_events',
  scroll: 'scroll_events',
  form_interaction: 'form_events',
  search: 'search_events',
};

const domainTypes: readonly (readonly [raw: string, canonical: CanonicalType])[] = [
  ['order.created', 'order_created'],
  ['order.cancelled', 'order_cancelled'],
  ['order.status_updated', 'order_status'],
  ['order.ready_for_vendor', 'order_status'],
  ['order.paid', 'order_paid'],
  ['payment.completed', 'order_paid'],
  ['payment.succeeded', 'order_paid'],
  ['payment_success', 'order_paid'],
  ['payment.pending', 'payment_pending'],
  ['payment.not_required', 'payment_not_required'],
  ['payment.failed', 'payment_failed'],
  ['payment.refunded', 'refunded'],
  ['refund.created', 'refunded'],
  ['refund_issued', 'refunded'],
  ['review.created', 'review_created'],
  ['review.submitted', 'review_created'],
  ['review.updated', 'review_updated'],
  ['review.deleted', 'review_deleted'],
];

const metricTypes: readonly MetricType[] = [
  'performance',
  'cart_action',
  'checkout',
  'purchase_view',
  'frontend_error',
];

const known = new Map<string, KnownType>();
for (const type of Object.keys(tableOf) as WebType[]) {
  const entry: KnownType = { kind: 'web', type, table: tableOf[type] };
  known.set(type, entry);
  known.set(`ui.${type}`, entry);
}
for (const [raw, canonical] of domainTypes) {
  known.set(raw, { kind: 'domain', canonical, raw });
  const underscored = raw.replace('.', '_');
  known.set(underscored, { kind: 'domain', canonical, raw: underscored });
}
for (const type of metricTypes) known.set(type, { kind: 'metric', type });
known.set('api_request_log', { kind: 'api_request_log' });
known.set('db_query_perf', { kind: 'db_query_perf' });

/** Letter case is folded: a type is a name, not an id. */
export const knownType = (raw: string): KnownType | undefined =>
  known.get(raw) ?? known.get(raw.toLowerCase());

/** Every name under which a dead letter of this canonical type may speak of it: its own, and the raw ones. */
export const namesOf = (canonical: string): readonly string[] => [
  canonical,
  ...[...known.values()].flatMap((type) =>
    type.kind === 'domain' && type.canonical === canonical && type.raw !== canonical ? [type.raw] : [],
  ),
];

const concerns = new Set<string>([...known.keys(), ...domainTypes.map(([, canonical]) => canonical)]);

/**
 * The type that a dead letter is counted under: one of a closed list, else `other`, since a sender may think of ever
 * new names.
 */
export const countedConcern = (type: string): string => {
  const folded = type.toLowerCase();
  return concerns.has(folded) ? folded : 'other';
};

/** `validation_error:<this>`: a bare web type, a raw domain type, else `other` (events.md 7). */
export const reasonType = (type: KnownType | undefined): string => {
  if (type?.kind === 'web') return type.type;
  return type?.kind === 'domain' ? type.raw : 'other';
};

const servicesByPrefix: Readonly<Record<string, string>> = {
  order: 'order-service',
  payment: 'payment-service',
  review: 'review-service',
  refund: 'payment-service',
  ui: 'web',
};

/** The service of an event that names none, from the first word of its type. */
export const serviceOfType = (raw: string): string => {
  const prefix = /^[a-z]+(?=[._]|$)/i.exec(raw)?.[0].toLowerCase();
  if (prefix === undefined || !Object.hasOwn(servicesByPrefix, prefix)) return 'unknown';
  return servicesByPrefix[prefix] ?? 'unknown';
};
