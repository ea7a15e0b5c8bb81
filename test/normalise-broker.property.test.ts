import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uiMessageOf } from '../ingest/ui-message.ts';
import {
  amqpOrigin,
  eventOf,
  isoAt,
  judge,
  least,
  metaOf,
  receivedAt,
  throughBroker,
  trackOrigin,
  webRow,
} from './support/ingesting.ts';

/*
 * The same event sent direct and through the broker is one event: fingerprint, content hash and Bronze row are
 * equal, save payload and meta's facts of the transport. Whatever /track accepts, the consumer accepts.
 */

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.constantFrom(
    '',
    '  ',
    ' s-1 ',
    'me@example.lk',
    'x'.repeat(64),
    'x'.repeat(65),
    '6F9619FF-8B86-D011-B42D-00CF4FC964FF',
    '\ud800',
    'a\0b',
    '0',
  ),
  fc.string({ minLength: 60, maxLength: 600 }),
);
const scalar = fc.oneof(
  text,
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const number = fc.oneof(
  fc.nat(),
  fc.constantFrom(0, 1, '7', ' ', null, 12.75),
  fc.double({ min: 0, max: 1e6, noNaN: true }),
);
const key = fc.oneof(
  fc.string(),
  fc.constantFrom(
    '10',
    '9',
    'a',
    'colour',
    'interaction_type',
    'ip',
    'ip_address',
    'user_agent',
    'x',
    'product_id',
    'order_id',
    'sku',
    'uid',
  ),
);
const object = fc.dictionary(
  key.filter((one) => one !== '__proto__'),
  fc.oneof(
    scalar,
    fc.array(scalar, { maxLength: 3 }),
    fc.dictionary(
      fc.string().filter((one) => one !== '__proto__'),
      scalar,
      { maxKeys: 3 },
    ),
  ),
  { maxKeys: 6 },
);

const optional = fc.record(
  {
    event_id: fc.oneof(
      fc.uuid(),
      fc.uuid().map((id) => id.toUpperCase()),
    ),
    event_timestamp: fc.constantFrom(
      isoAt(-1_000),
      isoAt(-86_400_000),
      receivedAt - 5,
      isoAt(-1_000).replace('Z', '9999'),
      null,
    ),
    sent_at: fc.constantFrom(isoAt(0), isoAt(-120_000), isoAt(7_200_000)),
    user_id: text,
    uid: text,
    correlation_id: text,
    requestId: text,
    entity_id: text,
    properties: fc.oneof(object, fc.constant(null)),
    referrer_url: text,
    utm_source: text,
    utm_medium: text,
    utm_campaign: text,
    time_on_prev_page: number,
    load_time_ms: number,
    element_id: text,
    x: number,
    y: number,
    viewport_w: number,
    quantity: fc.constantFrom(1, 1_000, '3', null),
    order_id: text,
    orderId: text,
    product_id: text,
    sku: text,
    interaction_type: fc.constantFrom('add_to_cart', 'checkout_started', 'purchase'),
    is_bot: fc.boolean(),
    data: object,
    order: object,
    meta: object,
    payload: object,
    colour: text,
    name: text,
    id: fc.uuid(),
    ip_address: fc.constantFrom('198.51.100.77', 'unknown'),
  },
  { requiredKeys: [] },
);
const required = fc.record({
  type: fc.constantFrom('page_view', 'click', 'add_to_cart', 'begin_checkout'),
  session_id: fc.oneof(fc.constant('s-1'), fc.uuid(), text),
  page_url: fc.oneof(
    fc.constantFrom(
      '/',
      'https://shop.lk/products/P-1?x=1',
      '/products/6F9619FF-8B86-D011-B42D-00CF4FC964FF',
      `/products/${'p'.repeat(70)}`,
      `/${'ඩ'.repeat(500)}`,
    ),
    fc.webUrl(),
    text,
  ),
} satisfies Record<string, fc.Arbitrary<unknown>>);
const origins = fc.record({
  userAgent: fc.option(fc.oneof(fc.constantFrom('curl/8.0', 'Googlebot/2.1', 'x'.repeat(600)), fc.string()), {
    nil: undefined,
  }),
  ip: fc.option(fc.oneof(fc.ipV4(), fc.ipV6()), { nil: undefined }),
  local: fc.boolean(),
});
const stores = fc.constantFrom('truncated', 'full', 'none') as fc.Arbitrary<'truncated' | 'full' | 'none'>;

const facts = (meta: Record<string, unknown>) => ({
  user_agent: meta.user_agent,
  ip_address: meta.ip_address,
  correlation_id: meta.correlation_id,
  sent_at: meta.sent_at,
  marks: meta.marks,
});

describe('direct and through the broker', () => {
  it('is one event', () => {
    let accepted = 0;
    fc.assert(
      fc.property(
        required,
        optional,
        origins,
        stores,
        fc.nat(5),
        ({ type, ...must }, may, peer, storeIp, ordinal) => {
          const body = { ...least[type], ...may, ...must, event_type: type };
          const judged = judge(JSON.stringify(body), trackOrigin(peer), { storeIp, ordinal });
          if (judged.kind !== 'event') return;
          accepted += 1;
          const direct = judged.event;
          const met = eventOf(throughBroker(direct, 60_000, storeIp));
          const { payload: _p, meta, ...row } = direct.row;
          const { payload: _q, meta: otherMeta, ...otherRow } = met.row;
          expect(otherRow).toEqual(row);
          expect(met).toMatchObject({
            table: direct.table,
            fingerprint: direct.fingerprint,
            contentHash: direct.contentHash,
            scope: 'ui',
          });
          expect(facts(metaOf({ meta: otherMeta }))).toEqual(facts(metaOf({ meta })));
        },
      ),
      { numRuns: 1_500 },
    );
    // the property would hold of nothing
    expect(accepted).toBeGreaterThan(300);
  });

  it('also where the envelope goes beyond the bounds of a body', () => {
    const nest = (levels: number): object => (levels === 0 ? {} : { a: nest(levels - 1) });
    const many = Object.fromEntries(Array.from({ length: 993 }, (_, index) => [`k${index}`, index]));
    for (const more of [{ deep: nest(30) }, { properties: nest(30) }, { properties: many }, many]) {
      const judged = judge({ ...least.click, ...more }, trackOrigin());
      const direct = eventOf(judged);
      const met = throughBroker(direct);
      expect(webRow(met).properties).toBe(webRow(judged).properties);
      expect(eventOf(met).contentHash).toBe(direct.contentHash);
    }
  });
});

describe('the published message', () => {
  it('is flat, with the envelope of events.md 2', () => {
    const body = {
      ...least.add_to_cart,
      event_id: '6f9619ff-8b86-4d01-b42d-00cf4fc964ff',
      event_timestamp: isoAt(-1_000),
      user_id: 'u-1',
      colour: 'red',
    };
    const message = uiMessageOf(eventOf(judge(body, trackOrigin({ userAgent: 'UA', local: true }))));
    expect(message).toMatchObject({
      routingKey: 'ui.add_to_cart',
      messageId: body.event_id,
      correlationId: 's-1',
      timestamp: receivedAt - 1_000,
    });
    expect(JSON.parse(message.body.toString())).toEqual({
      event_id: body.event_id,
      event_timestamp: isoAt(-1_000),
      client_timestamp: isoAt(-1_000),
      received_at: isoAt(0),
      correlation_id: null,
      service: 'web',
      event_type: 'add_to_cart',
      user_id: 'u-1',
      entity_id: 'p-1',
      session_id: 's-1',
      page_url: '/cart',
      product_id: 'p-1',
      quantity: 1,
      element_id: 'btn_add_to_cart',
      properties: { colour: 'red' },
      payload: {
        session_id: 's-1',
        page_url: '/cart',
        user_id: 'u-1',
        product_id: 'p-1',
        quantity: 1,
        element_id: 'btn_add_to_cart',
      },
      meta: { user_agent: 'UA', ip_address: '203.0.113.0', is_bot: false },
    });
  });

  it('carries the correlation id where one was given', () => {
    const event = eventOf(
      judge({ ...least.begin_checkout, order_id: 'o-1', correlation_id: 'c-1' }, trackOrigin()),
    );
    const message = uiMessageOf(event);
    expect(message.correlationId).toBe('c-1');
    expect(JSON.parse(message.body.toString())).toMatchObject({ correlation_id: 'c-1', entity_id: 'o-1' });
  });

  it('is made of web events only', () => {
    const order = eventOf(judge({ order_id: 'o' }, amqpOrigin('order.paid')));
    expect(() => uiMessageOf(order)).toThrow(expect.objectContaining({ code: 'KADA_NO_UI_EVENT' }));
  });
});
