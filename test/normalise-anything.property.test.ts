import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Origin } from '../ingest/delivery.ts';
import { amqpOrigin, collectorOrigin, isoAt, judge, receivedAt, trackOrigin } from './support/ingesting.ts';

/*
 * Whatever comes, by whichever road: nothing is thrown, a letter has a reason and is bounded, and a row fits its
 * columns, so that one that passed validation cannot fail its INSERT.
 */

const lengths: Readonly<Record<string, number>> = {
  session_id: 64,
  user_id: 64,
  product_id: 64,
  order_id: 64,
  entity_id: 64,
  review_id: 64,
  correlation_id: 64,
  page_url: 2_000,
  page_path: 400,
  referrer_url: 2_000,
  utm_source: 100,
  utm_medium: 100,
  utm_campaign: 100,
  element_id: 255,
  form_id: 255,
  field_id: 255,
  action: 64,
  error_message: 500,
  query: 500,
  user_agent: 500,
  ip_address: 64,
  service: 64,
  event_type: 128,
  endpoint: 500,
  method: 16,
  database_name: 128,
  table_name: 128,
  query_type: 64,
  query_hash: 64,
  currency: 10,
  payment_method: 32,
  status: 32,
  provider: 64,
};
const wholes = [
  'time_on_prev_page_seconds',
  'load_time_ms',
  'x',
  'y',
  'viewport_w',
  'viewport_h',
  'quantity',
  'time_spent_ms',
  'results_count',
  'rating',
  'status_code',
  'response_time_ms',
  'request_size_bytes',
  'response_size_bytes',
  'execution_time_ms',
  'rows_affected',
];
const required = [
  'service',
  'endpoint',
  'method',
  'status_code',
  'response_time_ms',
  'execution_time_ms',
  'event_type',
];

const keys = [
  ...Object.keys(lengths),
  ...wholes,
  'scroll_depth_pct',
  'filters',
  'properties',
  'metric_name',
  'metric_value',
  'stage',
  'message',
  'event_id',
  'eventId',
  'id',
  'eventType',
  'type',
  'name',
  'userId',
  'orderId',
  'sku',
  'amount',
  'total',
  'items',
  'products',
  'timestamp',
  'occurredAt',
  'sent_at',
  'correlationId',
  'ip',
  'score',
  'received_at',
  'client_timestamp',
  'is_bot',
  '10',
  'colour',
];
const types = [
  'page_view',
  'click',
  'add_to_cart',
  'begin_checkout',
  'scroll',
  'form_interaction',
  'search',
  'api_request_log',
  'db_query_perf',
  'performance',
  'cart_action',
  'checkout',
  'purchase_view',
  'frontend_error',
  'order.created',
  'order_paid',
  'payment.completed',
  'refund_issued',
  'review.created',
  'review.updated',
  'review.deleted',
  'x.y',
  'ui.click',
];
const scalar = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'binary', minLength: 40, maxLength: 2_100 }),
  fc.constantFrom('', ' ', 'o-1', 'p-1', '/products/p-1', 5, 3, '4', 1, 0, -1, 12.345, '2500.50', true, null),
  fc.constantFrom(
    isoAt(-1_000),
    receivedAt,
    isoAt(-9e10),
    'soon',
    'ß'.repeat(64),
    `${'x'.repeat(63)}😀`,
    '10.0.0.77',
  ),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const flat = fc.dictionary(fc.constantFrom(...keys), scalar, { maxKeys: 12 });
const value = fc.oneof(
  { weight: 8, arbitrary: scalar },
  flat,
  fc.array(fc.oneof(flat, scalar), { maxLength: 3 }),
);
const body = fc
  .tuple(
    fc.constantFrom(...types),
    // enough to be accepted often
    fc.constantFrom<object>(
      {},
      {
        session_id: 's-1',
        page_url: '/products/p-1',
        element_id: 'e',
        product_id: 'p',
        order_id: 'o',
        review_id: 'r',
        rating: 4,
      },
      {
        service: 's',
        endpoint: '/',
        method: 'GET',
        status_code: 200,
        response_time_ms: 1,
        execution_time_ms: 2,
      },
    ),
    fc.dictionary(
      fc.constantFrom(...keys, 'meta', 'data', 'payload', 'event', 'order', 'payment', 'review'),
      value,
      { maxKeys: 10 },
    ),
  )
  .map(([event_type, enough, random]) => ({ event_type, ...enough, ...random }));
const origins: fc.Arbitrary<Origin> = fc.oneof(
  fc.constantFrom(trackOrigin(), trackOrigin({ typedRoute: 'click' }), collectorOrigin()),
  fc
    .tuple(
      fc.constantFrom(...types, 'ui.page_view', 'ui.nothing', 'k'.repeat(200)),
      fc.option(fc.string(), { nil: undefined }),
      fc.constantFrom(undefined, 'kada-tracking'),
    )
    .map(([key, id, appId]) => amqpOrigin(key, { messageId: id, correlationId: id, appId })),
);

const reason = /^(missing_event_type|unknown_event_type|timestamp_out_of_range|validation_error:[a-z_.]+)$/;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const sha256 = /^[0-9a-f]{64}$/;
const unsound = /\p{Surrogate}|\0/u;

const check = (row: Readonly<Record<string, unknown>>): void => {
  for (const [column, found] of Object.entries(row)) {
    if (typeof found === 'string') {
      expect(found.length, column).toBeLessThanOrEqual(lengths[column] ?? Number.POSITIVE_INFINITY);
      expect(unsound.test(found), column).toBe(false);
      // 'a' = 'a ' on SQL Server; the payload is what came
      if (column !== 'payload' && column !== 'page_path') expect(found, column).toBe(found.trim());
      if (column in lengths) expect(found, column).not.toBe('');
    } else if (typeof found === 'number') {
      expect(Number.isFinite(found) && !Object.is(found, -0), column).toBe(true);
      if (wholes.includes(column)) {
        expect(Number.isInteger(found) && Math.abs(found) <= 2_147_483_647, column).toBe(true);
      }
    } else {
      expect(found, column).toBeNull();
      expect(required, column).not.toContain(column);
    }
  }
};

describe('whatever comes', () => {
  it('is a row that fits, or a letter with a reason', () => {
    let events = 0;
    let letters = 0;
    fc.assert(
      fc.property(body, origins, fc.constantFrom('truncated', 'full', 'none'), (what, origin, storeIp) => {
        const judged = judge(what, origin, { storeIp: storeIp as 'truncated' | 'full' | 'none' });
        if (judged.kind === 'dead-letter') {
          letters += 1;
          const { letter } = judged;
          expect(letter.reason).toMatch(reason);
          expect(letter.fingerprint).toMatch(sha256);
          expect(letter.issues.length).toBeGreaterThan(0);
          expect(letter.issues.length).toBeLessThanOrEqual(20);
          expect(Buffer.byteLength(letter.detail)).toBeLessThanOrEqual(4_096);
          expect(() => JSON.parse(letter.context)).not.toThrow();
          return;
        }
        events += 1;
        const { event } = judged;
        check({ ...event.row });
        expect(event.row.event_id).toMatch(uuid);
        expect(event.fingerprint).toMatch(sha256);
        expect(event.contentHash).toMatch(sha256);
        expect(Math.abs(event.row.event_timestamp - event.row.received_at)).toBeLessThanOrEqual(
          365 * 86_400_000,
        );
        expect(JSON.parse(event.row.meta)).toBeTypeOf('object');
        if (event.table !== 'business_events') return;
        const { amount } = event.row;
        expect(
          amount === null || (Number.isInteger(amount) && amount >= 0 && amount <= 999_999_999_999),
        ).toBe(true);
        for (const item of event.items) check({ ...item });
      }),
      { numRuns: 2_000, endOnFailure: true },
    );
    expect(Math.min(events, letters)).toBeGreaterThan(200);
  });
});
