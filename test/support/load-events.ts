import type { Random } from './random.ts';

/** One event of a test's load, with all that is needed to send it again. */
export interface LoadEvent {
  readonly id: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface DomainMessage extends LoadEvent {
  readonly routingKey: string;
}

const products = ['c0ffee00-0000-4000-8000-0000000000c1', 'c0ffee00-0000-4000-8000-0000000000c2', 'rice-5kg'];
const pages = [
  'http://localhost:3000/',
  'http://localhost:3000/products',
  '/cart',
  'https://shop.example/checkout?step=1',
];

/** A shopper's event for /track, with an id of its own. */
export function trackEvent(random: Random): LoadEvent {
  const id = random.uuid();
  const product = random.pick(products);
  const type = random.pick(['page_view', 'page_view', 'click', 'add_to_cart', 'begin_checkout']);
  const body: Record<string, unknown> = {
    event_id: random.oneIn(4) ? id.toUpperCase() : id,
    event_type: random.oneIn(3) ? `ui.${type}` : type,
    session_id: `session-${random.int(1, 200)}`,
    page_url: random.oneIn(2) ? `http://localhost:3000/products/${product}` : random.pick(pages),
    user_id: random.oneIn(2) ? `user-${random.int(1, 50)}` : undefined,
    properties: { place: random.pick(['කොළඹ', 'Kandy', '🛒']) },
  };
  if (type === 'click') body.element_id = 'btn_buy';
  if (type === 'add_to_cart') {
    body.product_id = product;
    body.quantity = random.int(1, 5);
  }
  if (random.oneIn(2)) body.event_timestamp = new Date(Date.now() - random.int(0, 1_000)).toISOString();
  return { id, body };
}

/** An event for the collector: each of its tables in turn. */
export function collectorEvent(random: Random): LoadEvent {
  const id = random.uuid();
  const event_timestamp = random.oneIn(2) ? new Date().toISOString() : Date.now();
  const common = { event_id: id, event_timestamp, session_id: `session-${random.int(1, 200)}` };
  const page_url = random.pick(pages);
  const kinds: readonly Readonly<Record<string, unknown>>[] = [
    { event_type: 'page_view', page_url },
    { event_type: 'scroll', page_url, scroll_depth_pct: random.int(0, 100) },
    { event_type: 'form_interaction', page_url, form_id: 'checkout', field_id: 'phone', action: 'focus' },
    { event_type: 'search', page_url, query: 'red rice', results_count: 0 },
    {
      event_type: 'api_request_log',
      service: 'order-service',
      endpoint: '/orders',
      method: 'GET',
      status_code: 200,
      response_time_ms: random.int(0, 900),
    },
    { event_type: 'db_query_perf', service: 'order-service', execution_time_ms: 0, table_name: 'orders' },
    { event_type: 'performance', metric_name: 'lcp', metric_value: random.int(0, 5_000) },
    { event_type: 'order.paid', service: 'order-service', order_id: random.uuid(), total_amount: '1250.50' },
  ];
  return { id, body: { ...common, ...random.pick(kinds) } };
}

/** A message as the shop's services publish it. */
export function domainMessage(random: Random): DomainMessage {
  const id = random.uuid();
  const orderId = random.oneIn(2) ? random.uuid().toUpperCase() : random.uuid();
  // half of them are shoppers that the pages know, so that purchases are credited to sessions
  const userId = random.oneIn(2) ? `user-${random.int(1, 50)}` : random.uuid();
  const occurredAt = new Date(Date.now() - random.int(0, 5_000)).toISOString();
  const kinds: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    [
      'order.created',
      {
        orderId,
        userId,
        vendorIds: [random.uuid()],
        subtotal: random.int(1, 99_999) / 100,
        currency: 'LKR',
        status: 'PENDING',
        paymentMethod: random.pick(['COD', 'ONLINE']),
        paymentStatus: 'PENDING',
        createdAt: occurredAt,
      },
    ],
    ['payment.completed', { orderId, userId, amount: 2500.5, currency: 'LKR', status: 'COMPLETED' }],
    [
      'order.cancelled',
      {
        orderId,
        userId,
        vendorIds: [],
        items: [{ productId: products[0], qty: 2 }],
        previousStatus: 'PENDING',
        newStatus: 'CANCELLED',
        occurredAt,
      },
    ],
    ['review.created', { reviewId: random.uuid(), userId, productId: products[1], orderId, rating: 5 }],
  ];
  const [routingKey, data] = random.pick(kinds);
  const body = {
    eventId: id,
    eventType: routingKey,
    version: 1,
    occurredAt,
    correlationId: random.uuid(),
    data,
  };
  return { id, routingKey, body };
}

/** The key by which an event of /track goes over the exchange. */
export const uiRoutingKey = (event: LoadEvent): string => {
  const type = String(event.body.event_type);
  return type.startsWith('ui.') ? type : `ui.${type}`;
};

/** The same id, and something else is said under it. */
export const changed = (event: LoadEvent): LoadEvent => ({
  id: event.id,
  body: { ...event.body, page_url: 'http://localhost:3000/changed', element_id: 'btn_changed' },
});

export const wire = (event: LoadEvent): string => JSON.stringify(event.body);
