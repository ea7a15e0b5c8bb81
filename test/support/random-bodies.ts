import type { Origin } from '../../ingest/delivery.ts';
import { amqpOrigin, collectorOrigin, trackOrigin } from './ingesting.ts';
import type { Random } from './random.ts';

/**
 * Bodies as their senders write them, of a shop so small that ids meet again and again, and with the ids that
 * engines compare differently: letter case, blanks inside, LIKE's wildcards, Sinhala, UUIDs in either case.
 */

export interface Told {
  readonly body: object;
  readonly origin: Origin;
}

/** One shopper's thread: what the events of one story share. */
export interface Thread {
  readonly session: string | null;
  readonly user: string | null;
  readonly order: string;
  readonly isSeed: boolean;
  readonly isBot: boolean;
}

const uuidOrder = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
const uuidProduct = 'c0ffee00-0000-4000-8000-0000000000c1';
export const alphabet = {
  sessions: ['s-1', 's-1', 'S-1', 's-2', 's-2', 's-3', 's_3', 'derived:u-1:2026-04-05', null, null],
  users: ['u-1', 'u-1', 'u-2', 'U-2', 'පරිශීලක-1', null, null, null],
  orders: ['o-1', 'o-1', 'O-1', 'o-2', 'o_2', uuidOrder],
  products: ['p-1', 'p-1', 'P-1', 'p-2', uuidProduct],
  reviews: ['r-1', 'r-1', 'r-2', 'R-2'],
  paths: [
    '/',
    '/',
    '/products',
    '/products/p-1',
    '/products/p-2?x=1',
    '/cart',
    '/thanks',
    '/a_[b]%',
    '/A_[b]%',
  ],
  currencies: ['LKR', 'LKR', 'LKR', 'LKR', 'USD', null],
  amounts: [1, 2.5, 100, 100, 1999.99, 0, null],
} as const;

const botAgent = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';

/** UUIDs stand in either letter case; other ids mean what they say. */
const inAnyCase = (random: Random, id: string): string =>
  id.length === 36 && random.oneIn(2) ? id.toUpperCase() : id;

const iso = (time: number): string => new Date(time).toISOString();

/** Leaves out what has no value: NULL and absent are the same to the shop. */
const compact = (fields: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));

export type WebType =
  | 'page_view'
  | 'click'
  | 'add_to_cart'
  | 'begin_checkout'
  | 'scroll'
  | 'search'
  | 'form_interaction';

const publicTypes: readonly string[] = ['page_view', 'click', 'add_to_cart', 'begin_checkout'];

export function webBody(
  random: Random,
  type: WebType,
  time: number,
  thread: Thread,
  given: { readonly path?: string | undefined; readonly order?: string | undefined } = {},
): Told {
  const measured = random.pick([null, 0, 1, 12.5, 33.333, 250]);
  const own: Record<WebType, object> = {
    page_view: {
      product_id: random.oneIn(4) ? inAnyCase(random, random.pick(alphabet.products)) : null,
      utm_source: random.pick([null, 'news', 'fb']),
      utm_medium: random.pick([null, 'mail']),
      utm_campaign: random.pick([null, 'new year']),
      time_on_prev_page_seconds: measured,
      load_time_ms: random.pick([null, 0, 87, 640.25]),
    },
    click: {
      element_id: 'btn_1',
      properties: compact({
        interaction_type: random.pick([null, null, 'add_to_cart', 'checkout_started', 'purchase']),
        product_id: random.oneIn(2) ? random.pick(alphabet.products) : null,
      }),
    },
    add_to_cart: {
      product_id: inAnyCase(random, random.pick(alphabet.products)),
      quantity: random.int(1, 5),
    },
    begin_checkout: { order_id: given.order === undefined ? null : inAnyCase(random, given.order) },
    scroll: { scroll_depth_pct: random.pick([0, 25, 33.3, 100, null]) },
    search: { query: random.pick(['tea', 'ගම්']), results_count: random.int(0, 3) },
    form_interaction: { form_id: 'f', action: 'focus', time_spent_ms: random.int(0, 9) },
  };
  const body = compact({
    event_type: type,
    event_id: random.uuid(),
    event_timestamp: iso(time),
    session_id: thread.session,
    user_id: thread.user,
    page_url: `http://localhost:3000${given.path ?? random.pick(alphabet.paths)}`,
    ...own[type],
  });
  return webRoad(random, type, body, thread);
}

function webRoad(random: Random, type: WebType, body: object, thread: Thread): Told {
  const byBroker = thread.isSeed || thread.session === null || thread.isBot || random.oneIn(3);
  if (publicTypes.includes(type) && !byBroker) return { body, origin: trackOrigin() };
  if (!thread.isBot && !thread.isSeed && (!publicTypes.includes(type) || random.oneIn(3))) {
    return { body: { ...body, source: 'web' }, origin: collectorOrigin() };
  }
  const meta = compact({
    seed_run_id: thread.isSeed ? 'run-1' : null,
    user_agent: thread.isBot ? botAgent : 'Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0 Safari/537.36',
  });
  return { body: { ...body, event_type: `ui.${type}`, meta }, origin: amqpOrigin(`ui.${type}`) };
}

export const orderKinds = [
  'order.created',
  'order.created',
  'order.created',
  'payment.pending',
  'payment.not_required',
  'payment.failed',
  'payment.failed',
  'payment.completed',
  'payment.completed',
  'order.paid',
  'payment.succeeded',
  'order.ready_for_vendor',
  'order.status_updated',
  'order.status_updated',
  'order.cancelled',
  'payment.refunded',
  'refund.created',
  'refund_issued',
  'cart.abandoned',
] as const;

const itemLists = ['items', 'order_items', 'orderItems', 'products', 'line_items', 'lineItems'] as const;

function itemBodies(random: Random): readonly object[] {
  return Array.from({ length: random.int(1, 3) }, () =>
    compact({
      [random.pick(['product_id', 'productId', 'sku'])]: random.oneIn(9)
        ? null
        : inAnyCase(random, random.pick(alphabet.products)),
      [random.pick(['quantity', 'qty', 'count'])]: random.pick([1, 2, 3, null]),
      [random.pick(['unit_price', 'unitPrice', 'price'])]: random.pick([10, 2.5, 99.99, null]),
      [random.pick(['line_total', 'lineTotal'])]: random.pick([null, null, 20, 7.77]),
    }),
  );
}

/** An event of a service, in the vocabulary of today or in the older one. */
function serviceBody(
  random: Random,
  kind: string,
  time: number,
  thread: Thread,
  data: Readonly<Record<string, unknown>>,
): Told {
  const meta = thread.isSeed ? { seed_run_id: 'run-1' } : null;
  const id = random.uuid();
  if (random.oneIn(2)) {
    const envelope = {
      eventId: id,
      eventType: kind,
      version: 1,
      occurredAt: iso(time),
      correlationId: 'c-1',
    };
    return { body: compact({ ...envelope, meta, data: compact(data) }), origin: amqpOrigin(kind) };
  }
  const snake = Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  );
  const flat = { event_id: id, event_type: kind.replace('.', '_'), occurred_at: iso(time), meta, ...snake };
  const isKnown = kind !== 'cart.abandoned';
  return {
    body: compact({ ...flat, event_type: isKnown && random.oneIn(2) ? flat.event_type : kind }),
    origin: amqpOrigin(kind),
  };
}

export function orderBody(
  random: Random,
  kind: (typeof orderKinds)[number],
  time: number,
  thread: Thread,
): Told {
  const hasItems = random.oneIn(3) && !kind.startsWith('payment');
  return serviceBody(random, kind, time, thread, {
    orderId: inAnyCase(random, thread.order),
    userId: random.oneIn(3) ? null : thread.user,
    sessionId: random.oneIn(4) ? thread.session : null,
    [random.pick(['amount', 'subtotal', 'total'])]: random.oneIn(3) ? null : random.pick(alphabet.amounts),
    currency: random.pick(alphabet.currencies),
    paymentMethod: kind === 'order.created' ? random.pick(['COD', 'ONLINE', 'ONLINE', null]) : null,
    method: kind.startsWith('payment') ? random.pick(['ONLINE', 'COD', null]) : null,
    provider: kind.startsWith('payment') ? random.pick(['payhere', 'stripe', null]) : null,
    vendorId: random.pick(['v-1', 'v-2', null]),
    newStatus:
      kind === 'order.status_updated' ? random.pick(['PROCESSING', 'SHIPPED', 'DELIVERED', null]) : null,
    paymentStatus: kind === 'order.ready_for_vendor' ? 'COMPLETED' : null,
    ...(hasItems ? { [random.pick(itemLists)]: itemBodies(random) } : {}),
  });
}

export const reviewKinds = [
  'review.created',
  'review.created',
  'review.submitted',
  'review.updated',
  'review.updated',
  'review.deleted',
] as const;

export function reviewBody(
  random: Random,
  kind: (typeof reviewKinds)[number],
  time: number,
  thread: Thread,
): Told {
  const review = random.pick(alphabet.reviews);
  const isCreated = kind === 'review.created' || kind === 'review.submitted';
  // a review is of one product; now and then somebody says otherwise
  const product = random.oneIn(12) ? 'p-2' : review.toLowerCase() === 'r-1' ? 'p-1' : uuidProduct;
  return serviceBody(random, kind, time, thread, {
    reviewId: review,
    userId: thread.user,
    productId: inAnyCase(random, product),
    orderId: random.oneIn(3) ? thread.order : null,
    rating: isCreated || (kind === 'review.updated' && !random.oneIn(3)) ? random.int(1, 5) : null,
  });
}

export function logBody(random: Random, time: number): Told {
  const common = { event_id: random.uuid(), event_timestamp: iso(time), source: 'service' };
  const service = random.pick(['gateway', 'order-service', 'collector', 'web']);
  if (random.oneIn(4)) {
    const query = { event_type: 'db_query_perf', service, execution_time_ms: random.int(0, 900) };
    return { body: { ...common, ...query }, origin: collectorOrigin() };
  }
  const request = {
    event_type: 'api_request_log',
    service,
    endpoint: '/api/orders',
    method: 'GET',
    status_code: random.pick([200, 200, 404, 499, 500, 503]),
    response_time_ms: random.pick([0, 1, 5.25, 12, 40, 333.125, 1200]),
  };
  return { body: { ...common, ...request }, origin: collectorOrigin() };
}
