import { describe, expect, it } from 'vitest';
import { decodeMessage } from '../ingest/decode.ts';
import { createNormaliser } from '../ingest/normalise.ts';
import { pagePathOf, productOfPath } from '../ingest/page-path.ts';
import {
  amqpOrigin,
  collectorOrigin,
  eventOf,
  isoAt,
  judge,
  least,
  letterFrom,
  metaOf,
  receivedAt,
  throughBroker,
  trackOrigin,
  webRow,
} from './support/ingesting.ts';

/*
 * Web events: what the public may say, where each field lands, who is a bot, and what is stored of an address.
 */

const track = trackOrigin();
const collector = collectorOrigin();
const { page_view, click, add_to_cart, begin_checkout } = least;
const uuid = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
const propertiesOf = (row: { readonly properties: string | null }): unknown =>
  row.properties === null ? null : JSON.parse(row.properties);

describe('page_path', () => {
  it.each([
    ['https://shop.lk/products/p-1?x=1#top', '/products/p-1'],
    ['https://shop.lk', '/'],
    ['https://shop.lk/', '/'],
    ['https://shop.lk?x=/a', '/'],
    ['https://shop.lk#/a', '/'],
    ['http://localhost:3000/cart/', '/cart'],
    ['HTTPS://Shop.lk/Cart', '/Cart'],
    ['//shop.lk/cart', '/cart'],
    ['//shop.lk', '/'],
    ['/cart//', '/cart'],
    ['/', '/'],
    ['/?a=1', '/'],
    ['?a=1', '/'],
    ['#top', '/'],
    ['/a?next=https://other.lk/b', '/a'],
    ['/a#b?c', '/a'],
    ['/a?b#c', '/a'],
    ['/a/../b/./c', '/a/../b/./c'],
    ['/a%20b/%E0%B6%9A', '/a%20b/%E0%B6%9A'],
    ['/කඩ මණ්ඩිය', '/කඩ මණ්ඩිය'],
    ['/a;b=c', '/a;b=c'],
    [`/orders/${uuid.toUpperCase()}/items`, `/orders/${uuid}/items`],
    [`https://shop.lk/products/${uuid.toUpperCase()}`, `/products/${uuid}`],
    [`/x-${uuid.toUpperCase()}`, `/x-${uuid.toUpperCase()}`],
    [`/${uuid.toUpperCase()}x`, `/${uuid.toUpperCase()}x`],
    [`/${'a'.repeat(399)}`, `/${'a'.repeat(399)}`],
    [`/${'a'.repeat(400)}`, `/${'a'.repeat(399)}`],
    [`/${'a'.repeat(398)}😀`, `/${'a'.repeat(398)}`],
    [`/${'a'.repeat(398)}/b`, `/${'a'.repeat(398)}`],
    ['android-app://com.kada/products/1', '/products/1'],
  ])('%s → %s', (url, path) => {
    expect(pagePathOf(url)).toBe(path);
    expect(webRow(judge({ ...page_view, page_url: url }, track)).page_path).toBe(path);
  });

  it.each([
    ['/products/p-1', 'p-1'],
    ['/products/p-1/reviews', 'p-1'],
    ['/products/', null],
    ['/products', null],
    ['/products//x', null],
    ['/vendor/products/p-1', null],
    ['/productsx/p-1', null],
    ['/Products/p-1', null],
  ])('product of %s is %s', (path, product) => {
    expect(productOfPath(path)).toBe(product);
    expect(webRow(judge({ ...page_view, page_url: path }, track)).product_id).toBe(product);
  });
});

describe('product_id', () => {
  const at = { ...page_view, page_url: `https://shop.lk/products/${uuid.toUpperCase()}` };
  it('the field, else properties, else the path', () => {
    expect(webRow(judge({ ...at, product_id: 'f', properties: { product_id: 'q' } }, track)).product_id).toBe(
      'f',
    );
    expect(webRow(judge({ ...at, properties: { product_id: 'q' } }, track)).product_id).toBe('q');
    expect(webRow(judge(at, track)).product_id).toBe(uuid);
  });
  it('stands where its table has a column', () => {
    for (const body of [begin_checkout, { ...page_view, event_type: 'scroll' }]) {
      expect(webRow(judge({ ...body, page_url: '/products/p-1' }, collector)).product_id).toBeNull();
    }
  });
});

describe('event types', () => {
  it.each(['page_view', 'click', 'add_to_cart', 'begin_checkout'] as const)(
    '%s by every name and road',
    (type) => {
      const { event_type: _, ...rest } = least[type];
      const table = {
        page_view: 'page_view_events',
        click: 'click_events',
        add_to_cart: 'cart_events',
        begin_checkout: 'checkout_events',
      }[type];
      const events = [
        eventOf(judge({ ...rest, event_type: type }, track)),
        eventOf(judge({ ...rest, event_type: `ui.${type}` }, track)),
        eventOf(judge({ ...rest, eventType: type }, track)),
        eventOf(judge({ ...rest, type }, track)),
        eventOf(judge({ ...rest, name: type }, track)),
        eventOf(judge(rest, trackOrigin({ typedRoute: type }))),
        eventOf(judge({ ...rest, event_type: 'click' }, trackOrigin({ typedRoute: type }))),
        eventOf(judge(rest, amqpOrigin(`ui.${type}`))),
        eventOf(judge({ ...rest, event_type: type }, amqpOrigin('web.events'))),
        eventOf(judge({ ...rest, event_type: type }, collector)),
      ].slice(0, type === 'page_view' || type === 'begin_checkout' ? undefined : 6);
      for (const event of events) {
        expect(event.table).toBe(table);
        expect(event.row.canonical_type).toBe(type);
      }
    },
  );

  it.each([
    'scroll',
    'search',
    'order.created',
    'order_created',
    'performance',
    'api_request_log',
    'ui.hover',
    'x',
  ])('the public /track takes no %s', (event_type) => {
    const letter = letterFrom(judge({ ...page_view, event_type, service: 's', order_id: 'o' }, track));
    expect(letter).toMatchObject({ reason: 'unknown_event_type', source: 'tracking', stage: 'validate' });
  });

  it.each([
    ['scroll', 'scroll_events'],
    ['form_interaction', 'form_events'],
    ['search', 'search_events'],
  ])('%s over the collector and the broker', (type, table) => {
    expect(eventOf(judge({ event_type: type, page_url: '/' }, collector)).table).toBe(table);
    expect(eventOf(judge({ page_url: '/' }, amqpOrigin(`ui.${type}`))).table).toBe(table);
  });

  it.each([
    ['add_to_cart', 'add_to_cart'],
    [' Add_To_Cart ', 'add_to_cart'],
    ['begin_checkout', 'begin_checkout'],
    ['checkout_started', 'begin_checkout'],
    ['purchase', 'click'],
    ['purchase_completed', 'click'],
    ['constructor', 'click'],
    [5, 'click'],
  ])('a click that says %j is %s, in click_events', (interaction_type, canonical) => {
    for (const event of [
      eventOf(judge({ ...click, properties: { interaction_type } }, track)),
      eventOf(judge({ ...click, interaction_type }, track)),
    ]) {
      expect(event.table).toBe('click_events');
      expect(event.row.canonical_type).toBe(canonical);
      expect(eventOf(throughBroker(event)).row.canonical_type).toBe(canonical);
    }
  });
});

describe('properties', () => {
  it('takes in what no contract knows, and nothing that one does', () => {
    const body = {
      ...add_to_cart,
      event_id: uuid,
      event_timestamp: isoAt(0),
      sent_at: isoAt(0),
      sentAt: isoAt(0),
      attempt: 3,
      user_id: 'u',
      correlation_id: 'c',
      entity_id: 'e',
      quantity: 2,
      element_id: 'b',
      service: 'x',
      source: 'y',
      payload: { product_id: 'p-1' },
      meta: { user_agent: 'z' },
      colour: 'red',
      price: 12.5,
      data: { nested: [1] },
      blank: ' ',
      properties: { size: 'L', colour: 'blue' },
    };
    expect(propertiesOf(webRow(judge(body, track)))).toEqual({
      colour: 'blue',
      data: { nested: [1] },
      price: 12.5,
      size: 'L',
    });
  });
  it('is NULL when there is nothing', () => {
    expect(webRow(judge(page_view, track)).properties).toBeNull();
    expect(webRow(judge({ ...page_view, properties: {} }, track)).properties).toBeNull();
  });
  it('is canonical JSON, also with keys that look like numbers', () => {
    const row = webRow(
      judge({ ...page_view, properties: { b: 1, 10: 'x', 9: 'y', a: { d: 1, c: 2 } } }, track),
    );
    expect(row.properties).toBe('{"10":"x","9":"y","a":{"c":2,"d":1},"b":1}');
  });
  it('keeps a field of another type', () => {
    expect(propertiesOf(webRow(judge({ ...click, referrer_url: '/r', quantity: 3 }, track)))).toEqual({
      quantity: 3,
      referrer_url: '/r',
    });
  });
});

describe('what the public may not set', () => {
  const claims = {
    is_seed: true,
    is_bot: true,
    service: 'order-service',
    source: 'rabbitmq',
    canonical_type: 'order_paid',
    received_at: '2020-01-01T00:00:00Z',
    client_timestamp: '2020-01-01T00:00:00Z',
    meta: { seed_run_id: 'run-1', is_bot: true },
  };
  it('seeds, bots, sources, types and clocks', () => {
    const row = webRow(judge({ ...page_view, ...claims }, track));
    expect(row).toMatchObject({
      is_seed: 0,
      is_bot: 0,
      source: 'tracking',
      canonical_type: 'page_view',
      received_at: receivedAt,
      client_timestamp: null,
      event_timestamp: receivedAt,
      properties: null,
    });
  });
  it('on other roads a seed says so', () => {
    const seed = { ...page_view, meta: { seed_run_id: 'run-1' } };
    expect(webRow(judge(seed, collector)).is_seed).toBe(1);
    expect(webRow(judge(seed, amqpOrigin('ui.page_view'))).is_seed).toBe(1);
    expect(webRow(judge({ ...seed, meta: { seed_run_id: ' ' } }, collector)).is_seed).toBe(0);
  });
});

describe('zero is a value', () => {
  it('x, y, viewport and times', () => {
    const zeros = { x: 0, y: 0, viewport_w: 0, viewport_h: 0 };
    expect(webRow(judge({ ...click, ...zeros }, collector))).toMatchObject(zeros);
    const times = { time_on_prev_page_seconds: 0, load_time_ms: 0 };
    expect(webRow(judge({ ...page_view, ...times }, track))).toMatchObject(times);
    expect(webRow(judge({ ...page_view, time_on_prev_page: 0 }, track)).time_on_prev_page_seconds).toBe(0);
  });
});

describe('sessions', () => {
  it('over AMQP a blank one is NULL', () => {
    expect(
      webRow(judge({ ...page_view, session_id: ' ' }, amqpOrigin('ui.page_view'))).session_id,
    ).toBeNull();
  });
  it('over the collector the correlation id stands in', () => {
    const { session_id: _, ...rest } = page_view;
    expect(webRow(judge({ ...rest, correlation_id: 'c-1' }, collector)).session_id).toBe('c-1');
    expect(webRow(judge(rest, collector)).session_id).toBeNull();
  });
  it("the correlation id is in meta, AMQP's first", () => {
    const origin = amqpOrigin('ui.page_view', { correlationId: 'c-2' });
    expect(metaOf(webRow(judge({ ...page_view, correlation_id: 'c-1' }, origin)))).toMatchObject({
      correlation_id: 'c-2',
    });
    expect(metaOf(webRow(judge({ ...page_view, correlation_id: 'c-1' }, track)))).toMatchObject({
      correlation_id: 'c-1',
    });
  });
});

const bot = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';
describe('bots', () => {
  it.each([
    ['a crawler on /track', page_view, trackOrigin({ userAgent: bot }), 1],
    ['curl on /track', page_view, trackOrigin({ userAgent: 'curl/8.5.0' }), 1],
    ['curl on loopback', page_view, trackOrigin({ userAgent: 'curl/8.5.0', local: true }), 0],
    ['a browser', page_view, track, 0],
    ['no agent', page_view, trackOrigin({ userAgent: undefined }), 0],
    ['a keyed caller', page_view, collectorOrigin({ userAgent: bot }), 0],
    ['a keyed caller that hands an agent on', { ...click, user_agent: bot }, collector, 0],
    [
      'a message whose meta says so',
      { ...page_view, meta: { user_agent: bot } },
      amqpOrigin('ui.page_view'),
      1,
    ],
    [
      'a message that only claims it',
      { ...page_view, meta: { is_bot: true } },
      amqpOrigin('ui.page_view'),
      0,
    ],
  ] as const)('%s', (_, body, origin, flag) => {
    expect(webRow(judge(body, origin)).is_bot).toBe(flag);
  });
  it('only web events can be', () => {
    const body = { order_id: 'o', meta: { user_agent: bot } };
    expect(eventOf(judge(body, amqpOrigin('order.paid'))).row.is_bot).toBe(0);
  });
  it('the tracking API decides for the broker', () => {
    const crawler = eventOf(judge(page_view, trackOrigin({ userAgent: bot })));
    expect(eventOf(throughBroker(crawler)).row.is_bot).toBe(1);
    const local = eventOf(judge(page_view, trackOrigin({ userAgent: 'curl/8', local: true })));
    expect(eventOf(throughBroker(local)).row.is_bot).toBe(0);
  });
});

describe('addresses', () => {
  it.each([
    ['203.0.113.77', 'truncated', '203.0.113.0'],
    ['2001:db8:1:2:3:4:5:6', 'truncated', '2001:db8:1::'],
    ['::ffff:203.0.113.77', 'truncated', '203.0.113.0'],
    ['fe80::1%eth0', 'truncated', 'fe80::'],
    ['::1', 'truncated', '::'],
    ['203.0.113.77', 'full', '203.0.113.77'],
    ['203.0.113.77', 'none', null],
    ['not an address', 'truncated', null],
    ['1', 'truncated', null],
    [undefined, 'truncated', null],
  ] as const)('%s with STORE_IP=%s is %s', (ip, storeIp, kept) => {
    const row = webRow(judge(click, trackOrigin({ ip }), { storeIp }));
    expect(row.ip_address).toBe(kept);
    expect(metaOf(row).ip_address ?? null).toBe(kept);
  });

  it('neither row nor letter holds more than STORE_IP allows', () => {
    const full = '198.51.100.77';
    const nested = {
      ip_address: full,
      data: { clientIp: full, list: [{ 'X-Forwarded-For': `${full}, 203.0.113.9` }] },
      properties: { ip: full },
    };
    const judged = [
      judge({ ...click, ...nested }, track),
      judge({ ...click, ...nested }, collector),
      judge({ ...click, ...nested, meta: { ip_address: full } }, amqpOrigin('ui.click')),
      judge({ ...nested, order_id: 'o' }, amqpOrigin('order.paid')),
      judge({ ...click, ...nested, page_url: '' }, track),
      judge({ ...nested, order_id: '' }, amqpOrigin('order.paid')),
    ];
    for (const one of judged) {
      expect(JSON.stringify(one)).not.toContain(full);
      expect(JSON.stringify(one)).not.toContain('203.0.113.77');
      expect(JSON.stringify(one)).toContain('198.51.100.0');
    }
    const none = judge({ ...click, ...nested }, collector, { storeIp: 'none' });
    expect(JSON.stringify(none)).not.toContain('198.51.100');
    const kept = judge({ ...click, ...nested }, collector, { storeIp: 'full' });
    expect(webRow(kept).ip_address).toBe(full);
    expect(webRow(kept).payload).toBe(JSON.stringify({ ...click, ...nested }));
  });

  it('the payload stays as it was where nothing is taken out', () => {
    const text = `{ "ip_address" : "10.0.0.0",  ${JSON.stringify(click).slice(1)}`;
    expect(webRow(judge(text, collector)).payload).toBe(text);
  });
});

describe('a click keeps who made it', () => {
  it('the connection on /track, the body over the collector, meta over the broker', () => {
    expect(webRow(judge(click, track))).toMatchObject({ ip_address: '203.0.113.0' });
    const body = { ...click, user_agent: 'UA', ip_address: '10.1.2.3' };
    expect(webRow(judge(body, collector))).toMatchObject({ user_agent: 'UA', ip_address: '10.1.2.0' });
    expect(webRow(judge(click, collector))).toMatchObject({ user_agent: null, ip_address: null });
    const message = { ...click, meta: { user_agent: 'UA', ip_address: '10.1.2.3' } };
    expect(webRow(judge(message, amqpOrigin('ui.click')))).toMatchObject({
      user_agent: 'UA',
      ip_address: '10.1.2.0',
    });
  });
});

describe('always new', () => {
  it('neither id nor time: each is an event of its own, 1 ms apart in a batch', () => {
    const events = [0, 1, 2].map((ordinal) => eventOf(judge(click, track, { ordinal })));
    expect(events.map(({ row }) => row.event_timestamp - receivedAt)).toEqual([0, 1, 2]);
    expect(new Set(events.map(({ fingerprint }) => fingerprint)).size).toBe(3);
    expect(events.every(({ alwaysNew }) => alwaysNew)).toBe(true);
    expect(events.every(({ row }) => row.received_at === receivedAt && row.client_timestamp === null)).toBe(
      true,
    );
  });
  it('an id or a time of its own: none is', () => {
    for (const body of [
      { ...click, event_id: uuid },
      { ...click, event_timestamp: isoAt(-5) },
      { ...click, meta: { ts: isoAt(-5) } },
    ]) {
      const event = eventOf(judge(body, track, { ordinal: 7 }));
      expect(event.alwaysNew).toBe(false);
      expect(event.row.event_timestamp).toBeLessThanOrEqual(receivedAt);
    }
  });
  it('a broken one makes a letter each time; one with an id or a time makes the same', () => {
    const claims = (body: unknown) =>
      new Set([1, 2].map(() => letterFrom(judge(body, track)).fingerprint)).size;
    const { page_url: _, ...broken } = click;
    expect(claims(broken)).toBe(2);
    expect(claims({ ...broken, event_id: uuid })).toBe(1);
    expect(claims({ ...broken, event_timestamp: isoAt(0) })).toBe(1);
    expect(claims({ ...broken, event_timestamp: 'soon' })).toBe(1);
    expect(claims({ ...broken, event_id: 'mine' })).toBe(1);
    expect(letterFrom(judge(broken, track)).eventId).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('texts', () => {
  it('are trimmed, sound and whole', () => {
    const body = `{"event_type":"page_view","session_id":"  s-1 ","page_url":" /a\\u0000b ","referrer_url":"\\ud800x","utm_source":"\\ud83d\\ude00"}`;
    expect(webRow(judge(body, track))).toMatchObject({
      session_id: 's-1',
      page_url: '/a\uFFFDb',
      page_path: '/a\uFFFDb',
      referrer_url: '\uFFFDx',
      utm_source: '😀',
      payload: body,
    });
  });
  it('lone surrogates never break a hash', () => {
    const body = '{"order_id":"o","note":"\\udfff","\\ud800":{"1":"\\udc00"}}';
    expect(eventOf(judge(body, amqpOrigin('order.paid'))).contentHash).toMatch(/^[0-9a-f]{64}$/);
    const element = { ...page_view, note: '\ud800' };
    const decoded = decodeMessage({ kind: 'parsed', value: element, text: undefined });
    const judged = createNormaliser({ storeIp: 'truncated' })(decoded, track, receivedAt, 'tracking');
    expect(webRow(judged).properties).toBe('{"note":"\uFFFD"}');
  });
});

describe('replays', () => {
  it('are judged as if received then, keep their source, and say when they came', () => {
    const at = receivedAt - 3 * 86_400_000;
    const now = () => receivedAt;
    const row = webRow(judge({ ...page_view, event_id: uuid }, track, { at, via: 'replay', now }));
    expect(row).toMatchObject({ received_at: at, event_timestamp: at, source: 'tracking' });
    expect(metaOf(row).replayed_at).toBe(receivedAt);
    const letter = letterFrom(judge({ ...page_view, page_url: '' }, track, { at, via: 'replay', now }));
    expect(letter).toMatchObject({ source: 'replay', receivedAt: at });
  });
});
