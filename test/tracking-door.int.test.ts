import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAdmission } from '../ingest/http/admission.ts';
import { eventually } from './support/eventually.ts';
import { jsonType, openTracking, pageView, type Reply, send } from './support/http-door.ts';

let door: Awaited<ReturnType<typeof openTracking>>;
beforeEach(async () => {
  door = await openTracking();
});
afterEach(async () => {
  await door.source.close();
});

async function reopen(overrides: Parameters<typeof openTracking>[0]): Promise<void> {
  await door.source.close();
  door = await openTracking(overrides);
}

const track = (body: unknown, headers: Record<string, string> = {}, path = '/track'): Promise<Reply> =>
  send(door.url, { path, headers: { ...jsonType, ...headers }, body: JSON.stringify(body) });
const raw = (
  body: string | Uint8Array,
  headers: Record<string, string> = jsonType,
  path = '/track',
): Promise<Reply> => send(door.url, { path, headers, body });
const errorOf = (reply: Reply) => [reply.status, reply.json.error.code];

describe('a single event', () => {
  it('is 202 with its id, routing key and status', async () => {
    const event = pageView();
    const first = await track(event);
    expect(first.status).toBe(202);
    expect(first.json).toEqual({
      ok: true,
      event_id: event.event_id,
      routing_key: 'ui.page_view',
      status: 'stored',
    });
    expect(first.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(first.headers['x-request-id']).toMatch(/^[0-9a-f]{6}-/);
    const again = await track(event);
    expect(again.json.status).toBe('duplicate');
    expect(again.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
  });

  it('reaches the stream as it came: text, caller, deadline', async () => {
    const before = Date.now();
    await track(pageView({ note: 'ආයුබෝවන්' }), { 'user-agent': 'shopper/1' });
    const [delivery] = door.settler.deliveries;
    const message = delivery!.messages[0]!;
    expect(message.kind === 'parsed' && JSON.parse(message.text!)).toEqual(
      message.kind === 'parsed' && message.value,
    );
    expect(message.kind === 'parsed' && message.text).toContain('ආයුබෝවන්');
    expect(delivery!.via).toBe('tracking');
    expect(delivery!.origin).toEqual({
      road: 'track',
      typedRoute: undefined,
      userAgent: 'shopper/1',
      ip: '127.0.0.1',
      local: true,
      traceparent: undefined,
    });
    expect(delivery!.receivedAt).toBeGreaterThanOrEqual(before);
    expect(delivery!.deadline).toBe(delivery!.receivedAt + 5_000);
  });

  it('hands the trace context on, and nothing that is none', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await track(pageView(), { traceparent });
    await track(pageView(), { traceparent: 'x'.repeat(2_000) });
    expect(door.settler.deliveries.map(({ origin }) => origin)).toMatchObject([
      { traceparent },
      { traceparent: undefined },
    ]);
  });

  it('takes its type from the path on the typed routes', async () => {
    for (const type of ['page_view', 'click', 'add_to_cart', 'begin_checkout']) {
      const reply = await track(pageView({ event_type: 'something_else' }), {}, `/track/${type}`);
      expect([reply.status, reply.json.routing_key]).toEqual([202, `ui.${type}`]);
    }
    expect(door.settler.deliveries.map(({ origin }) => origin.road === 'track' && origin.typedRoute)).toEqual(
      ['page_view', 'click', 'add_to_cart', 'begin_checkout'],
    );
  });

  it.each([
    [{ event_type: 'ui.click' }, 'ui.click'],
    [{ event_type: ' Click ' }, 'ui.click'],
    [{ event_type: undefined, eventType: 'add_to_cart' }, 'ui.add_to_cart'],
    [{ event_type: undefined, meta: { type: 'begin_checkout' } }, 'ui.begin_checkout'],
    [{ event_type: undefined, name: 'page_view' }, 'ui.page_view'],
  ])('names the routing key of %j', async (fields, key) => {
    expect((await track(pageView(fields))).json.routing_key).toBe(key);
  });

  it('tells the routing key it was published under', async () => {
    door.settler.answer(() => ({ kind: 'published', eventId: 'e', routingKey: 'ui.click' }));
    expect((await track(pageView())).json).toEqual({
      ok: true,
      event_id: 'e',
      routing_key: 'ui.click',
      status: 'published',
    });
  });

  it('is 409 when its id came before with other content', async () => {
    const event = pageView();
    await track(event);
    const reply = await track({ ...event, page_url: '/other' });
    expect(errorOf(reply)).toEqual([409, 'event_id_conflict']);
    expect(reply.json.error.details).toEqual({ event_id: event.event_id, kept: 'dead_letter', issues: [] });
  });

  it('is 422 with at most 20 issues when it is invalid', async () => {
    const reply = await track({ event_type: 'page_view', page_url: '/' });
    expect(errorOf(reply)).toEqual([422, 'validation_error:page_view']);
    expect(reply.json.error.details.issues).toHaveLength(20);
    expect(reply.json.error.details.issues[0]).toEqual({
      path: 'session_id',
      code: 'invalid_type',
      message: 'required',
    });
  });

  it('is told when it was rejected beyond the dead-letter bounds, and counted', async () => {
    door.settler.answer(() => door.settler.broken('rejected', 'unknown_event_type'));
    const reply = await track(pageView());
    expect(errorOf(reply)).toEqual([422, 'unknown_event_type']);
    expect(reply.json.error.details.kept).toBe('nothing');
    expect(door.refused.get('letter_bound')).toBe(1);
  });
});

describe('bodies', () => {
  it.each(['text/plain', 'text/plain;charset=UTF-8', 'application/json; charset=utf-8', 'Application/JSON'])(
    'takes %s',
    async (type) => {
      expect((await raw(JSON.stringify(pageView()), { 'content-type': type })).status).toBe(202);
    },
  );

  it.each([
    ['application/xml'],
    ['application/x-www-form-urlencoded'],
    ['multipart/form-data; boundary=x'],
    ['not a type'],
  ])('refuses %s with 415', async (type) => {
    const reply = await raw(JSON.stringify(pageView()), { 'content-type': type });
    expect(errorOf(reply)).toEqual([415, 'media_type']);
    expect(door.settler.deliveries).toEqual([]);
    expect(door.refused.get('media_type')).toBe(1);
  });

  it('refuses a missing type and a compressed body with 415', async () => {
    expect(errorOf(await raw(JSON.stringify(pageView()), {}))).toEqual([415, 'media_type']);
    expect(errorOf(await raw('', {}))).toEqual([415, 'media_type']);
    const compressed = await raw(new Uint8Array([31, 139]), { ...jsonType, 'content-encoding': 'gzip' });
    expect(errorOf(compressed)).toEqual([415, 'media_type']);
  });

  it.each<[string, string | Uint8Array]>([
    ['nothing', ''],
    ['no JSON', '{"event_type": page_view}'],
    ['NaN', '{"event_type":"page_view","x":NaN}'],
    ['bytes that are not UTF-8', Buffer.from('{"event_type":"p\xff"}', 'latin1')],
    ['UTF-16', Buffer.from('{"event_type":"page_view"}', 'utf16le')],
    ['a poisoned prototype', '{"event_type":"page_view","__proto__":{"admin":true}}'],
    ['a poisoned prototype, escaped', '{"event_type":"page_view","\\u005f_proto__":{"admin":true}}'],
    ['a poisoned constructor', '{"event_type":"page_view","constructor":{"prototype":{"admin":true}}}'],
  ])('hands %s on as bytes, for a dead letter, and answers 400', async (_name, body) => {
    for (const type of ['application/json', 'text/plain']) {
      const reply = await raw(body, { 'content-type': type });
      expect(errorOf(reply)).toEqual([400, 'invalid_json']);
      const message = door.settler.deliveries.at(-1)!.messages[0]!;
      expect(message.kind === 'bytes' && Buffer.compare(message.bytes, Buffer.from(body))).toBe(0);
    }
  });

  it.each<[string, string]>([
    ['a number', '42'],
    ['null', 'null'],
    ['a string', '"page_view"'],
    ['1,001 keys', JSON.stringify(Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`k${i}`, 1])))],
    ['a depth of 1,000', `${'{"a":'.repeat(1_000)}1${'}'.repeat(1_000)}`],
    ['1e999', '{"event_type":"page_view","x":1e999}'],
  ])('hands %s on for judgement and answers 422', async (_name, body) => {
    expect(errorOf(await raw(body))).toEqual([422, 'invalid_event_shape']);
  });

  it('refuses 10,000 keys, which are over 64 KB', async () => {
    const event = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, 1]));
    expect(errorOf(await track(event))).toEqual([413, 'too_large']);
  });

  it('lives through a depth of 30,000 in an event and in a batch', async () => {
    const deep = `${'{"a":'.repeat(30_000)}1${'}'.repeat(30_000)}`;
    expect(errorOf(await raw(deep))).toEqual([413, 'too_large']);
    expect(errorOf(await raw(`[${deep}]`))).toEqual([413, 'too_large']);
    expect((await track(pageView())).status).toBe(202);
  });
});

describe('sizes', () => {
  const filled = (bytes: number): string => {
    const empty = JSON.stringify(pageView({ note: '' })).length;
    return JSON.stringify(pageView({ note: 'x'.repeat(bytes - empty) }));
  };

  it('takes an event of 64 KB and refuses one byte more', async () => {
    expect((await raw(filled(65_536))).status).toBe(202);
    expect(errorOf(await raw(filled(65_537)))).toEqual([413, 'too_large']);
    expect(door.refused.get('too_large')).toBe(1);
  });

  it('refuses a batch with one event over 64 KB, and says which', async () => {
    const reply = await raw(`[${JSON.stringify(pageView())},${filled(65_537)}]`);
    expect(errorOf(reply)).toEqual([413, 'too_large']);
    expect(reply.json.error.details).toEqual({ index: 1 });
    expect((await raw(`[${filled(65_536)},${filled(65_000)}]`)).status).toBe(202);
  });

  it('takes 500 events and refuses 501', async () => {
    const events = Array.from({ length: 501 }, () => ({ event_type: 'page_view', session_id: 's' }));
    expect((await track(events.slice(1))).json.accepted).toBe(500);
    expect(errorOf(await track(events))).toEqual([413, 'too_large']);
    expect(errorOf(await track({ events }))).toEqual([413, 'too_large']);
  });

  it('takes 512 KB and refuses more: declared, and in chunks without a declared length', async () => {
    const events = Array.from({ length: 8 }, () => JSON.parse(filled(65_500)));
    const body = JSON.stringify(events);
    const most = `${body.slice(0, -1)}${' '.repeat(524_288 - body.length)}]`;
    expect((await raw(most)).status).toBe(202);
    expect(errorOf(await raw(`${most} `))).toEqual([413, 'too_large']);
    expect(errorOf(await raw(`${most} `, { ...jsonType, 'transfer-encoding': 'chunked' }))).toEqual([
      413,
      'too_large',
    ]);
    expect(door.settler.deliveries).toHaveLength(1);
    expect(door.admission.receivingBytes()).toBe(0);
  });

  it('answers 413 to a body of 4 MB that its sender insists on sending', async () => {
    expect(errorOf(await raw(' '.repeat(4_194_304)))).toEqual([413, 'too_large']);
  });
});

describe('a batch', () => {
  it('answers for every event in the order of the request', async () => {
    const [one, two] = [pageView(), pageView()];
    await track(one);
    const reply = await track([two, one, { ...one, page_url: '/b' }, { event_type: 'click' }, 7]);
    expect(reply.status).toBe(202);
    const { results, ...counts } = reply.json;
    expect(counts).toEqual({ ok: true, accepted: 1, duplicates: 1, dead_lettered: 3, rejected: 0 });
    expect(results.map((result: { status: string }) => result.status)).toEqual([
      'stored',
      'duplicate',
      'dead_lettered',
      'dead_lettered',
      'dead_lettered',
    ]);
    expect(results[0]).toEqual({ event_id: two.event_id, status: 'stored' });
    expect(results[2].error.code).toBe('event_id_conflict');
    expect(results[3].error.issues.length).toBeLessThanOrEqual(5);
    expect(results[4]).toMatchObject({ event_id: null, error: { code: 'invalid_event_shape' } });
    expect(door.settler.deliveries).toHaveLength(2);
    expect(door.settler.deliveries[1]!.messages.map(({ kind }) => kind)).toEqual(Array(5).fill('parsed'));
  });

  it('is an array of one, and an object with events', async () => {
    expect((await track([pageView()])).json).toMatchObject({ accepted: 1, results: [{ status: 'stored' }] });
    const many = await track({ events: [pageView(), pageView()], sent_by: 'x' });
    expect(many.json.accepted).toBe(2);
    const broken = await track([{ event_type: 'click' }]);
    expect([broken.status, broken.json.dead_lettered]).toEqual([202, 1]);
  });

  it('is not an event that merely has a field called events', async () => {
    expect((await track(pageView({ events: [1, 2] }))).json.status).toBe('stored');
    expect((await track({ ...pageView(), events: 'x' })).json.status).toBe('stored');
  });

  it('counts published as accepted and says what was rejected', async () => {
    let turn = 0;
    door.settler.answer(() => {
      turn += 1;
      return turn === 1
        ? { kind: 'published', eventId: 'e', routingKey: 'ui.click' }
        : door.settler.broken('rejected', 'unknown_event_type');
    });
    const reply = await track([pageView(), pageView(), pageView()]);
    expect(reply.json).toMatchObject({ accepted: 1, rejected: 2, dead_lettered: 0 });
    expect(reply.json.results[1].status).toBe('rejected');
    expect(door.refused.get('letter_bound')).toBe(2);
  });

  it('of nothing is 202 with zero counts and reaches nobody', async () => {
    for (const body of [[], { events: [] }]) {
      expect((await track(body)).json).toEqual({
        ok: true,
        accepted: 0,
        duplicates: 0,
        dead_lettered: 0,
        rejected: 0,
        results: [],
      });
    }
    expect(door.settler.deliveries).toEqual([]);
  });
});

describe('origins', () => {
  const shop = 'http://localhost:3000';
  const stranger = 'https://evil.example';

  it('lets an allowed page in and tells its browser so, on errors too', async () => {
    const good = await track(pageView(), { origin: shop });
    const bad = await track({ event_type: 'click' }, { origin: shop });
    for (const reply of [good, bad]) {
      expect(reply.headers['access-control-allow-origin']).toBe(shop);
      expect(reply.headers['access-control-expose-headers']).toContain('retry-after');
      expect(reply.headers['access-control-allow-credentials']).toBeUndefined();
    }
    expect([good.status, bad.status]).toEqual([202, 422]);
  });

  it('says Vary: Origin whether or not there is one', async () => {
    expect((await track(pageView())).headers.vary).toBe('Origin');
    expect((await track(pageView(), { origin: shop })).headers.vary).toBe('Origin');
    expect((await track(pageView(), { origin: stranger })).headers.vary).toBe('Origin');
  });

  it.each([stranger, 'null', 'http://localhost:3001', 'http://localhost:3000.evil.example', ''])(
    'refuses the origin %j, for beacons as well',
    async (origin) => {
      for (const type of ['application/json', 'text/plain']) {
        const reply = await track(pageView(), { origin, 'content-type': type });
        expect(errorOf(reply)).toEqual([403, 'origin']);
        expect(reply.headers['access-control-allow-origin']).toBeUndefined();
      }
      expect(door.settler.deliveries).toEqual([]);
      expect(door.refused.get('origin')).toBe(2);
    },
  );

  it('answers a preflight by the same list', async () => {
    const preflight = (origin: string) =>
      send(door.url, {
        method: 'OPTIONS',
        path: '/track',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        },
      });
    const good = await preflight(shop);
    expect([good.status, good.text]).toEqual([204, '']);
    expect(good.headers).toMatchObject({
      'access-control-allow-origin': shop,
      'access-control-allow-methods': 'POST, GET',
      'access-control-allow-headers': 'content-type',
    });
    expect(good.headers.vary).toContain('Origin');
    expect(good.headers['access-control-allow-credentials']).toBeUndefined();
    const bad = await preflight(stranger);
    expect(errorOf(bad)).toEqual([403, 'origin']);
    expect(bad.headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('limits', () => {
  const far = { 'x-forwarded-for': '203.0.113.9' };
  const minute = Date.UTC(2026, 0, 1);

  it('counts events a minute and address, and says when to come again', async () => {
    let clock = minute + 15_000;
    await reopen({ rateLimitPerMinute: 5, trustProxy: ['127.0.0.1'], now: () => clock });
    expect((await track([pageView(), pageView(), pageView(), pageView()], far)).status).toBe(202);
    const over = await track([pageView(), pageView()], far);
    expect(errorOf(over)).toEqual([429, 'rate_limited']);
    expect(over.headers['retry-after']).toBe('45');
    expect(over.json.error.details).toEqual({ limit: 'events' });
    // the refused batch took nothing: one more still fits, then the address is spent before its body is read
    expect((await track(pageView(), far)).status).toBe(202);
    expect(errorOf(await raw('not JSON', { ...jsonType, ...far }))).toEqual([429, 'rate_limited']);
    expect((await track(pageView(), { 'x-forwarded-for': '203.0.113.10' })).status).toBe(202);
    clock = minute + 60_000;
    expect((await track(pageView(), far)).status).toBe(202);
    expect(door.refused.get('rate_limited')).toBe(2);
  });

  it('counts an IPv6 network of /64 as one address', async () => {
    await reopen({ rateLimitPerMinute: 2, trustProxy: ['127.0.0.1'], now: () => minute });
    const from = (address: string) => track(pageView(), { 'x-forwarded-for': address });
    expect((await from('2001:db8:1:2::1')).status).toBe(202);
    expect((await from('2001:db8:1:2:ffff::9')).status).toBe(202);
    expect((await from('2001:db8:1:2:abcd::9')).status).toBe(429);
    expect((await from('2001:db8:1:3::1')).status).toBe(202);
  });

  it('bounds the different sessions a minute and address before anything is stored', async () => {
    await reopen({ sessionsPerMinutePerAddress: 3, trustProxy: ['127.0.0.1'], now: () => minute });
    const session = (id: string) => pageView({ session_id: id });
    expect((await track([session('a'), session('b'), session('a')], far)).status).toBe(202);
    const over = await track([session('c'), session('d')], far);
    expect(errorOf(over)).toEqual([429, 'rate_limited']);
    expect(over.json.error.details).toEqual({ limit: 'sessions' });
    expect(over.headers['retry-after']).toBe('60');
    expect((await track([session('a'), session('c')], far)).status).toBe(202);
    // other spellings of a place for the id are no way round
    expect((await track(pageView({ session_id: ' ', meta: { sessionId: 'd' } }), far)).status).toBe(429);
    expect((await track(session('b'), far)).status).toBe(202);
    expect((await track(session('d'), { 'x-forwarded-for': '203.0.113.10' })).status).toBe(202);
  });

  it('is off for a loopback caller, and on for one with any forwarding header', async () => {
    await reopen({ rateLimitPerMinute: 1, now: () => minute });
    for (let i = 0; i < 3; i += 1) expect((await track(pageView())).status).toBe(202);
    expect(door.settler.deliveries.every(({ origin }) => origin.road === 'track' && origin.local)).toBe(true);
    expect((await track(pageView(), { 'x-forwarded-for': '203.0.113.9' })).status).toBe(202);
    for (const header of ['x-forwarded-for', 'x-real-ip', 'forwarded']) {
      expect((await track(pageView(), { [header]: '203.0.113.9' })).status).toBe(429);
    }
    // without a trusted proxy the header is not believed, only noticed
    expect(door.settler.deliveries.at(-1)!.origin).toMatchObject({ ip: '127.0.0.1', local: false });
  });

  it('believes a forwarding header only of the proxies it knows', async () => {
    await reopen({ trustProxy: ['10.0.0.0/8'] });
    await track(pageView(), far);
    expect(door.settler.deliveries.at(-1)!.origin).toMatchObject({ ip: '127.0.0.1', local: false });
    await reopen({ trustProxy: ['127.0.0.1'] });
    await track(pageView(), { 'x-forwarded-for': '198.51.100.1, 203.0.113.9' });
    expect(door.settler.deliveries.at(-1)!.origin).toMatchObject({ ip: '203.0.113.9' });
    await track(pageView(), { 'x-forwarded-for': 'unknown' });
    expect(door.settler.deliveries.at(-1)!.origin).toMatchObject({ ip: undefined, local: false });
  });
});

describe('a closed door', () => {
  it.each(['overloaded', 'warehouse_away', 'disk_low', 'stopping'] as const)(
    'is 503 %s with Retry-After, before the body is read',
    async (reason) => {
      door.gate.close(reason);
      const reply = await track(pageView());
      expect(errorOf(reply)).toEqual([503, reason]);
      expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0);
      expect(door.settler.deliveries).toEqual([]);
      expect(door.refused.get(reason)).toBe(1);
      door.gate.close(undefined);
      expect((await track(pageView())).status).toBe(202);
    },
  );

  it('is 503 overloaded when the places are taken, until release and not only settle', async () => {
    await reopen({ admission: createAdmission({ maxEvents: 2, maxBytes: 1_048_576 }) });
    door.settler.hold();
    const waiting = track([pageView(), pageView()]);
    await eventually(() => expect(door.settler.deliveries).toHaveLength(1));
    const over = await track(pageView());
    expect(errorOf(over)).toEqual([503, 'overloaded']);
    expect(over.headers['retry-after']).toBe('1');
    const [held] = door.settler.deliveries;
    held!.settle({ kind: 'outcome-unknown', eventIds: ['a', undefined] });
    expect(errorOf(await waiting)).toEqual([503, 'outcome_unknown']);
    expect(errorOf(await track(pageView()))).toEqual([503, 'overloaded']);
    held!.release();
    held!.release();
    expect(door.admission.inflightEvents()).toBe(0);
    expect(door.admission.inflightBytes()).toBe(0);
    door.settler.hold(false);
    expect((await track(pageView())).status).toBe(202);
  });

  it('is 503 overloaded when the bytes are taken', async () => {
    await reopen({ admission: createAdmission({ maxEvents: 100, maxBytes: 100 }) });
    expect(errorOf(await track(pageView()))).toEqual([503, 'overloaded']);
    expect(door.admission.inflightEvents()).toBe(0);
  });

  it('names the event ids when the outcome is unknown', async () => {
    door.settler.hold();
    const reply = track([pageView(), pageView()]);
    await eventually(() => expect(door.settler.deliveries).toHaveLength(1));
    const [id, other] = [randomUUID(), randomUUID()];
    door.settler.deliveries[0]!.settle({ kind: 'outcome-unknown', eventIds: [id, other] });
    expect((await reply).json.error).toMatchObject({
      code: 'outcome_unknown',
      details: { event_ids: [id, other] },
    });
    expect((await reply).headers['retry-after']).toBe('2');
    expect(door.refused.get('outcome_unknown')).toBe(1);
  });

  it.each(['overloaded', 'warehouse_away', 'disk_low', 'stopping'] as const)(
    'passes on what the pipeline settles as %s',
    async (reason) => {
      door.settler.hold();
      const reply = track(pageView());
      await eventually(() => expect(door.settler.deliveries).toHaveLength(1));
      door.settler.deliveries[0]!.settle({ kind: 'unavailable', reason });
      expect(errorOf(await reply)).toEqual([503, reason]);
      expect(Number((await reply).headers['retry-after'])).toBeGreaterThan(0);
      expect(door.refused.get(reason)).toBe(1);
    },
  );

  it('answers once: a second settle is a no-op', async () => {
    door.settler.hold();
    const reply = track(pageView());
    await eventually(() => expect(door.settler.deliveries).toHaveLength(1));
    const [delivery] = door.settler.deliveries;
    door.settler.settle(delivery!);
    delivery!.settle({ kind: 'unavailable', reason: 'overloaded' });
    expect((await reply).status).toBe(202);
    expect(door.refused.size).toBe(0);
  });
});

describe('stopping', () => {
  it('refuses new requests with Connection: close and still answers those inside', async () => {
    door.settler.hold();
    const inside = track(pageView());
    await eventually(() => expect(door.settler.deliveries).toHaveLength(1));
    door.source.stopAccepting();
    const late = await track(pageView());
    expect(errorOf(late)).toEqual([503, 'stopping']);
    expect(late.headers.connection).toBe('close');
    expect(late.headers['retry-after']).toBe('5');
    door.settler.settle(door.settler.deliveries[0]!);
    expect((await inside).status).toBe(202);
    expect((await inside).headers.connection).toBe('close');
    expect(door.settler.deliveries).toHaveLength(1);
  });

  it('refuses a request whose body ends after the stop began', async () => {
    const body = JSON.stringify(pageView());
    const socket = connect(Number(new URL(door.url).port), '127.0.0.1');
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk;
    });
    socket.write(
      `POST /track HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 10)}`,
    );
    await eventually(() => expect(door.admission.receivingBytes()).toBe(10));
    door.source.stopAccepting();
    socket.write(body.slice(10));
    await eventually(() => expect(got).toContain('"stopping"'));
    expect(door.settler.deliveries).toEqual([]);
    expect(door.admission.receivingBytes()).toBe(0);
    socket.destroy();
  });

  it('closes within its grace although a sender trickles, and ends the stream', async () => {
    let ended = false;
    door.source.deliveries$.subscribe({
      complete: () => {
        ended = true;
      },
    });
    const socket = connect(Number(new URL(door.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(
      'POST /track HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{',
    );
    await eventually(() => expect(door.admission.receivingBytes()).toBe(1));
    const closed = once(socket, 'close');
    await door.source.close();
    await closed;
    expect(ended).toBe(true);
    await eventually(() => expect(door.admission.receivingBytes()).toBe(0));
  });
});

describe('clients that are slow, or gone', () => {
  const open = () => connect(Number(new URL(door.url).port), '127.0.0.1');

  it('answers a sender that does not finish within the time-out with 408', async () => {
    await reopen({ requestTimeoutMs: 1_000 });
    const socket = open();
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk;
    });
    const closed = once(socket, 'close');
    socket.write(
      'POST /track HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{',
    );
    await closed;
    expect(got).toMatch(/^HTTP\/1\.1 408 /);
    expect(JSON.parse(got.slice(got.indexOf('\r\n\r\n'))).error.code).toBe('request_timeout');
    expect(door.refused.get('request_timeout')).toBe(1);
    await eventually(() => expect(door.admission.receivingBytes()).toBe(0));
    expect((await track(pageView())).status).toBe(202);
  });

  it('takes a body that comes in many pieces', async () => {
    const body = JSON.stringify(pageView({ note: 'ක' }));
    const socket = open();
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk;
    });
    const bytes = Buffer.from(body);
    socket.write(
      `POST /track HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${bytes.length}\r\n\r\n`,
    );
    for (let at = 0; at < bytes.length - 1; at += 1) {
      socket.write(bytes.subarray(at, at + 1));
      await eventually(() => expect(door.admission.receivingBytes()).toBe(at + 1), { everyMs: 1 });
    }
    socket.write(bytes.subarray(-1));
    await eventually(() => expect(got).toContain('"stored"'));
    const [message] = door.settler.deliveries[0]!.messages;
    expect(message!.kind === 'parsed' && message!.text).toBe(body);
    socket.destroy();
  });

  it('bounds the bytes of bodies that are still arriving', async () => {
    await reopen({
      admission: createAdmission({ maxEvents: 10, maxBytes: 1_048_576, maxReceivingBytes: 100 }),
    });
    const head =
      'POST /track HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n';
    const first = open();
    first.on('error', () => undefined);
    first.write(`${head}${'x'.repeat(80)}`);
    await eventually(() => expect(door.admission.receivingBytes()).toBe(80));
    const second = open();
    let got = '';
    second.on('data', (chunk) => {
      got += chunk;
    });
    second.on('error', () => undefined);
    second.write(`${head}${'x'.repeat(80)}`);
    await eventually(() => expect(got).toContain('"overloaded"'));
    expect(got.toLowerCase()).toContain('connection: close');
    first.destroy();
    await eventually(() => expect(door.admission.receivingBytes()).toBe(0));
    expect(door.refused.get('aborted')).toBe(1);
    second.destroy();
  });

  it('keeps the place of a client that has gone until release, and settles without a word', async () => {
    door.settler.hold();
    const body = JSON.stringify(pageView());
    const socket = open();
    socket.on('error', () => undefined);
    socket.write(
      `POST /track HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await eventually(() => expect(door.settler.deliveries).toHaveLength(1));
    const closed = once(socket, 'close');
    socket.destroy();
    await closed;
    // a later request on another connection proves that the server has met the reset
    door.settler.hold(false);
    expect((await track(pageView())).status).toBe(202);
    expect(door.admission.inflightEvents()).toBe(1);
    door.settler.settle(door.settler.deliveries[0]!);
    expect(door.admission.inflightEvents()).toBe(0);
    expect((await track(pageView())).status).toBe(202);
  });

  it('answers pipelined requests in order', async () => {
    door.settler.hold();
    const socket = open();
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk;
    });
    const events = [pageView(), pageView()];
    for (const event of events) {
      const body = JSON.stringify(event);
      socket.write(
        `POST /track HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
    }
    await eventually(() => expect(door.settler.deliveries).toHaveLength(2));
    door.settler.settle(door.settler.deliveries[1]!);
    door.settler.settle(door.settler.deliveries[0]!);
    await eventually(() => expect(got.match(/"stored"/g)).toHaveLength(2));
    expect(got.indexOf(String(events[0]!.event_id))).toBeLessThan(got.indexOf(String(events[1]!.event_id)));
    socket.destroy();
  });
});

describe('the rest of the listener', () => {
  const get = (path: string, method = 'GET') => send(door.url, { path, method });

  it('tells its health, without a driver text', async () => {
    const reply = await get('/health');
    expect([reply.status, reply.json]).toEqual([200, { status: 'ok', warehouse: 'up', rabbitmq: 'none' }]);
    const head = await get('/health', 'HEAD');
    expect([head.status, head.text]).toEqual([200, '']);
  });

  it('describes itself from the contracts', async () => {
    const { status, json } = await get('/openapi.json');
    expect([status, json.openapi]).toEqual([200, '3.1.0']);
    expect(Object.keys(json.paths)).toEqual([
      '/track',
      '/track/page_view',
      '/track/click',
      '/track/add_to_cart',
      '/track/begin_checkout',
      '/health',
    ]);
    const { click, add_to_cart: cart } = json.components.schemas;
    expect(click.required.sort()).toEqual(['element_id', 'page_url', 'session_id']);
    expect(cart.required.sort()).toEqual(['page_url', 'product_id', 'session_id']);
    expect(cart.properties.quantity).toMatchObject({ minimum: 1, maximum: 1_000 });
    expect(Object.keys(json.paths['/track'].post.responses)).toEqual(
      expect.arrayContaining(['202', '400', '403', '409', '413', '415', '422', '429', '503']),
    );
  });

  it.each([
    ['/tracker.js', 'GET', 404, 'not_found'],
    ['/nothing', 'GET', 404, 'not_found'],
    ['/track/refund', 'POST', 404, 'not_found'],
    ['/track', 'GET', 405, 'method_not_allowed'],
    ['/track?x=1', 'PUT', 405, 'method_not_allowed'],
    ['/track', 'DELETE', 405, 'method_not_allowed'],
    ['/%ff', 'GET', 400, 'bad_request'],
  ])('%s by %s is %i %s as JSON', async (path, method, status, code) => {
    const reply = await send(door.url, { path, method });
    expect(errorOf(reply)).toEqual([status, code]);
    if (status === 405) expect(reply.headers.allow).toContain('POST');
  });

  it.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400, 'bad_request'],
    [
      'headers beyond 16 KB',
      `GET /health HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
      431,
      'headers_too_large',
    ],
    [
      'two lengths',
      'POST /track HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
      400,
      'bad_request',
    ],
  ])('answers %s in the same shape', async (_name, text, status, code) => {
    const socket = connect(Number(new URL(door.url).port), '127.0.0.1');
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk;
    });
    const closed = once(socket, 'close');
    socket.write(text);
    await closed;
    expect(got).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(JSON.parse(got.slice(got.indexOf('\r\n\r\n'))).error.code).toBe(code);
    expect((await get('/health')).status).toBe(200);
  });

  it('says which port is taken', async () => {
    await expect(openTracking({ port: Number(new URL(door.url).port) })).rejects.toMatchObject({
      code: 'KADA_LISTEN',
    });
  });

  it('refuses while nobody listens to its stream', async () => {
    await door.source.close();
    const { createTrackingSource } = await import('../ingest/tracking/source.ts');
    const lonely = createTrackingSource({
      host: '127.0.0.1',
      port: 0,
      corsAllowOrigins: [],
      trustProxy: false,
      rateLimitPerMinute: 1,
      sessionsPerMinutePerAddress: 1,
      deadLetters: { perMinute: 1, bytesPerMinute: 1, perMinutePerAddress: 1 },
      commitTimeoutMs: 1,
      admission: door.admission,
      gate: door.gate,
      health: () => ({ status: 'degraded', warehouse: 'away', rabbitmq: 'none' }),
      onRefused: () => undefined,
      log: (await import('pino')).pino({ level: 'silent' }),
    });
    const { url } = await lonely.listen();
    expect(errorOf(await send(url, { path: '/track', headers: jsonType, body: '{}' }))).toEqual([
      503,
      'warehouse_away',
    ]);
    await lonely.close();
  });
});

describe('the dead-letter bounds of public callers', () => {
  const origin = (ip: string | undefined, local = false) =>
    ({ road: 'track', typedRoute: undefined, userAgent: undefined, ip, local }) as const;

  it('are by address, in all, and by bytes, and begin again each minute', async () => {
    let clock = Date.UTC(2026, 0, 1);
    await reopen({
      deadLetters: { perMinute: 5, bytesPerMinute: 1_000, perMinutePerAddress: 2 },
      now: () => clock,
    });
    const { allowLetter } = door.source;
    expect([1, 2, 3].map(() => allowLetter(origin('203.0.113.1'), 10))).toEqual([true, true, false]);
    expect(allowLetter(origin('203.0.113.2'), 990)).toBe(false);
    expect(allowLetter(origin('203.0.113.2'), 980)).toBe(true);
    expect(allowLetter(origin('203.0.113.3'), 1)).toBe(false);
    clock += 60_000;
    expect([1, 2, 3, 4, 5, 6].map((n) => allowLetter(origin(`203.0.113.${n}`), 1))).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
    ]);
    expect(allowLetter(origin('203.0.113.9', true), 10_000)).toBe(true);
    expect(allowLetter({ road: 'collector', userAgent: undefined, ip: undefined }, 10_000)).toBe(true);
  });
});
