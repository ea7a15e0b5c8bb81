import fc from 'fast-check';
import { anyBody } from './any-body.ts';

/** What somebody might send who means harm, or has a broken client: bodies with the road they come by. */
export type Poison =
  | {
      readonly road: 'http';
      readonly door: 'tracking' | 'collector';
      readonly path: string;
      readonly contentType: string;
      readonly body: Buffer;
    }
  | {
      readonly road: 'amqp';
      readonly routingKey: string;
      readonly messageId: string | undefined;
      readonly contentType: string | undefined;
      readonly headers: Readonly<Record<string, unknown>>;
      readonly body: Buffer;
    };

const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');

const nested = fc
  .tuple(fc.constantFrom('{"a":', '['), fc.constantFrom(31, 32, 33, 1_000, 9_000))
  .map(([open, levels]) => utf8(open.repeat(levels) + (open === '[' ? ']' : '1}').repeat(levels)));
const manyKeys = fc
  .constantFrom(999, 1_001, 3_000)
  .map((count) => utf8(`{${Array.from({ length: count }, (_, n) => `"k${n}":1`).join(',')}}`));
const notFinite = fc
  .constantFrom('1e999', '-1e999', 'NaN', 'Infinity', '0x10', '01', '1e-400', '9'.repeat(400))
  .map((number) =>
    utf8(`{"event_type":"page_view","session_id":"s-1","page_url":"/","load_time_ms":${number}}`),
  );
const poisoned = fc
  .constantFrom(
    '{"__proto__":{"event_type":"click"},"event_type":"page_view"}',
    '{"constructor":{"prototype":{"x":1}},"event_type":"page_view"}',
    '{"\\u005f_proto__":{"admin":true}}',
    '{"event_type":"page_view","event_type":"click"}',
    '{"event_type":"page_view","session_id":"\\ud800","page_url":"/"}',
    '{"event_type":"page_view","session_id":"s\\u0000","page_url":"/"}',
    '\ufeff{"event_type":"page_view"}',
    '{"event_type":"page_view","session_id":"s-1","page_url":"http://[::1"}',
    '{"event_type":"page_view","session_id":"s-1","page_url":"javascript:alert(1)//\'; DROP TABLE bronze.tracked_log;--"}',
    '{"events":{"length":3}}',
    '{"events":[[[]]]}',
    '{"events":null}',
    'null',
    '""',
    '0',
    'true',
    '[]',
    '[null]',
    '[[{"event_type":"click"}]]',
    '',
    ' ',
    '\0',
  )
  .map(utf8);
/** over what the entrances take: 64 KB an event over HTTP, 512 KB a body, 1 MB over AMQP */
const large = fc
  .constantFrom(65_000, 66_000, 530_000, 1_100_000)
  .map((length) =>
    utf8(`{"event_type":"search","session_id":"s-1","page_url":"/","query":"${'x'.repeat(length)}"}`),
  );

const near = anyBody.map((body) => utf8(JSON.stringify(body)));
const few = fc
  .tuple(fc.array(fc.oneof(anyBody, fc.jsonValue({ maxDepth: 2 })), { maxLength: 8 }), fc.boolean())
  .map(([bodies, wrapped]) => utf8(JSON.stringify(wrapped ? { events: bodies } : bodies)));

/** A good text with a piece cut out, doubled, or overwritten with any bytes. */
const broken = fc
  .tuple(
    fc.oneof(near, few),
    fc.nat(),
    fc.nat(40),
    fc.oneof(fc.uint8Array({ maxLength: 6 }), fc.constantFrom(utf8('"'), utf8('}'), utf8('\\u'), utf8(','))),
  )
  .map(([body, at, length, piece]) => {
    const from = body.length === 0 ? 0 : at % body.length;
    return Buffer.concat([body.subarray(0, from), piece, body.subarray(from + length)]);
  });

const body: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 400, arbitrary: near },
  { weight: 120, arbitrary: few },
  { weight: 250, arbitrary: broken },
  { weight: 80, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 60, arbitrary: fc.json({ maxDepth: 4 }).map(utf8) },
  { weight: 50, arbitrary: poisoned },
  { weight: 20, arbitrary: notFinite },
  { weight: 10, arbitrary: nested },
  { weight: 10, arbitrary: manyKeys },
  { weight: 5, arbitrary: large },
);

const contentType = fc.oneof(
  { weight: 20, arbitrary: fc.constant('application/json') },
  { weight: 6, arbitrary: fc.constantFrom('text/plain', 'application/json; charset=utf-8') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'application/xml',
      'application/json; charset=utf-16',
      'multipart/form-data',
      'x',
    ),
  },
);

const http: fc.Arbitrary<Poison> = fc
  .tuple(
    fc.oneof(
      fc
        .constantFrom('', '', '', '/page_view', '/click', '/add_to_cart', '/begin_checkout')
        .map((path) => ({ door: 'tracking', path: `/track${path}` }) as const),
      fc.constant({ door: 'collector', path: '/events' } as const),
    ),
    contentType,
    body,
  )
  .map(([to, type, bytes]) => ({ road: 'http', ...to, contentType: type, body: bytes }));

const uiKeys = ['ui.page_view', 'ui.click', 'ui.add_to_cart', 'ui.begin_checkout'];
const bound = [...uiKeys, 'order.paid', 'order.x', 'payment.completed', 'review.created', 'refund.created'];
const headerValue = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.string({ maxLength: 5 }), { maxLength: 3 }),
);
const amqp: fc.Arbitrary<Poison> = fc
  .tuple(
    fc.constantFrom(...bound),
    fc.option(fc.string({ maxLength: 60 }), { nil: undefined }),
    fc.option(fc.string({ maxLength: 60 }), { nil: undefined }),
    fc.dictionary(fc.constantFrom('traceparent', 'x-death', 'x', 'content'), headerValue, { maxKeys: 2 }),
    body,
  )
  .map(([routingKey, messageId, type, headers, bytes]) => ({
    road: 'amqp',
    routingKey,
    messageId,
    contentType: type,
    headers,
    body: bytes,
  }));

export const poison: fc.Arbitrary<Poison> = fc.oneof(
  { weight: 3, arbitrary: http },
  { weight: 2, arbitrary: amqp },
);
