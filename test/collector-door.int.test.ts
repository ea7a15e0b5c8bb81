import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAdmission } from '../ingest/http/admission.ts';
import { eventually } from './support/eventually.ts';
import {
  jsonType,
  openCollector,
  openTracking,
  pageView,
  type Reply,
  send,
  testKey,
} from './support/http-door.ts';

let door: Awaited<ReturnType<typeof openCollector>>;
beforeEach(async () => {
  door = await openCollector();
});
afterEach(async () => {
  await door.source.close();
});

const keyed = { ...jsonType, 'x-analytics-key': testKey } as const;
const post = (body: unknown, headers: Record<string, string> = keyed): Promise<Reply> =>
  send(door.url, { path: '/events', headers, body: JSON.stringify(body) });
const errorOf = (reply: Reply) => [reply.status, reply.json.error.code];

describe('keys', () => {
  it.each<[string, Record<string, string>]>([
    ['no key', {}],
    ['an empty key', { 'x-analytics-key': '' }],
    ['a wrong key', { 'x-analytics-key': 'not-the-key-of-32-characters-xxx' }],
    ['a beginning of the key', { 'x-analytics-key': testKey.slice(0, -1) }],
    ['the key and more', { 'x-analytics-key': `${testKey}x` }],
    ['the key in another case', { 'x-analytics-key': testKey.toUpperCase() }],
    ['the key twice', { 'x-analytics-key': `${testKey}, ${testKey}` }],
    ['the key elsewhere', { authorization: `Bearer ${testKey}` }],
  ])('refuses %s with 401, before it looks at the body', async (_name, headers) => {
    const reply = await send(door.url, { path: '/events', headers: { ...jsonType, ...headers }, body: 'x' });
    expect(errorOf(reply)).toEqual([401, 'bad_key']);
    expect(reply.headers['www-authenticate']).toContain('X-ANALYTICS-KEY');
    expect(door.settler.deliveries).toEqual([]);
    expect(door.refused.get('bad_key')).toBe(1);
    expect(reply.text).not.toContain(testKey);
  });

  it('takes each of several keys while they are rotated, and no other', async () => {
    await door.source.close();
    const keys = ['the-old-producers-key', 'the-new-producers-key'];
    door = await openCollector({ apiKeys: keys });
    for (const key of keys) {
      expect((await post(pageView(), { ...jsonType, 'x-analytics-key': key })).status).toBe(202);
    }
    const joined = await post(pageView(), { ...jsonType, 'x-analytics-key': keys.join(',') });
    expect(errorOf(joined)).toEqual([401, 'bad_key']);
  });

  it('takes nothing in while no key is configured', async () => {
    await door.source.close();
    door = await openCollector({ apiKeys: [] });
    for (const key of [testKey, '', 'undefined']) {
      const reply = await post(pageView(), { ...jsonType, 'x-analytics-key': key });
      expect(errorOf(reply)).toEqual([503, 'no_key_configured']);
      expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0);
    }
    expect(door.refused.get('no_key_configured')).toBe(3);
    expect(door.settler.deliveries).toEqual([]);
  });
});

describe('events', () => {
  it('answers one and many in the same words', async () => {
    const event = pageView();
    expect((await post(event)).json).toEqual({
      accepted: 1,
      duplicates: 0,
      dead_lettered: 0,
      rejected: 0,
      results: [{ event_id: event.event_id, status: 'stored' }],
    });
    const many = await post({ events: [event, pageView(), 'x'] });
    expect(many.status).toBe(202);
    expect(many.json).toMatchObject({ accepted: 1, duplicates: 1, dead_lettered: 1 });
    expect(many.json.results.map((result: { status: string }) => result.status)).toEqual([
      'duplicate',
      'stored',
      'dead_lettered',
    ]);
  });

  it('come as the collector, with the caller', async () => {
    await post(pageView(), { ...keyed, 'user-agent': 'orders/1' });
    const [delivery] = door.settler.deliveries;
    expect(delivery!.via).toBe('collector');
    expect(delivery!.origin).toEqual({ road: 'collector', userAgent: 'orders/1', ip: '127.0.0.1' });
  });

  it('have the same statuses as on the tracking API', async () => {
    const event = pageView();
    await post(event);
    expect(errorOf(await post({ ...event, page_url: '/b' }))).toEqual([409, 'event_id_conflict']);
    const invalid = await post({ event_type: 'page_view' });
    expect(errorOf(invalid)).toEqual([422, 'validation_error:page_view']);
    expect(invalid.json.error.details.issues).toHaveLength(20);
    const broken = await send(door.url, { path: '/events', headers: keyed, body: '{' });
    expect(errorOf(broken)).toEqual([400, 'invalid_json']);
    const latin = await send(door.url, { path: '/events', headers: keyed, body: Buffer.from([34, 255, 34]) });
    expect(errorOf(latin)).toEqual([400, 'invalid_json']);
    const poisoned = await send(door.url, { path: '/events', headers: keyed, body: '{"__proto__":{}}' });
    expect(errorOf(poisoned)).toEqual([400, 'invalid_json']);
    expect(errorOf(await post(Array.from({ length: 501 }, () => ({}))))).toEqual([413, 'too_large']);
    expect(errorOf(await post(pageView({ note: 'x'.repeat(65_536) })))).toEqual([413, 'too_large']);
    expect(errorOf(await post([' '.repeat(524_288)]))).toEqual([413, 'too_large']);
    expect((await post([])).json).toMatchObject({ accepted: 0, results: [] });
  });

  it('come as JSON only: beacons have no key to send', async () => {
    for (const type of ['text/plain', 'application/xml']) {
      expect(errorOf(await post(pageView(), { ...keyed, 'content-type': type }))).toEqual([
        415,
        'media_type',
      ]);
    }
    expect(
      (await post(pageView(), { ...keyed, 'content-type': 'application/json; charset=utf-8' })).status,
    ).toBe(202);
  });

  it.each(['overloaded', 'warehouse_away', 'disk_low', 'stopping'] as const)(
    'are refused with 503 %s and Retry-After while the gate is closed',
    async (reason) => {
      door.gate.close(reason);
      const reply = await post(pageView());
      expect(errorOf(reply)).toEqual([503, reason]);
      expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0);
    },
  );

  it('share their places with the tracking API', async () => {
    await door.source.close();
    const admission = createAdmission({ maxEvents: 1, maxBytes: 1_048_576 });
    door = await openCollector({ admission });
    const tracking = await openTracking({ admission });
    door.settler.hold();
    const waiting = post(pageView());
    await eventually(() => expect(door.settler.deliveries).toHaveLength(1));
    const track = () =>
      send(tracking.url, { path: '/track', headers: jsonType, body: JSON.stringify(pageView()) });
    expect(errorOf(await track())).toEqual([503, 'overloaded']);
    door.settler.settle(door.settler.deliveries[0]!);
    expect((await waiting).status).toBe(202);
    expect((await track()).status).toBe(202);
    await tracking.source.close();
  });

  it('are refused with Connection: close once it stops', async () => {
    door.source.stopAccepting();
    const reply = await post(pageView());
    expect(errorOf(reply)).toEqual([503, 'stopping']);
    expect(reply.headers.connection).toBe('close');
  });

  it('name their ids when the outcome is unknown', async () => {
    door.settler.hold();
    const reply = post(pageView());
    await eventually(() => expect(door.settler.deliveries).toHaveLength(1));
    door.settler.deliveries[0]!.settle({ kind: 'outcome-unknown', eventIds: ['e-1'] });
    expect(errorOf(await reply)).toEqual([503, 'outcome_unknown']);
    expect((await reply).json.error.details).toEqual({ event_ids: ['e-1'] });
  });
});

describe('the rest of the listener', () => {
  it.each([
    ['/', 'GET', 200],
    ['/health', 'GET', 200],
    ['/health', 'HEAD', 200],
    ['/openapi.json', 'GET', 200],
    ['/events', 'GET', 405],
    ['/events', 'OPTIONS', 405],
    ['/', 'POST', 405],
    ['/track', 'POST', 404],
  ])('%s by %s is %i', async (path, method, status) => {
    const reply = await send(door.url, { path, method });
    expect(reply.status).toBe(status);
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8');
    if (status >= 400) expect(reply.json.error.code).toMatch(/not_found|method_not_allowed/);
    // no page in a browser may read any of it
    expect(reply.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('describes itself', async () => {
    const { json } = await send(door.url, { path: '/openapi.json', method: 'GET' });
    expect(json.components.securitySchemes.key).toMatchObject({ in: 'header', name: 'X-ANALYTICS-KEY' });
    const { api_request_log: log, click, domain_event: domain } = json.components.schemas;
    expect(log.required.sort()).toEqual(['endpoint', 'method', 'response_time_ms', 'service', 'status_code']);
    expect(click.required).toEqual(['page_url']);
    expect(domain.required).toEqual(['event_type']);
    expect(Object.keys(json.paths['/events'].post.responses)).toEqual(
      expect.arrayContaining(['202', '400', '401', '409', '413', '415', '422', '503']),
    );
  });
});
