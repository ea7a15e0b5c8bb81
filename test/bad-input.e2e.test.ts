import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cleanUp, collectorKey, type PipelineProcess, startPipeline } from './support/pipeline-process.ts';

/**
 * http.md's status table and every kind of broken body, over real HTTP against the real process: a clear answer,
 * something kept or counted, no 5xx, and the process as well as before.
 */
let running: PipelineProcess;
/** no collector key, and bounds that a few requests reach */
let bounded: PipelineProcess;
beforeAll(async () => {
  [running, bounded] = await Promise.all([
    startPipeline(),
    startPipeline({
      env: {
        ANALYTICS_API_KEY: '',
        TRACKING_RATE_LIMIT_PER_MINUTE: '30',
        TRACKING_SESSIONS_PER_MINUTE_PER_ADDRESS: '3',
        TRACKING_DEAD_LETTERS_PER_MINUTE: '4',
        TRACKING_DEAD_LETTERS_PER_MINUTE_PER_ADDRESS: '2',
        TRACKING_TRUST_PROXY: 'loopback',
      },
    }),
  ]);
});
afterAll(cleanUp);

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: Record<string, unknown>;
  /** of an error */
  readonly code: unknown;
}

interface Sent {
  readonly url?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | ReadableStream;
}

async function send(path: string, sent: Sent = {}): Promise<Answer> {
  const response = await fetch(`${sent.url ?? running.trackingUrl}${path}`, {
    method: sent.method ?? 'POST',
    headers: { ...(sent.body === undefined ? {} : { 'content-type': 'application/json' }), ...sent.headers },
    ...(sent.body === undefined ? {} : { body: sent.body }),
    ...(sent.body instanceof ReadableStream ? { duplex: 'half' } : {}),
  } as RequestInit);
  const text = await response.text();
  expect(response.headers.get('content-type'), text).toContain('application/json');
  const json = JSON.parse(text) as Record<string, unknown>;
  const error = json.error as { code?: unknown; message?: unknown } | undefined;
  if (response.status >= 400) {
    expect(error).toMatchObject({ code: expect.any(String), message: expect.any(String) });
  }
  return { status: response.status, headers: response.headers, json, code: error?.code };
}

const collect = (body: string | Buffer, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  send('/events', {
    url: running.collectorUrl,
    body,
    headers: { 'x-analytics-key': collectorKey, ...headers },
  });

interface Counts {
  readonly stored: number;
  readonly letters: number;
  readonly refused: number;
  readonly internal: number;
}
async function counts(of: PipelineProcess = running): Promise<Counts> {
  const metrics = await of.metrics();
  return {
    stored: metrics.value('kada_events_stored_total'),
    letters: metrics.value('kada_events_dead_lettered_total'),
    refused: metrics.value('kada_requests_refused_total'),
    internal: metrics.value('kada_requests_refused_total', { reason: 'internal' }),
  };
}

/** Sends, and tells what the process counted for it. */
async function counted(ask: () => Promise<Answer>): Promise<Answer & { readonly more: Counts }> {
  const before = await counts();
  const answer = await ask();
  const after = await counts();
  const more = {
    stored: after.stored - before.stored,
    letters: after.letters - before.letters,
    refused: after.refused - before.refused,
    internal: after.internal - before.internal,
  };
  return { ...answer, more };
}

const page = { event_type: 'page_view', session_id: 's-1', page_url: 'http://localhost:3000/products' };
const click = { event_type: 'click', session_id: 's-1', page_url: '/products', element_id: 'buy' };
const json = (value: unknown): string => JSON.stringify(value);
/** page_view with this raw JSON as another field */
const raw = (field: string): string => `${json(page).slice(0, -1)},${field}}`;
const nested = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
const keys = (count: number): string => Array.from({ length: count }, (_, n) => `"k${n}":1`).join(',');

interface Case {
  readonly name: string;
  readonly body: string | Buffer;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const letters: readonly (Case & { readonly status: number; readonly code: string })[] = [
  { name: 'an empty body', body: '', status: 400, code: 'invalid_json' },
  { name: 'blanks', body: ' \n', status: 400, code: 'invalid_json' },
  { name: 'no JSON', body: 'event_type=click&session_id=1', status: 400, code: 'invalid_json' },
  { name: 'half of a JSON', body: '{"event_type":"click","ses', status: 400, code: 'invalid_json' },
  { name: 'JSON and more', body: `${json(page)} extra`, status: 400, code: 'invalid_json' },
  { name: 'a trailing comma', body: '{"event_type":"click",}', status: 400, code: 'invalid_json' },
  { name: 'NaN', body: raw('"load_time_ms":NaN'), status: 400, code: 'invalid_json' },
  { name: 'Infinity', body: raw('"load_time_ms":-Infinity'), status: 400, code: 'invalid_json' },
  { name: 'a raw NUL', body: raw('"user_id":"a\0b"'), status: 400, code: 'invalid_json' },
  { name: 'UTF-16', body: Buffer.from(json(page), 'utf16le'), status: 400, code: 'invalid_json' },
  {
    name: 'Latin-1',
    body: Buffer.from(raw('"user_id":"caf\u00e9"'), 'latin1'),
    status: 400,
    code: 'invalid_json',
  },
  {
    name: 'cut UTF-8',
    body: Buffer.concat([Buffer.from(json(page)), Buffer.from([0xe0, 0xb6])]),
    status: 400,
    code: 'invalid_json',
  },
  {
    name: 'an encoded surrogate',
    body: Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]),
    status: 400,
    code: 'invalid_json',
  },
  { name: '__proto__', body: raw('"__proto__":{"admin":true}'), status: 400, code: 'invalid_json' },
  { name: '__proto__ below', body: raw('"properties":{"__proto__":{}}'), status: 400, code: 'invalid_json' },
  {
    name: '__proto__, escaped',
    body: raw('"\\u005f_proto__":{"admin":true}'),
    status: 400,
    code: 'invalid_json',
  },
  {
    name: 'constructor.prototype',
    body: raw('"constructor":{"prototype":{"admin":true}}'),
    status: 400,
    code: 'invalid_json',
  },
  { name: 'null', body: 'null', status: 422, code: 'invalid_event_shape' },
  { name: 'a number', body: '42', status: 422, code: 'invalid_event_shape' },
  { name: 'a text', body: '"click"', status: 422, code: 'invalid_event_shape' },
  { name: 'true', body: 'true', status: 422, code: 'invalid_event_shape' },
  { name: '1e999', body: raw('"load_time_ms":1e999'), status: 422, code: 'invalid_event_shape' },
  {
    name: 'depth 1,000',
    body: raw(`"properties":${nested(1_000)}`),
    status: 422,
    code: 'invalid_event_shape',
  },
  {
    name: 'depth 9,000',
    body: raw(`"properties":${nested(9_000)}`),
    status: 422,
    code: 'invalid_event_shape',
  },
  {
    name: 'arrays to depth 9,000',
    body: raw(`"properties":{"a":${'['.repeat(9_000)}${']'.repeat(9_000)}}`),
    status: 422,
    code: 'invalid_event_shape',
  },
  { name: '6,000 keys', body: raw(keys(6_000)), status: 422, code: 'invalid_event_shape' },
  { name: 'no type', body: '{"session_id":"s","page_url":"/"}', status: 422, code: 'missing_event_type' },
  { name: 'no field at all', body: '{}', status: 422, code: 'missing_event_type' },
  {
    name: 'a blank type',
    body: '{"event_type":"  ","session_id":"s","page_url":"/"}',
    status: 422,
    code: 'missing_event_type',
  },
  { name: 'an unknown type', body: raw('"event_type":"ui.hover"'), status: 422, code: 'unknown_event_type' },
  { name: 'a domain event', body: raw('"event_type":"order.paid"'), status: 422, code: 'unknown_event_type' },
  { name: 'a type of Object', body: raw('"event_type":"toString"'), status: 422, code: 'unknown_event_type' },
  {
    name: 'nothing but the type',
    body: '{"event_type":"click"}',
    status: 422,
    code: 'validation_error:click',
  },
  {
    name: 'a click without its element',
    body: json({ ...click, element_id: ' ' }),
    status: 422,
    code: 'validation_error:click',
  },
  {
    name: 'a cart without its product',
    body: json({ ...page, event_type: 'add_to_cart' }),
    status: 422,
    code: 'validation_error:add_to_cart',
  },
  ...[0, 1_001, -1, 1.5, 'three', {}].map((quantity) => ({
    name: `quantity ${json(quantity)}`,
    body: json({ ...page, event_type: 'add_to_cart', product_id: 'p', quantity }),
    status: 422,
    code: 'validation_error:add_to_cart',
  })),
  {
    name: 'a session id of 65 characters',
    body: json({ ...page, session_id: 'x'.repeat(65) }),
    status: 422,
    code: 'validation_error:page_view',
  },
  {
    name: 'an address of 2,001 characters',
    body: json({ ...page, page_url: `/${'x'.repeat(2_000)}` }),
    status: 422,
    code: 'validation_error:page_view',
  },
  {
    name: 'the typed route without what it needs',
    path: '/track/add_to_cart',
    body: json({ ...page, n: 1 }),
    status: 422,
    code: 'validation_error:add_to_cart',
  },
  ...[
    'not-a-uuid',
    '{6f9619ff-8b86-4d01-b42d-00cf4fc964ff}',
    '6f9619ff8b864d01b42d00cf4fc964ff',
    '6f9619ff-8b86-4d01-b42d-00cf4fc964fg',
    42,
    {},
  ].map((event_id) => ({
    name: `event id ${json(event_id)}`,
    body: json({ ...page, event_id }),
    status: 422,
    code: 'validation_error:page_view',
  })),
  ...[
    'yesterday',
    '2026-13-01T00:00:00Z',
    '2026-02-31T00:00:00Z',
    '2026-11-24T25:00:00Z',
    '2026-11-24T10:00:00+25:00',
    'Tue Nov 24 2026 10:00:00 GMT+0530',
    '24/11/2026',
    true,
    {},
    [1],
    1e300,
  ].map((event_timestamp) => ({
    name: `time ${json(event_timestamp)}`,
    body: json({ ...page, event_timestamp }),
    status: 422,
    code: 'validation_error:page_view',
  })),
  ...[
    '1999-12-31T23:59:59.999Z',
    '9999-12-31T23:59:59Z',
    '0001-01-01',
    0,
    -1,
    1_000_000_000,
    4_102_444_800,
    8.64e15,
  ].map((event_timestamp) => ({
    name: `time ${json(event_timestamp)}`,
    body: json({ ...page, event_timestamp }),
    status: 422,
    code: 'timestamp_out_of_range',
  })),
];

describe('a single event that is none: told, and kept byte for byte', () => {
  test.each(letters)('$name → $status $code', async ({ body, path, headers, status, code }) => {
    const answer = await counted(() => send(path ?? '/track', { body, headers: headers ?? {} }));
    expect(answer).toMatchObject({ status, code, more: { stored: 0, letters: 1, internal: 0 } });
    expect(answer.json.error).toMatchObject({ details: { kept: 'dead_letter' } });
    const issues = (answer.json.error as { details: { issues: unknown[] } }).details.issues;
    expect(issues.length).toBeLessThanOrEqual(20);
  });

  test('text that came stands in its letter as it came, other bytes as base64', async () => {
    const bodies = letters.filter(({ body }) => typeof body === 'string');
    const payloads = new Set(
      (await running.sql('SELECT payload FROM ops.dead_letter_events')).map(([text]) => text),
    );
    for (const { name, body } of bodies) {
      const text = String(body);
      const kept = text.includes('\0') ? Buffer.from(text).toString('base64') : text;
      expect(payloads.has(kept), name).toBe(true);
    }
    expect(payloads.has(Buffer.from(json(page), 'utf16le').toString('base64'))).toBe(true);
  });
});

describe('a request that is refused at the door: told, counted, nothing kept', () => {
  const large = json({ ...page, properties: { text: 'x'.repeat(70_000) } });
  const megabyte = json({ ...page, properties: { text: 'x'.repeat(1_048_576) } });
  const cases: readonly (readonly [
    name: string,
    status: number,
    code: string,
    reason: string,
    ask: () => Promise<Answer>,
  ])[] = [
    ['an event over 64 KB', 413, 'too_large', 'too_large', () => send('/track', { body: large })],
    ['10,000 keys', 413, 'too_large', 'too_large', () => send('/track', { body: raw(keys(10_000)) })],
    ['a text of 1 MB', 413, 'too_large', 'too_large', () => send('/track', { body: megabyte })],
    ['6 MB', 413, 'too_large', 'too_large', () => send('/track', { body: Buffer.alloc(6_000_000, 32) })],
    [
      '501 events',
      413,
      'too_large',
      'too_large',
      () => send('/track', { body: json(Array.from({ length: 501 }, () => page)) }),
    ],
    [
      'a batch with one event over 64 KB',
      413,
      'too_large',
      'too_large',
      () => send('/track', { body: `[${json(page)},${large}]` }),
    ],
    ['no content type', 415, 'media_type', 'media_type', () => send('/track')],
    [
      'XML',
      415,
      'media_type',
      'media_type',
      () => send('/track', { body: '<event/>', headers: { 'content-type': 'application/xml' } }),
    ],
    [
      'a form',
      415,
      'media_type',
      'media_type',
      () => send('/track', { body: 'a=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
    ],
    [
      'a compressed body',
      415,
      'media_type',
      'media_type',
      () => send('/track', { body: json(page), headers: { 'content-encoding': 'gzip' } }),
    ],
    [
      'text/plain for the collector',
      415,
      'media_type',
      'media_type',
      () => collect(json(page), { 'content-type': 'text/plain' }),
    ],
    [
      'another origin',
      403,
      'origin',
      'origin',
      () => send('/track', { body: json(page), headers: { origin: 'https://evil.example' } }),
    ],
    [
      'another origin’s beacon, which needs no preflight',
      403,
      'origin',
      'origin',
      () =>
        send('/track', {
          body: json(page),
          headers: { origin: 'https://evil.example', 'content-type': 'text/plain' },
        }),
    ],
    ['no key', 401, 'bad_key', 'bad_key', () => send('/events', { url: running.collectorUrl, body: '{}' })],
    [
      'a wrong key',
      401,
      'bad_key',
      'bad_key',
      () => collect(json(page), { 'x-analytics-key': `${collectorKey}x` }),
    ],
    [
      'another method',
      405,
      'method_not_allowed',
      'method_not_allowed',
      () => send('/track', { method: 'PUT' }),
    ],
    ['another path', 404, 'not_found', 'not_found', () => send('/trakc', { body: json(page) })],
  ];

  test.each(cases)('%s → %i %s', async (_name, status, code, reason, ask) => {
    const before = (await running.metrics()).value('kada_requests_refused_total', { reason });
    const answer = await counted(ask);
    expect(answer).toMatchObject({ status, code, more: { stored: 0, letters: 0, internal: 0 } });
    expect((await running.metrics()).value('kada_requests_refused_total', { reason })).toBe(before + 1);
  });

  test.each([
    ['what is no HTTP', 'HELO analytics\r\n\r\n', 400],
    ['headers over 16 KB', `POST /track HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
    [
      'two lengths',
      'POST /track HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}',
      400,
    ],
  ])('%s is answered and counted', async (_name, bytes, status) => {
    const before = await counts();
    const text = await rawAnswer(bytes);
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(text).toContain('"error"');
    expect((await counts()).refused).toBe(before.refused + 1);
  });
});

/** What comes back for bytes that no client library would send. */
function rawAnswer(bytes: string): Promise<string> {
  const { hostname, port } = new URL(running.trackingUrl);
  return new Promise((done, failed) => {
    let text = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', failed);
    socket.on('close', () => done(text));
  });
}

// A sender that writes on after the refusal can lose the answer to a reset, so these stop where the door speaks.
test.each([
  ['20 MB, declared', 'content-length: 20000000\r\n\r\n'],
  [
    'over 512 KB without a length',
    `transfer-encoding: chunked\r\n\r\n${(530_000).toString(16)}\r\n${' '.repeat(530_000)}`,
  ],
])('%s: 413 too_large, and the connection is closed', async (_name, rest) => {
  const answer = await rawAnswer(
    `POST /track HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${rest}`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(answer).toContain('too_large');
  expect(answer.toLowerCase()).toContain('connection: close');
});

describe('what looks odd and is good', () => {
  const uuid = (version: string): string => `0d4f5f0e-2f6c-${version}a53-da0f-5b1f0c7d9e11`;
  const now = Date.now();
  const good: readonly (readonly [name: string, body: string | Buffer])[] = [
    ['a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(raw('"n":1'))])],
    ['lone surrogates', raw('"referrer_url":"a\\ud800b","properties":{"\\udfff":"\\ud83d"}')],
    ['an escaped NUL', raw('"utm_source":"a\\u0000b","properties":{"a\\u0000":"\\u0000"}')],
    ['constructor as a plain key', raw('"constructor":"me","properties":{"constructor":{"a":1}}')],
    ['keys of Object', raw('"toString":1,"hasOwnProperty":2,"properties":{"valueOf":3}')],
    ['900 keys', raw(`"properties":{${keys(900)}}`)],
    ['20 levels', raw(`"properties":${nested(20)}`)],
    ['a key that is there twice', raw('"session_id":"s-2"')],
    ['-0 and a tiny number', raw('"load_time_ms":-0,"time_on_prev_page":1e-300')],
    ['Sinhala, Tamil and emoji', raw('"user_id":"සඳුනි","properties":{"t":"தமிழ் 🛒"}')],
    ['a blank event id', raw('"event_id":" "')],
    ['a null event id', raw('"event_id":null')],
    ['an address without a path', raw('"page_url":"?q=1"')],
    ...'0123456789abcdef'
      .split('')
      .map((v): readonly [string, string] => [`an event id of version ${v}`, raw(`"event_id":"${uuid(v)}"`)]),
    ['the nil id', raw('"event_id":"00000000-0000-0000-0000-000000000000"')],
    ['the max id', raw('"event_id":"FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"')],
    ...[
      new Date(now).toISOString(),
      new Date(now).toISOString().replace('Z', '4567Z'),
      new Date(now).toISOString().replace('Z', ''),
      new Date(now).toISOString().replace(/\.\d+Z/, 'Z'),
      new Date(now + 19_800_000).toISOString().replace('Z', '+05:30'),
      new Date(now + 19_800_000).toISOString().replace('Z', '+0530'),
      new Date(now).toISOString().slice(0, 10),
      new Date(now).toISOString().slice(0, 16),
      now,
      Math.floor(now / 1_000),
      now / 1_000,
      String(now),
      now + 540_000,
      now - 364 * 86_400_000,
    ].map((time): readonly [string, string] => [
      `time ${json(time)}`,
      raw(`"event_timestamp":${json(time)},"n":"${json(time).replaceAll('"', '')}"`),
    ]),
  ];
  test.each(good)('%s → 202, one row', async (_name, body) => {
    const answer = await counted(() => send('/track', { body }));
    expect(answer, json(answer.json)).toMatchObject({
      status: 202,
      json: { ok: true, status: 'stored' },
      more: { stored: 1, letters: 0, internal: 0 },
    });
  });

  test('the same id in another letter case is the same event; with other content it is a conflict', async () => {
    const event_id = 'a0b1c2d3-e4f5-4a6b-8c7d-9e8f7a6b5c4d';
    const first = await send('/track', { body: json({ ...page, event_id: event_id.toUpperCase() }) });
    expect(first.json).toMatchObject({ status: 'stored', event_id });
    const again = await counted(() => send('/track', { body: json({ ...page, event_id }) }));
    expect(again).toMatchObject({ status: 202, json: { status: 'duplicate', event_id } });
    expect(again.more).toMatchObject({ stored: 0, letters: 0 });
    const other = await counted(() =>
      send('/track', { body: json({ ...page, event_id, page_url: '/other' }) }),
    );
    expect(other).toMatchObject({ status: 409, code: 'event_id_conflict', more: { stored: 0, letters: 1 } });
    expect(other.json.error).toMatchObject({ details: { event_id } });
  });

  test('what Bronze holds of them is sound', async () => {
    const rows = await running.sql(
      "SELECT count(*) FROM bronze.page_view_events WHERE contains(referrer_url, chr(65533)) OR utm_source = 'a' || chr(65533) || 'b'",
    );
    expect(rows).toEqual([[2]]);
    expect(await running.sql("SELECT count(*) FROM bronze.page_view_events WHERE user_id = 'සඳුනි'")).toEqual([
      [1],
    ]);
  });
});

describe('batches', () => {
  const statuses = (answer: Answer): unknown[] =>
    (answer.json.results as { status: string; error?: { code: string } }[]).map(({ status, error }) =>
      error === undefined ? status : `${status} ${error.code}`,
    );

  test('good and bad in one array: each has its own answer, in order', async () => {
    // Each of these is met here for the first time: the same broken event again is no new dead letter.
    const id = '11111111-2222-4333-8444-555555555555';
    const answer = await counted(() =>
      send('/track', {
        body: `[${[
          json({ ...page, event_id: id }),
          '70001',
          json({ ...click, element_id: undefined }),
          json({ ...page, event_id: id }),
          json({ ...page, event_id: id, page_url: '/else' }),
          'false',
          '[70002]',
          nested(501),
          '{"load_time_ms":70003e999}',
          json({ ...page, event_timestamp: '2001-01-01' }),
          json(click),
          json(click),
        ].join(',')}]`,
      }),
    );
    expect(answer.status).toBe(202);
    expect(statuses(answer)).toEqual([
      'stored',
      'dead_lettered invalid_event_shape',
      'dead_lettered validation_error:click',
      'duplicate',
      'dead_lettered event_id_conflict',
      'dead_lettered invalid_event_shape',
      'dead_lettered invalid_event_shape',
      'dead_lettered invalid_event_shape',
      'dead_lettered invalid_event_shape',
      'dead_lettered timestamp_out_of_range',
      'stored',
      'stored',
    ]);
    expect(answer.json).toMatchObject({ accepted: 3, duplicates: 1, dead_lettered: 8, rejected: 0 });
    expect(answer.more).toEqual({ stored: 3, letters: 8, refused: 0, internal: 0 });
  });

  test('an array of one is a batch; an empty one is 202 with nothing', async () => {
    expect(statuses(await send('/track', { body: `[${json(click)}]` }))).toEqual(['stored']);
    expect(statuses(await send('/track', { body: json({ events: [click] }) }))).toEqual(['stored']);
    const empty = await send('/track', { body: '[]' });
    expect(empty).toMatchObject({ status: 202, json: { accepted: 0, results: [] } });
  });

  test('arrays to depth 9,000, and 500 events that are none', async () => {
    const deep = await send('/track', { body: `${'['.repeat(9_000)}${']'.repeat(9_000)}` });
    expect(statuses(deep)).toEqual(['dead_lettered invalid_event_shape']);
    const many = await send('/track', { body: json(Array.from({ length: 500 }, (_, n) => n)) });
    expect(many).toMatchObject({ status: 202, json: { accepted: 0, dead_lettered: 500 } });
  });

  test('a batch with __proto__ in one event is no JSON as a whole, and is kept as a whole', async () => {
    const body = `[${json(page)},{"__proto__":{"a":1}}]`;
    const answer = await counted(() => send('/track', { body }));
    expect(answer).toMatchObject({ status: 400, code: 'invalid_json', more: { stored: 0, letters: 1 } });
  });
});

describe('the collector', () => {
  const event_timestamp = new Date().toISOString();
  const paid = { event_type: 'order.paid', service: 'order-service', event_timestamp };
  test.each([
    [
      'a time that is none',
      { event_type: 'page_view', page_url: '/', event_timestamp: 'now' },
      'validation_error:page_view',
    ],
    [
      'a time without zone',
      { event_type: 'page_view', page_url: '/', event_timestamp: event_timestamp.replace('Z', '') },
      'validation_error:page_view',
    ],
    [
      'a depth of 101 %',
      { event_type: 'scroll', page_url: '/', event_timestamp, scroll_depth_pct: 101 },
      'validation_error:scroll',
    ],
    ['an order event without its order', paid, 'validation_error:order.paid'],
    [
      'an amount below zero',
      { ...paid, order_id: 'o-1', total_amount: -0.01 },
      'validation_error:order.paid',
    ],
    [
      'an amount beyond the column',
      { ...paid, order_id: 'o-1', total_amount: 10_000_000_000 },
      'validation_error:order.paid',
    ],
    ['an unknown type', { event_type: 'no.such.thing', event_timestamp }, 'unknown_event_type'],
    ['an old time', { ...paid, order_id: 'o-1', event_timestamp: 946_684_800 }, 'timestamp_out_of_range'],
  ])('%s → 422 and a dead letter', async (_name, event, code) => {
    const answer = await counted(() => collect(json(event)));
    expect(answer).toMatchObject({ status: 422, code, more: { stored: 0, letters: 1, internal: 0 } });
  });

  test('good events of every table, and zeros stay zeros', async () => {
    const events = [
      { event_type: 'page_view', page_url: '/', load_time_ms: 0, event_timestamp },
      { event_type: 'click', page_url: '/', x: 0, y: 0, event_timestamp: Date.now() },
      { event_type: 'scroll', page_url: '/', scroll_depth_pct: 0, event_timestamp },
      { event_type: 'form_interaction', page_url: '/', form_id: 'f', time_spent_ms: 0, event_timestamp },
      { event_type: 'search', page_url: '/', query: '', results_count: 0, event_timestamp },
      { event_type: 'db_query_perf', service: 's', execution_time_ms: 0, event_timestamp },
      { ...paid, order_id: 'o-2', total_amount: '0' },
    ];
    const answer = await counted(() => collect(json({ events })));
    expect(answer, json(answer.json)).toMatchObject({ status: 202, json: { accepted: events.length } });
    expect(await running.sql('SELECT x, y FROM bronze.click_events WHERE x IS NOT NULL')).toEqual([[0, 0]]);
    expect(await running.sql('SELECT scroll_depth_pct FROM bronze.scroll_events')).toEqual([[0]]);
  });
});

describe('bounds of public callers, who come with a forwarding header', () => {
  const from = (address: string, body: string): Promise<Answer> =>
    send('/track', { url: bounded.trackingUrl, body, headers: { 'x-forwarded-for': address } });
  const session = (n: number): string => json({ ...page, session_id: `s-${n}` });

  test('over the rate, or with too many sessions: 429 with Retry-After, counted', async () => {
    const before = await counts(bounded);
    // the minute may turn on the way: from the first refusal on, the next is refused as well
    const sessions: Answer[] = [];
    for (let n = 0; n < 8; n++) sessions.push(await from('203.0.113.7', session(n)));
    const refused = sessions.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    const rate: Answer[] = [];
    for (let n = 0; n < 62; n++) rate.push(await from('198.51.100.7', session(1)));
    const limited = rate.filter(({ status }) => status === 429);
    expect(limited.length).toBeGreaterThan(0);
    for (const answer of [...refused, ...limited]) {
      expect(answer.code).toBe('rate_limited');
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    const others = [...sessions, ...rate].filter(({ status }) => status !== 429);
    for (const answer of others) expect(answer.status).toBe(202);
    const after = await counts(bounded);
    expect(after.refused - before.refused).toBe(refused.length + limited.length);
    expect(after.stored - before.stored).toBe(others.length);
  });

  test('broken events beyond the bounds are told and counted, and not kept', async () => {
    const before = await counts(bounded);
    const answers: Answer[] = [];
    for (let n = 0; n < 12; n++) {
      answers.push(await from(`192.0.2.${n % 2}`, `{"event_type":"click","n":${n}}`));
    }
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 422, code: 'validation_error:click' });
    const kept = answers.filter(
      ({ json: body }) => (body.error as { details: { kept: string } }).details.kept === 'dead_letter',
    );
    const after = await counts(bounded);
    // 2 an address and minute, and the minute may turn once
    expect(kept.length).toBeGreaterThanOrEqual(4);
    expect(kept.length).toBeLessThanOrEqual(8);
    expect(after.letters - before.letters).toBe(kept.length);
    expect(after.refused - before.refused).toBe(answers.length - kept.length);
  });

  test('a collector without a key takes nothing in: 503 no_key_configured', async () => {
    const answer = await send('/events', {
      url: bounded.collectorUrl,
      body: json(page),
      headers: { 'x-analytics-key': collectorKey },
    });
    expect(answer).toMatchObject({ status: 503, code: 'no_key_configured' });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

test('after all that the process is as well as before, and nothing was its own fault', async () => {
  expect((await fetch(`${running.dashboardUrl}/readyz`)).status).toBe(200);
  expect((await send('/track', { body: json(click) })).json).toMatchObject({ status: 'stored' });
  expect((await counts()).internal).toBe(0);
  expect((await counts(bounded)).internal).toBe(0);
  const bad = running.logs.filter(({ level }) => typeof level === 'number' && level >= 50);
  expect(bad).toEqual([]);
  expect(await running.stop()).toEqual({ code: 0, signal: null });
  expect(await bounded.stop()).toEqual({ code: 0, signal: null });
});
