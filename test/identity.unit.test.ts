import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { conflictLetter, writeLetter } from '../ingest/dead-letter.ts';
import { contentHashOfBody, fingerprintOf, isUuid, uuidFromText } from '../ingest/identity.ts';
import {
  amqpOrigin,
  collectorOrigin,
  eventOf,
  isoAt,
  judge,
  least,
  letterFrom,
  receivedAt,
  throughBroker,
  trackOrigin,
} from './support/ingesting.ts';

/*
 * Identity: fixed vectors, by another code path than the product's; which ids are taken, which are made; which
 * events are the same and which are a conflict.
 */

const hex = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
const uuidOf = (hash: string): string =>
  [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20), hash.slice(20, 32)].join('-');

const track = trackOrigin();
const collector = collectorOrigin();
const { page_view, click, add_to_cart, begin_checkout } = least;
const id = '0d4f5f0e-2f6c-4a53-9a0f-5b1f0c7d9e11';
const paid = { eventId: id, order_id: 'o-1', amount: 5 };

describe('fingerprints', () => {
  it('fixed vectors', () => {
    // printf 'ui|0d4f…11' | sha256sum
    expect(fingerprintOf('ui', id)).toBe('f995cc3e695a8cfc30203ac5014b8ecd6244a9815ffc8755f096e2724641d700');
    expect(fingerprintOf('domain', id)).toBe(
      '0a6aebc6b476cdb28ab017d2daed81e9de16ce23f444ec06e3404aa1688ffcc5',
    );
    expect(fingerprintOf('ui', id.toUpperCase())).toBe(fingerprintOf('ui', id));
  });

  it.each([
    ['ui', { ...page_view, event_id: id }, track],
    ['ui', { ...page_view, event_id: id }, amqpOrigin('ui.page_view')],
    ['ui', { ...page_view, event_type: 'ui.page_view', event_id: id }, amqpOrigin('some.key')],
    ['domain', { ...page_view, event_id: id }, collector],
    ['domain', { ...page_view, event_id: id }, amqpOrigin('some.key')],
    ['domain', paid, amqpOrigin('order.paid')],
    ['ui', { ...paid, event_type: 'order.paid' }, amqpOrigin('ui.page_view')],
    ['domain', { ...paid, event_type: 'order.paid' }, collector],
  ] as const)('scope %s', (scope, body, origin) => {
    expect(eventOf(judge(body, origin))).toMatchObject({ scope, fingerprint: hex(`${scope}|${id}`) });
  });
});

describe('given ids', () => {
  it.each([
    '6f9619ff-8b86-d011-b42d-00cf4fc964ff',
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    ...['1', '2', '3', '4', '5', '6', '7', '8', '0', 'f'].map(
      (version) => `6f9619ff-8b86-${version}011-b42d-00cf4fc964ff`,
    ),
    ...['0', '7', '8', 'c', 'f'].map((variant) => `6f9619ff-8b86-4011-${variant}42d-00cf4fc964ff`),
  ])('%s in any letter case', (uuid) => {
    const mixed = [...uuid]
      .map((letter, index) => (index % 2 === 0 ? letter.toUpperCase() : letter))
      .join('');
    for (const written of [uuid, uuid.toUpperCase(), mixed, ` ${mixed} `]) {
      for (const [body, origin, scope] of [
        [{ ...page_view, event_id: written }, track, 'ui'],
        [{ ...paid, eventId: written }, amqpOrigin('order.paid'), 'domain'],
        [{ ...paid, eventId: undefined, id: written }, amqpOrigin('order.paid'), 'domain'],
        [{ ...paid, eventId: '' }, amqpOrigin('order.paid', { messageId: written }), 'domain'],
      ] as const) {
        const event = eventOf(judge(body, origin));
        expect(event.row.event_id).toBe(uuid);
        expect(event.fingerprint).toBe(hex(`${scope}|${uuid}`));
      }
    }
  });

  it.each([
    'mine',
    '6f9619ff8b86d011b42d00cf4fc964ff',
    '{6f9619ff-8b86-d011-b42d-00cf4fc964ff}',
    '6f9619ff-8b86-d011-b42d-00cf4fc964fg',
    42,
  ])('%s is no UUID: an error on /track, counted as given elsewhere', (given) => {
    expect(isUuid(String(given))).toBe(false);
    for (const key of ['event_id', 'eventId', 'id']) {
      const letter = letterFrom(judge({ ...page_view, [key]: given }, track));
      expect(letter.reason).toBe('validation_error:page_view');
      expect(letter.issues).toMatchObject([{ path: 'event_id', code: 'invalid_uuid' }]);
      const event = eventOf(judge({ order_id: 'o', [key]: given }, amqpOrigin('order.paid')));
      expect(event.row.event_id).toBe(uuidOf(hex(`domain|${given}`)));
      expect(event.fingerprint).toBe(hex(`domain|${uuidOf(hex(`domain|${given}`))}`));
    }
    const ui = eventOf(judge({ ...page_view, event_id: given }, amqpOrigin('ui.page_view')));
    expect(ui.row.event_id).toBe(uuidFromText('ui', String(given)));
  });

  it('a message id that is no UUID is no id', () => {
    const event = eventOf(judge({ order_id: 'o' }, amqpOrigin('order.paid', { messageId: 'm-1' })));
    expect(event.row.event_id).toBe(uuidOf(hex('order.paid|m-1|{"order_id":"o"}')));
  });
});

describe('made ids', () => {
  it('over AMQP: key, message id and the canonical body', () => {
    const body = { order_id: 'o', b: [1, 'ü', { z: null, a: 1.5e21 }], 10: 'x', 9: 'y' };
    const canonical = '{"10":"x","9":"y","b":[1,"ü",{"a":1.5e+21,"z":null}],"order_id":"o"}';
    expect(eventOf(judge(body, amqpOrigin('order.paid'))).row.event_id).toBe(
      uuidOf(hex(`order.paid||${canonical}`)),
    );
  });

  it.each([
    [page_view, track],
    [click, track],
    [add_to_cart, track],
    [begin_checkout, track],
    [{ event_type: 'form_interaction', page_url: '/', action: 'blur' }, collector],
    [{ event_type: 'order.paid', order_id: 'o', items: [{ sku: 'a', qty: 1 }] }, collector],
    [
      {
        event_type: 'api_request_log',
        service: 's',
        endpoint: '/',
        method: 'GET',
        status_code: 200,
        response_time_ms: 1,
      },
      collector,
    ],
    [{ event_type: 'db_query_perf', service: 's', execution_time_ms: 1 }, collector],
  ] as const)('over HTTP with a time: by what is said and the time as sent %#', (body, origin) => {
    const event_timestamp = isoAt(-1_000);
    const idOf = (more: object) => eventOf(judge({ ...body, event_timestamp, ...more }, origin)).row.event_id;
    const made = idOf({});
    expect(isUuid(made)).toBe(true);
    // a retry is stamped anew, and comes in another letter case and order
    expect(idOf({ sent_at: isoAt(-500) })).toBe(made);
    expect(idOf({ sent_at: isoAt(5_000_000) })).toBe(made);
    expect(
      eventOf(judge({ event_timestamp, ...body }, origin, { at: receivedAt + 90_000 })).row.event_id,
    ).toBe(made);
    expect(idOf({ event_timestamp: isoAt(-1_001) })).not.toBe(made);
    expect(idOf({ user_id: 'u' })).not.toBe(made);
  });

  it('the items of an event count', () => {
    const order = { event_type: 'order.paid', order_id: 'o', event_timestamp: isoAt(0) };
    const made = [[], [{ sku: 'a' }], [{ sku: 'b' }]].map(
      (items) => eventOf(judge({ ...order, items }, collector)).row.event_id,
    );
    expect(new Set(made).size).toBe(3);
  });
});

describe('content of a domain event', () => {
  it('fixed vectors', () => {
    const body = { eventId: id, b: 1, occurredAt: 'x', data: { eventId: 'kept', amount: 2500.5 }, a: 'ü' };
    expect(contentHashOfBody(body)).toBe(hex('{"a":"ü","b":1,"data":{"amount":2500.5,"eventId":"kept"}}'));
    expect(contentHashOfBody({})).toBe('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
    expect(contentHashOfBody({ 10: 1, 9: 2, b: { 2: 1, 11: 1 } })).toBe(
      hex('{"10":1,"9":2,"b":{"11":1,"2":1}}'),
    );
  });

  it.each([
    'event_timestamp',
    'eventTimestamp',
    'timestamp',
    'ts',
    'occurred_at',
    'occurredAt',
    'created_at',
    'createdAt',
    'time',
    'sent_at',
    'sentAt',
    'client_timestamp',
    'received_at',
    'publishedAt',
    'eventId',
    'event_id',
    'meta',
    'attempt',
    'attempts',
    'retry',
    'retryCount',
    'retry_count',
    'redelivered',
  ])('%s at the top is no content, in data it is', (key) => {
    const body = { a: 1, data: { b: 2 } };
    const hash = contentHashOfBody(body);
    expect(contentHashOfBody({ ...body, [key]: 'x' })).toBe(hash);
    expect(contentHashOfBody({ ...body, data: { ...body.data, [key]: 'x' } })).not.toBe(hash);
  });

  it('a retry is a natural duplicate, a changed body is none', () => {
    const first = eventOf(judge({ ...paid, occurredAt: isoAt(-9) }, amqpOrigin('order.paid')));
    const retry = eventOf(
      judge({ attempt: 2, ...paid, occurredAt: isoAt(-1) }, amqpOrigin('order.paid', { redelivered: true })),
    );
    expect(retry).toMatchObject({ fingerprint: first.fingerprint, contentHash: first.contentHash });
    const changed = eventOf(judge({ ...paid, amount: 6 }, amqpOrigin('order.paid')));
    expect(changed.fingerprint).toBe(first.fingerprint);
    expect(changed.contentHash).not.toBe(first.contentHash);
  });
});

describe('content of a web event', () => {
  const bodies = [
    page_view,
    click,
    add_to_cart,
    begin_checkout,
    { event_type: 'scroll', page_url: '/' },
    { event_type: 'form_interaction', page_url: '/' },
    { event_type: 'search', page_url: '/' },
  ].map((body) => [body.event_type, { event_id: id, ...body }] as const);
  const hashOf = (body: object, origin = collector) => eventOf(judge(body, origin)).contentHash;

  it.each(bodies)('%s: no clock, no retry, nothing that the API fills in', (_, body) => {
    const hash = hashOf(body);
    for (const more of [
      { event_timestamp: isoAt(-1) },
      { sent_at: isoAt(-1) },
      { sentAt: isoAt(-1) },
      { attempt: 2 },
      { correlation_id: 'c', session_id: 's-1' },
      { entity_id: 'e' },
      { service: 'mobile' },
      { meta: { user_agent: 'x' } },
      { payload: { page_url: '/' } },
    ]) {
      const named = { session_id: 's-1', ...body };
      expect(hashOf({ ...named, ...more }), JSON.stringify(more)).toBe(hashOf(named));
    }
    expect(hashOf(body, collectorOrigin({ ip: '10.0.0.1', userAgent: 'other' }))).toBe(hash);
  });

  const fields: Readonly<Record<string, readonly string[]>> = {
    page_view: [
      'product_id',
      'referrer_url',
      'utm_source',
      'utm_medium',
      'utm_campaign',
      'time_on_prev_page_seconds',
      'load_time_ms',
    ],
    click: ['product_id', 'element_id', 'x', 'y', 'viewport_w', 'viewport_h', 'user_agent', 'ip_address'],
    add_to_cart: ['product_id', 'quantity', 'element_id'],
    begin_checkout: ['order_id', 'element_id'],
    scroll: ['scroll_depth_pct'],
    form_interaction: ['form_id', 'field_id', 'action', 'error_message', 'time_spent_ms'],
    search: ['query', 'results_count', 'filters'],
  };
  it.each(bodies)('%s: every field, id and property counts', (type, body) => {
    const own = fields[type] ?? [];
    const variants = [...own, 'session_id', 'user_id', 'page_url', 'unknown_field'].map((field) => ({
      ...body,
      [field]: field === 'ip_address' ? '10.9.8.7' : '77',
    }));
    const hashes = [
      body,
      ...variants,
      { ...body, properties: { a: 1 } },
      { ...body, properties: { a: 2 } },
    ].map((one) => hashOf(one));
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('the order of keys and properties does not count', () => {
    const one = { ...click, event_id: id, properties: { a: 1, b: { d: 1, c: 2 } }, z: 1 };
    const other = { z: 1, properties: { b: { c: 2, d: 1 }, a: 1 }, ...click, event_id: id.toUpperCase() };
    expect(eventOf(judge(other, track))).toMatchObject({
      contentHash: eventOf(judge(one, track)).contentHash,
      fingerprint: eventOf(judge(one, track)).fingerprint,
    });
  });

  it('direct and through the broker alike', () => {
    const direct = eventOf(judge({ ...click, properties: { 10: 1, 9: 2 }, extra: true }, track));
    expect(eventOf(throughBroker(direct))).toMatchObject({
      contentHash: direct.contentHash,
      fingerprint: direct.fingerprint,
      alwaysNew: false,
    });
  });
});

describe('dead letters', () => {
  const sent_at = isoAt(-3);
  const event = eventOf(judge({ ...page_view, event_id: id, event_timestamp: isoAt(-1), sent_at }, track));

  it('a conflict tells both hashes', () => {
    const stored = 'a'.repeat(64);
    const letter = conflictLetter(event, stored, 'tracking', track);
    expect(letter).toMatchObject({
      stage: 'identify',
      reason: 'event_id_conflict',
      source: 'tracking',
      eventId: id,
      concerns: 'page_view',
      payload: event.row.payload,
      receivedAt,
      fingerprint: hex(`dead|tracking|event_id_conflict|${hex(event.row.payload)}`),
    });
    expect(JSON.parse(letter.detail)).toMatchObject({
      stored_content_hash: stored,
      content_hash: event.contentHash,
    });
    expect(JSON.parse(letter.context)).toMatchObject({
      road: 'track',
      ip_address: '203.0.113.0',
      local: false,
      event_id: id,
      event_timestamp: receivedAt - 1,
      client_timestamp: receivedAt - 1,
      sent_at: receivedAt - 3,
      fingerprint: event.fingerprint,
      content_hash: event.contentHash,
    });
    expect(letter.id).not.toBe(conflictLetter(event, stored, 'tracking', track).id);
  });

  it("a refused row tells the database's word; an always-new event makes a claim each time", () => {
    const error = { code: 'Constraint', message: 'x'.repeat(100_000) };
    const letter = writeLetter(event, 'tracking', track, error);
    expect(letter).toMatchObject({ stage: 'write', reason: 'db_insert_failed' });
    expect(Buffer.byteLength(letter.detail)).toBeLessThanOrEqual(4_096);
    expect(JSON.parse(letter.detail)).toMatchObject({ code: 'Constraint' });
    const fresh = eventOf(judge(click, track));
    expect(writeLetter(fresh, 'tracking', track, error).fingerprint).toBe(
      hex(`dead|tracking|db_insert_failed|${hex(fresh.row.payload)}|${fresh.row.event_id}`),
    );
  });

  it('a validation letter carries what a replay needs', () => {
    const body = { ...paid, amount: -1, occurredAt: isoAt(-5) };
    const origin = amqpOrigin('order.paid', {
      messageId: 'm-1',
      correlationId: 'c-1',
      timestamp: receivedAt - 7,
      appId: 'shop',
      traceparent: '00-x',
      redelivered: true,
    });
    const letter = letterFrom(judge(body, origin));
    const payload = JSON.stringify(body);
    expect(letter).toMatchObject({
      stage: 'validate',
      reason: 'validation_error:order.paid',
      source: 'rabbitmq',
      eventId: id,
      concerns: 'order_paid',
      payload,
      receivedAt,
      fingerprint: hex(`dead|rabbitmq|validation_error:order.paid|${hex(payload)}`),
    });
    expect(JSON.parse(letter.context)).toEqual({
      road: 'amqp',
      routing_key: 'order.paid',
      message_id: 'm-1',
      correlation_id: 'c-1',
      amqp_timestamp: receivedAt - 7,
      app_id: 'shop',
      traceparent: '00-x',
      redelivered: true,
      event_id: id,
      event_timestamp: receivedAt - 5,
      client_timestamp: receivedAt - 5,
      fingerprint: hex(`domain|${id}`),
      payload_encoding: 'utf8',
      payload_sha256: hex(payload),
      concerns: 'order_paid',
    });
  });

  it("over the broker: the peer that the message's meta names, as far as it may be stored", () => {
    const body = { ...click, event_id: id, meta: { user_agent: ' UA ', ip_address: '203.0.113.77' } };
    const said = { user_agent: 'UA', ip_address: '203.0.113.0' };
    const { element_id: _, ...broken } = body;
    const invalid = letterFrom(judge(broken, amqpOrigin('ui.click')));
    expect(JSON.parse(invalid.context)).toMatchObject(said);
    const sound = eventOf(judge(body, amqpOrigin('ui.click')));
    const conflict = conflictLetter(sound, 'a'.repeat(64), 'rabbitmq', amqpOrigin('ui.click'));
    expect(JSON.parse(conflict.context)).toMatchObject(said);
  });

  it('of /track: route, agent, locality and the clock of sending', () => {
    const origin = trackOrigin({ typedRoute: 'click', userAgent: 'UA', local: true });
    const letter = letterFrom(judge({ session_id: 's', event_id: id, sent_at: isoAt(-3) }, origin));
    expect(letter.reason).toBe('validation_error:click');
    expect(JSON.parse(letter.context)).toMatchObject({
      road: 'track',
      typed_route: 'click',
      user_agent: 'UA',
      local: true,
      ip_address: '203.0.113.0',
      sent_at: receivedAt - 3,
    });
  });
});
