import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CanonicalType } from '../ingest/event.ts';
import {
  amqpOrigin,
  business,
  collectorOrigin,
  eventOf,
  isoAt,
  judge,
  letterFrom,
  metaOf,
  receivedAt,
} from './support/ingesting.ts';

/*
 * Events of the shop's services: what is published today, the older vocabulary, and every alias of events.md 4.
 */

type Body = Record<string, unknown>;
interface Example {
  readonly routingKey: string;
  readonly body: { readonly eventId: string; readonly occurredAt: string; readonly data: Body } & Body;
}

const text = readFileSync(new URL('./fixtures/domain-events.jsonl', import.meta.url), 'utf8');
const examples: readonly Example[] = text
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line));

/** Old events are out of range: their times are moved, kept a minute apart. */
const moved = ({ routingKey, body }: Example, index: number): Example => ({
  routingKey,
  body: { ...body, occurredAt: isoAt((index - 60) * 60_000) },
});

const order1 = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
const order2 = '7f9619ff-8b86-4d01-b42d-00cf4fc964f0';
const user1 = '1b4e28ba-2fa1-41d2-883f-0016d3cca427';
const user2 = '2b4e28ba-2fa1-41d2-883f-0016d3cca428';
const review1 = 'a0ee0000-0000-4000-8000-0000000000b1';
const product1 = 'c0ffee00-0000-4000-8000-0000000000c1';
const money = { amount: 250_050, currency: 'LKR' };
const none = {
  amount: null,
  currency: null,
  payment_method: null,
  rating: null,
  provider: null,
  review_id: null,
};

const expected: readonly Body[] = [
  {
    canonical_type: 'order_created',
    service: 'order-service',
    order_id: order1,
    user_id: user1,
    ...none,
    ...money,
    status: 'PENDING',
    payment_method: 'ONLINE',
    entity_id: order1,
  },
  {
    canonical_type: 'payment_pending',
    service: 'payment-service',
    order_id: order1,
    user_id: user1,
    ...none,
    ...money,
    status: 'PENDING',
    payment_method: 'ONLINE',
  },
  {
    canonical_type: 'payment_failed',
    service: 'payment-service',
    order_id: order1,
    user_id: user1,
    ...none,
    ...money,
    status: 'FAILED',
    correlation_id: 'evt_3Q0failed',
  },
  {
    canonical_type: 'order_paid',
    service: 'payment-service',
    order_id: order1,
    user_id: user1,
    ...none,
    ...money,
    status: 'COMPLETED',
    correlation_id: 'evt_3Q0completed',
  },
  {
    canonical_type: 'order_status',
    service: 'order-service',
    order_id: order1,
    user_id: user1,
    ...none,
    ...money,
    status: 'COMPLETED',
    payment_method: 'ONLINE',
  },
  {
    canonical_type: 'order_status',
    service: 'order-service',
    order_id: order1,
    user_id: user1,
    ...none,
    status: 'PROCESSING',
  },
  {
    canonical_type: 'review_created',
    service: 'review-service',
    order_id: order1,
    user_id: user1,
    ...none,
    status: null,
    review_id: review1,
    product_id: product1,
    rating: 5,
  },
  {
    canonical_type: 'review_updated',
    service: 'review-service',
    order_id: null,
    user_id: user1,
    ...none,
    status: null,
    review_id: review1,
    product_id: product1,
    rating: 4,
  },
  {
    canonical_type: 'review_deleted',
    service: 'review-service',
    order_id: null,
    user_id: user1,
    ...none,
    status: null,
    review_id: review1,
    product_id: product1,
  },
  {
    canonical_type: 'order_created',
    service: 'order-service',
    order_id: order2,
    user_id: user2,
    ...none,
    amount: 99_000,
    currency: 'LKR',
    status: 'PENDING',
    payment_method: 'COD',
  },
  {
    canonical_type: 'payment_not_required',
    service: 'payment-service',
    order_id: order2,
    user_id: user2,
    ...none,
    amount: 99_000,
    currency: 'LKR',
    status: 'NOT_REQUIRED',
    payment_method: 'COD',
  },
  {
    canonical_type: 'order_cancelled',
    service: 'order-service',
    order_id: order2,
    user_id: user2,
    ...none,
    status: 'CANCELLED',
  },
];

describe('what the services publish', () => {
  it.each(
    examples.map((example, index) => [index + 1, example.routingKey, moved(example, index), index] as const),
  )('example %i, %s', (_, routingKey, { body }, index) => {
    const { row, items, event } = business(judge(body, amqpOrigin(routingKey)));
    expect(row).toMatchObject({
      ...expected[index],
      event_id: body.eventId,
      event_type: routingKey,
      event_timestamp: Date.parse(body.occurredAt),
      client_timestamp: Date.parse(body.occurredAt),
      received_at: receivedAt,
      source: 'rabbitmq',
      is_bot: 0,
      is_seed: 0,
      session_id: null,
      payload: JSON.stringify(body),
    });
    expect(row.correlation_id).toBe(body.correlationId);
    expect(metaOf(row)).toMatchObject({ routing_key: routingKey });
    expect(event).toMatchObject({ scope: 'domain', alwaysNew: false });
    expect(items).toEqual(
      row.canonical_type === 'order_cancelled'
        ? [
            {
              event_id: row.event_id,
              line_number: 1,
              order_id: order2,
              product_id: 'c0ffee00-0000-4000-8000-0000000000c2',
              quantity: 2,
              unit_price: null,
              line_total: null,
            },
          ]
        : [],
    );
  });

  it('has an example of each', () => {
    expect(expected).toHaveLength(examples.length);
  });
});

const canonicalTypes: readonly (readonly [string, CanonicalType])[] = [
  ['order.created', 'order_created'],
  ['order_created', 'order_created'],
  ['order.cancelled', 'order_cancelled'],
  ['order_cancelled', 'order_cancelled'],
  ['order.status_updated', 'order_status'],
  ['order_status_updated', 'order_status'],
  ['order.ready_for_vendor', 'order_status'],
  ['order.paid', 'order_paid'],
  ['order_paid', 'order_paid'],
  ['payment.completed', 'order_paid'],
  ['payment_completed', 'order_paid'],
  ['payment.succeeded', 'order_paid'],
  ['payment_success', 'order_paid'],
  ['payment.pending', 'payment_pending'],
  ['payment.not_required', 'payment_not_required'],
  ['payment.failed', 'payment_failed'],
  ['payment.refunded', 'refunded'],
  ['refund.created', 'refunded'],
  ['refund_created', 'refunded'],
  ['refund_issued', 'refunded'],
  ['review.created', 'review_created'],
  ['review.submitted', 'review_created'],
  ['review_submitted', 'review_created'],
  ['review.updated', 'review_updated'],
  ['review.deleted', 'review_deleted'],
  ['Order.Created', 'order_created'],
  ['order.archived', 'other'],
  ['inventory.low', 'other'],
  ['purchase', 'other'],
];
const enough = { order_id: 'o-1', review_id: 'r-1', product_id: 'p-1', rating: 3 };

describe('canonical types', () => {
  it.each(canonicalTypes)('%s is %s', (raw, canonical) => {
    const byKey = business(judge(enough, amqpOrigin(raw))).row;
    expect(byKey).toMatchObject({ canonical_type: canonical, event_type: raw });
    const byBody = business(judge({ ...enough, event_type: raw }, amqpOrigin('some.key'))).row;
    expect(byBody).toMatchObject({ canonical_type: canonical, event_type: raw });
    const collected = business(judge({ ...enough, event_type: raw, service: 's' }, collectorOrigin())).row;
    expect(collected).toMatchObject({ canonical_type: canonical, service: 's', source: 'collector' });
  });

  it.each([
    ['order.paid', 'order-service'],
    ['payment.refunded', 'payment-service'],
    ['refund.created', 'payment-service'],
    ['review_submitted', 'review-service'],
    ['inventory.low', 'unknown'],
    ['orders.merged', 'unknown'],
    ['constructor', 'unknown'],
  ])('%s comes from %s', (raw, service) => {
    expect(business(judge(enough, amqpOrigin(raw))).row.service).toBe(service);
  });

  it.each(['ui.hover', 'ui.purchase', 'ui.'])('%s is a dead letter on every road', (raw) => {
    for (const origin of [amqpOrigin(raw), collectorOrigin()]) {
      const letter = letterFrom(judge({ event_type: raw, service: 's' }, origin));
      expect(letter).toMatchObject({ stage: 'validate', reason: 'unknown_event_type', concerns: raw });
    }
  });

  it('a ui.* key with an unknown bare name in its body is one too', () => {
    expect(letterFrom(judge({ event_type: 'hover' }, amqpOrigin('ui.hover'))).reason).toBe(
      'unknown_event_type',
    );
  });

  it('the collector refuses what it does not know, without a service', () => {
    expect(letterFrom(judge({ event_type: 'inventory.low' }, collectorOrigin())).reason).toBe(
      'unknown_event_type',
    );
    // its source is no service name
    const sourced = { event_type: 'inventory.low', source: 'web' };
    expect(letterFrom(judge(sourced, collectorOrigin())).reason).toBe('unknown_event_type');
    expect(business(judge({ ...enough, event_type: 'order.paid' }, collectorOrigin())).row.service).toBe(
      'order-service',
    );
  });

  it('an event without any type', () => {
    for (const body of [{}, { event_type: ' ' }, { event_type: 5 }, { data: { event_type: 'order.paid' } }]) {
      expect(letterFrom(judge(body, collectorOrigin())).reason).toBe('missing_event_type');
    }
  });
});

/* Every alias, object by object, key by key: the table of events.md 4, written out once more by hand. */
const everywhere = [
  'body',
  'meta',
  'data',
  'payload',
  'event',
  'order',
  'payment',
  'review',
  'properties',
] as const;
type Place = (typeof everywhere)[number];
interface Alias {
  readonly column: string;
  readonly keys: readonly string[];
  readonly places: readonly Place[];
  readonly values: readonly [unknown, unknown];
  readonly stored: readonly [unknown, unknown];
}
const texts = (column: string, keys: readonly string[], places: readonly Place[] = everywhere): Alias => ({
  column,
  keys,
  places,
  values: ['Aa-1', 'Bb-2'],
  stored: ['Aa-1', 'Bb-2'],
});
const upper = (column: string, keys: readonly string[]): Alias => ({
  ...texts(column, keys),
  stored: ['AA-1', 'BB-2'],
});
const t1 = isoAt(-3_600_000);
const t2 = isoAt(-7_200_000);
const aliases: readonly Alias[] = [
  texts('event_type', ['event_type', 'eventType', 'type'], ['body', 'meta', 'event']),
  {
    ...texts('event_id', ['event_id', 'eventId'], ['body', 'meta', 'event']),
    values: ['6F9619FF-8B86-D011-B42D-00CF4FC964FF', '00000000-0000-0000-0000-000000000001'],
    stored: ['6f9619ff-8b86-d011-b42d-00cf4fc964ff', '00000000-0000-0000-0000-000000000001'],
  },
  texts('service', ['service', 'service_name', 'serviceName', 'producer', 'source']),
  texts('user_id', ['user_id', 'userId', 'uid', 'customer_id', 'customerId']),
  texts('entity_id', [
    'entity_id',
    'entityId',
    'order_id',
    'orderId',
    'payment_id',
    'paymentId',
    'review_id',
    'reviewId',
    'product_id',
    'productId',
    'cart_id',
    'cartId',
  ]),
  texts('order_id', ['order_id', 'orderId']),
  texts('product_id', ['product_id', 'productId', 'sku']),
  texts('review_id', ['review_id', 'reviewId']),
  texts('session_id', ['session_id', 'sessionId']),
  {
    ...texts('amount', ['total_amount', 'totalAmount', 'total', 'amount', 'subtotal', 'revenue']),
    values: [12.5, '0.07'],
    stored: [1_250, 7],
  },
  upper('currency', ['currency', 'currency_code', 'currencyCode']),
  upper('status', ['newStatus', 'new_status', 'status', 'paymentStatus']),
  upper('payment_method', ['paymentMethod', 'payment_method', 'method']),
  { ...texts('rating', ['rating', 'stars', 'score']), values: [3, '5'], stored: [3, 5] },
  texts('provider', ['provider', 'gateway', 'payment_provider', 'paymentProvider']),
  texts('correlation_id', [
    'correlation_id',
    'correlationId',
    'request_id',
    'requestId',
    'trace_id',
    'traceId',
  ]),
  {
    ...texts(
      'event_timestamp',
      [
        'event_timestamp',
        'eventTimestamp',
        'timestamp',
        'ts',
        'occurred_at',
        'occurredAt',
        'created_at',
        'createdAt',
        'time',
      ],
      ['body', 'meta', 'data', 'event'],
    ),
    values: [t1, t2],
    stored: [Date.parse(t1), Date.parse(t2)],
  },
];

const put = (body: Body, place: Place, key: string, value: unknown): Body =>
  place === 'body'
    ? { ...body, [key]: value }
    : { ...body, [place]: { ...(body[place] as Body), [key]: value } };
const read = (body: Body, column: string): unknown =>
  ({ ...business(judge(body, amqpOrigin('some.key'))).row })[column];

describe.each(aliases.map((alias) => [alias.column, alias] as const))('aliases of %s', (column, alias) => {
  const slots = alias.places.flatMap((place) => alias.keys.map((key) => ({ place, key })));
  const [first, second] = alias.values;

  it.each(slots.map(({ place, key }) => [place, key] as const))('%s.%s', (place, key) => {
    expect(read(put({}, place, key, first), column)).toBe(alias.stored[0]);
  });

  it('each wins over all that come after it, and a blank one over none', () => {
    for (const [index, slot] of slots.entries()) {
      // the next and the last: neighbours in order are all in order
      for (const later of [...slots.slice(index + 1, index + 2), ...slots.slice(index + 2).slice(-1)]) {
        const both = put(put({}, later.place, later.key, second), slot.place, slot.key, first);
        expect(read(both, column), `${slot.place}.${slot.key} before ${later.place}.${later.key}`).toBe(
          alias.stored[0],
        );
        for (const blank of ['', ' \t', null]) {
          const blanked = put(put({}, later.place, later.key, second), slot.place, slot.key, blank);
          expect(read(blanked, column)).toBe(alias.stored[1]);
        }
      }
    }
  });

  it('is not found in other objects', () => {
    const without = read({}, column);
    const others = everywhere.filter((place) => !alias.places.includes(place));
    for (const place of [...others, 'elsewhere' as Place]) {
      for (const key of alias.keys) {
        const found = read(put({}, place, key, first), column);
        if (column === 'event_id') expect(found).not.toBe(alias.stored[0]);
        else expect(found).toBe(without);
      }
    }
  });
});

describe('ids in their own objects', () => {
  it('order.id is an order id, review.id a review id, payment.id neither', () => {
    const { row } = business(
      judge({ order: { id: 'o-1' }, payment: { id: 'pay-1' } }, amqpOrigin('order.paid')),
    );
    expect(row).toMatchObject({ order_id: 'o-1', entity_id: 'o-1' });
    const body = { review: { id: 'r-1', product_id: 'p', rating: 1 } };
    expect(business(judge(body, amqpOrigin('review.created'))).row.review_id).toBe('r-1');
    const letter = letterFrom(judge({ payment: { id: 'pay-1' } }, amqpOrigin('payment.completed')));
    expect(letter.reason).toBe('validation_error:payment.completed');
  });

  it('an order event without an order id is of its entity', () => {
    expect(business(judge({ entityId: 'o-9' }, amqpOrigin('order.paid'))).row).toMatchObject({
      order_id: 'o-9',
      entity_id: 'o-9',
    });
  });

  it('name and action are types when nothing else is', () => {
    expect(business(judge({ ...enough, name: 'order.paid' }, collectorOrigin())).row.event_type).toBe(
      'order.paid',
    );
    expect(business(judge({ ...enough, action: 'order.paid' }, collectorOrigin())).row.event_type).toBe(
      'order.paid',
    );
    expect(business(judge({ ...enough, name: 'order.paid' }, amqpOrigin('some.key'))).row.event_type).toBe(
      'some.key',
    );
  });

  it('the AMQP correlation id wins', () => {
    const origin = amqpOrigin('order.paid', { correlationId: 'c-amqp' });
    expect(business(judge({ ...enough, correlationId: 'c-body' }, origin)).row.correlation_id).toBe('c-amqp');
  });

  it('over the collector the correlation id stands in for the session', () => {
    const body = { ...enough, event_type: 'order.paid', correlationId: 'c-1' };
    expect(business(judge(body, collectorOrigin())).row.session_id).toBe('c-1');
    expect(business(judge({ ...body, session_id: 's-1' }, collectorOrigin())).row.session_id).toBe('s-1');
    expect(business(judge({ ...body, correlationId: '' }, collectorOrigin())).row.session_id).toBeNull();
  });

  it('a user with an @ is nobody', () => {
    const { row } = business(
      judge({ ...enough, user_id: 'me@example.lk', userId: 'u-1' }, amqpOrigin('order.paid')),
    );
    expect(row.user_id).toBeNull();
    expect(metaOf(row).marks).toEqual({ user_id: 'personal' });
  });

  it('UUIDs are folded, other ids are not; numbers are ids', () => {
    const body = { order_id: order1.toUpperCase(), user_id: 'Nimal', product_id: 42 };
    expect(business(judge(body, amqpOrigin('order.paid'))).row).toMatchObject({
      order_id: order1,
      user_id: 'Nimal',
      product_id: '42',
    });
  });
});

describe('amounts', () => {
  const paid = (amount: unknown) => judge({ order_id: 'o', amount }, amqpOrigin('order.paid'));
  it.each([
    [0, 0],
    [-0, 0],
    [2500.5, 250_050],
    [0.1, 10],
    [0.29, 29],
    [1.005, 101],
    [1.004999, 100],
    [8.575, 858],
    [1e-7, 0],
    [0.005, 1],
    [9_999_999_999.99, 999_999_999_999],
    [9_999_999_999.994, 999_999_999_999],
    ['12', 1_200],
    [' 12.345 ', 1_235],
    ['+7.5', 750],
    ['.5', 50],
    ['5.', 500],
    ['0012.30', 1_230],
    ['1e3', 100_000],
    ['9999999999.99', 999_999_999_999],
  ])('%j is %i cents', (amount, cents) => {
    expect(Object.is(business(paid(amount)).row.amount, cents)).toBe(true);
  });

  it.each([
    [-0.01],
    ['-1'],
    [1e10],
    [1e300],
    ['10000000000'],
    [9_999_999_999.995],
    ['99999999999999999999'],
    ['1,2'],
    ['LKR 5'],
    ['five'],
    ['0x10'],
    ['NaN'],
    ['Infinity'],
    [true],
    [{ value: 5 }],
    [[5]],
  ])('%j is none', (amount) => {
    const letter = letterFrom(paid(amount));
    expect(letter.reason).toBe('validation_error:order.paid');
    expect(letter.issues).toMatchObject([{ path: 'amount', code: 'invalid_amount' }]);
  });

  it('none is NULL, not zero', () => {
    expect(business(paid(undefined)).row.amount).toBeNull();
    expect(business(paid(' ')).row.amount).toBeNull();
  });
});

describe('ratings', () => {
  it.each([1, 5, '4'])('%j', (rating) => {
    expect(business(judge({ ...enough, rating }, amqpOrigin('review.created'))).row.rating).toBe(
      Number(rating),
    );
  });
  it.each([0, 6, 4.5, -1, 'good', '4.5', {}, true])('%j is none', (rating) => {
    for (const type of ['review.created', 'review.updated']) {
      const letter = letterFrom(judge({ ...enough, rating }, amqpOrigin(type)));
      expect(letter.reason).toBe(`validation_error:${type}`);
      expect(letter.issues).toMatchObject([{ path: 'rating' }]);
    }
  });
  it('an update need not carry one', () => {
    const { rating: _, ...without } = enough;
    expect(business(judge(without, amqpOrigin('review.updated'))).row.rating).toBeNull();
  });
  it('elsewhere a score may be anything', () => {
    const { row } = business(judge({ ...enough, rating: undefined, score: 97.5 }, amqpOrigin('audit.done')));
    expect(row.rating).toBeNull();
    expect(metaOf(row).marks).toEqual({ rating: 'not_valid' });
  });
});

describe('items', () => {
  const lists = ['items', 'order_items', 'orderItems', 'products', 'line_items', 'lineItems'];
  const cases = lists.flatMap((list) => everywhere.map((place) => [place, list] as const));
  it.each(cases)('%s.%s', (place, list) => {
    const body = put({ order_id: 'o-1' }, place, list, [{ sku: 's-1', qty: 2, price: 10.5 }]);
    expect(business(judge(body, amqpOrigin('order.paid'))).items).toMatchObject([
      {
        line_number: 1,
        order_id: 'o-1',
        product_id: 's-1',
        quantity: 2,
        unit_price: 1_050,
        line_total: null,
      },
    ]);
  });

  const fields: readonly (readonly [string, readonly string[]])[] = [
    ['product_id', ['product_id', 'productId', 'sku', 'id']],
    ['quantity', ['quantity', 'qty', 'count']],
    ['unit_price', ['unit_price', 'unitPrice', 'price']],
    ['line_total', ['line_total', 'lineTotal', 'total']],
  ];
  it.each(fields)('%s', (field, keys) => {
    for (const [index, key] of keys.entries()) {
      const item = Object.fromEntries(keys.slice(index).map((later) => [later, later === key ? '1' : '9']));
      const { items } = business(judge({ order_id: 'o', items: [item] }, amqpOrigin('order.paid')));
      const stored = { product_id: '1', quantity: 1, unit_price: 100, line_total: 100 }[field];
      expect({ ...items[0] }[field], key).toBe(stored);
    }
  });

  it('an empty list is passed over, a bad line is marked and loses no order', () => {
    const items = [
      { productId: product1.toUpperCase(), qty: 0, price: 0 },
      'p-2',
      { productId: 'x'.repeat(65), qty: 1.5, price: -1, total: 'much' },
      {},
      { sku: 'last', count: '3' },
    ];
    const { items: rows, row } = business(
      judge({ order_id: 'o', items: [], products: items }, amqpOrigin('order.paid')),
    );
    expect(rows).toMatchObject([
      { line_number: 1, product_id: product1, quantity: 0, unit_price: 0 },
      { line_number: 5, product_id: 'last', quantity: 3 },
    ]);
    expect(metaOf(row).marks).toEqual({
      'items.2': 'not_an_object',
      'items.3.product_id': 'too_long',
      'items.3.quantity': 'not_valid',
      'items.3.unit_price': 'not_valid',
      'items.3.line_total': 'not_valid',
    });
  });

  it('a flood of lines is refused', () => {
    const body = { order_id: 'o', items: Array.from({ length: 1_001 }, () => ({})) };
    expect(letterFrom(judge(body, amqpOrigin('order.paid'))).reason).toBe('validation_error:order.paid');
  });
});

describe('reasons name the type', () => {
  it.each([
    ['order.created', 'order.created'],
    ['order_created', 'order_created'],
    ['payment_success', 'payment_success'],
    ['refund_issued', 'refund_issued'],
    ['inventory.low', 'other'],
  ])('%s: validation_error:%s', (raw, named) => {
    const letter = letterFrom(judge({ amount: -1 }, amqpOrigin(raw)));
    expect(letter.reason).toBe(`validation_error:${named}`);
  });
});

describe('logs', () => {
  it('an API request', () => {
    const body = {
      event_type: 'api_request_log',
      service: 'gateway',
      endpoint: '/orders',
      method: 'GET',
      status_code: 0,
      response_time_ms: 0,
      request_size_bytes: 0,
      ip_address: '198.51.100.77',
      user_agent: 'curl',
      correlation_id: 'c',
    };
    const event = eventOf(judge(body, collectorOrigin()));
    expect(event.table).toBe('api_request_logs');
    expect(event.row).toMatchObject({
      canonical_type: 'other',
      service: 'gateway',
      status_code: 0,
      response_time_ms: 0,
      request_size_bytes: 0,
      response_size_bytes: null,
      ip_address: '198.51.100.0',
      session_id: 'c',
    });
    expect(event.row.payload).not.toContain('198.51.100.77');
  });

  it('a named type wins over the presence of a service', () => {
    const event = eventOf(
      judge({ event_type: 'db_query_perf', service: 'orders', execution_time_ms: 3 }, collectorOrigin()),
    );
    expect(event.table).toBe('db_query_perf');
    const web = eventOf(
      judge({ event_type: 'page_view', service: 'orders', page_url: '/' }, collectorOrigin()),
    );
    expect(web.table).toBe('page_view_events');
  });
});
