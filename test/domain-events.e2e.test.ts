import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Broker, startBroker } from './support/broker.ts';
import { domainFixture, type FixtureMessage } from './support/domain-fixture.ts';
import { eventually } from './support/eventually.ts';
import { type BrokerNames, brokerNames, drained } from './support/faulty-setup.ts';
import { createHttpClient, type HttpAnswer } from './support/http-client.ts';
import { cleanUp, type PipelineProcess, startPipeline } from './support/pipeline-process.ts';
import { publishAll } from './support/rabbit.ts';

/** The shop's real messages through a real broker: one row each, typed, however often they come. */
let broker: Broker;
beforeAll(async () => {
  broker = await startBroker();
});
afterEach(cleanUp);
afterAll(() => broker.dispose());

const order = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
const cashOrder = '7f9619ff-8b86-4d01-b42d-00cf4fc964f0';
const user = '1b4e28ba-2fa1-41d2-883f-0016d3cca427';
const cashUser = '2b4e28ba-2fa1-41d2-883f-0016d3cca428';
const review = 'a0ee0000-0000-4000-8000-0000000000b1';
const product = 'c0ffee00-0000-4000-8000-0000000000c1';

const columns =
  'event_type, canonical_type, order_id, user_id, CAST(amount AS VARCHAR), currency, payment_method, status, ' +
  'review_id, product_id, rating, service, source';
/** by the last two digits of the event id */
const expected = [
  [
    '11',
    'order.created',
    'order_created',
    order,
    user,
    '2500.50',
    'LKR',
    'ONLINE',
    'PENDING',
    null,
    null,
    null,
  ],
  [
    '12',
    'payment.pending',
    'payment_pending',
    order,
    user,
    '2500.50',
    'LKR',
    'ONLINE',
    'PENDING',
    null,
    null,
    null,
  ],
  ['13', 'payment.failed', 'payment_failed', order, user, '2500.50', 'LKR', null, 'FAILED', null, null, null],
  [
    '14',
    'payment.completed',
    'order_paid',
    order,
    user,
    '2500.50',
    'LKR',
    null,
    'COMPLETED',
    null,
    null,
    null,
  ],
  [
    '15',
    'order.ready_for_vendor',
    'order_status',
    order,
    user,
    '2500.50',
    'LKR',
    'ONLINE',
    'COMPLETED',
    null,
    null,
    null,
  ],
  [
    '16',
    'order.status_updated',
    'order_status',
    order,
    user,
    null,
    null,
    null,
    'PROCESSING',
    null,
    null,
    null,
  ],
  ['17', 'review.created', 'review_created', order, user, null, null, null, null, review, product, 5],
  ['18', 'review.updated', 'review_updated', null, user, null, null, null, null, review, product, 4],
  ['19', 'review.deleted', 'review_deleted', null, user, null, null, null, null, review, product, null],
  [
    '20',
    'order.created',
    'order_created',
    cashOrder,
    cashUser,
    '990.00',
    'LKR',
    'COD',
    'PENDING',
    null,
    null,
    null,
  ],
  [
    '21',
    'payment.not_required',
    'payment_not_required',
    cashOrder,
    cashUser,
    '990.00',
    'LKR',
    'COD',
    'NOT_REQUIRED',
    null,
    null,
    null,
  ],
  [
    '22',
    'order.cancelled',
    'order_cancelled',
    cashOrder,
    cashUser,
    null,
    null,
    null,
    'CANCELLED',
    null,
    null,
    null,
  ],
] as const;

const publish = async (names: BrokerNames, messages: readonly FixtureMessage[]): Promise<void> => {
  for (const { routingKey, text } of messages) {
    await publishAll(broker, names.exchange, [text], routingKey, {
      contentType: 'application/json',
      mandatory: true,
    });
  }
};
const stored = async (running: PipelineProcess): Promise<number> =>
  (await running.metrics()).value('kada_events_stored_total');

test('every example published twice is in Bronze once: canonical type, amount, folded ids, its own time', async () => {
  const names = await brokerNames(broker, 'fixture');
  const running = await startPipeline({ env: names.env });
  const messages = domainFixture();
  expect(messages).toHaveLength(expected.length);
  await publish(names, messages);
  await publish(names, messages);
  await drained(running, broker, names.queue);

  const rows = await running.sql(
    `SELECT right(CAST(event_id AS VARCHAR), 2), ${columns} FROM bronze.business_events ORDER BY 1`,
  );
  const services = { order: 'order-service', payment: 'payment-service', review: 'review-service' };
  expect(rows).toEqual(
    expected.map((row) => {
      const prefix = row[1].split('.')[0] as keyof typeof services;
      return [...row, services[prefix], 'rabbitmq'];
    }),
  );

  // the time is the event's own, to the millisecond; the body is kept as it came
  const sent = new Map(
    messages.map(({ text }) => {
      const body = JSON.parse(text) as { eventId: string; occurredAt: string };
      return [body.eventId, { at: body.occurredAt, text }];
    }),
  );
  for (const [id, at, payload] of await running.sql(
    'SELECT CAST(event_id AS VARCHAR), event_timestamp, payload FROM bronze.business_events',
  )) {
    expect({ at, text: payload }).toEqual(sent.get(String(id)));
  }
  expect(
    await running.sql(
      'SELECT right(CAST(event_id AS VARCHAR), 2), line_number, order_id, product_id, quantity FROM bronze.business_event_items',
    ),
  ).toEqual([['22', expect.any(Number), cashOrder, 'c0ffee00-0000-4000-8000-0000000000c2', 2]]);
  expect(await running.sql('SELECT count(*) FROM ops.dead_letter_events')).toEqual([[0]]);
  const metrics = await running.metrics();
  expect(metrics.value('kada_events_received_total', { source: 'rabbitmq' })).toBe(2 * expected.length);
  expect(metrics.value('kada_events_duplicate_total', { kind: 'natural' })).toBe(expected.length);

  // a changed body under a known id: a letter with both hashes, and the row stays as it was
  const paid = messages[3]!;
  await publish(names, [{ ...paid, text: paid.text.replace('2500.5', '1.00') }]);
  const letters = await eventually(async () => {
    const found = await running.sql(
      'SELECT source, stage, reason, payload, detail, status FROM ops.dead_letter_events',
    );
    expect(found).toHaveLength(1);
    return found;
  });
  const [[source, stage, reason, payload, detail, status] = []] = letters;
  expect([source, stage, reason, status]).toEqual(['rabbitmq', 'identify', 'event_id_conflict', 'pending']);
  expect(payload).toContain('"amount":1.00');
  const hashes = JSON.parse(String(detail)) as { stored_content_hash: string; content_hash: string };
  expect(hashes.stored_content_hash).toMatch(/^[0-9a-f]{64}$/);
  expect(hashes.content_hash).toMatch(/^[0-9a-f]{64}$/);
  expect(hashes.content_hash).not.toBe(hashes.stored_content_hash);
  expect(
    await running.sql(
      `SELECT CAST(amount AS VARCHAR) FROM bronze.business_events WHERE canonical_type = 'order_paid'`,
    ),
  ).toEqual([['2500.50']]);

  // and the same letter again is seen twice, not stored twice
  await publish(names, [{ ...paid, text: paid.text.replace('2500.5', '1.00') }]);
  await eventually(async () =>
    expect(await running.sql('SELECT seen FROM ops.dead_letter_events')).toEqual([[2]]),
  );
});

const click = { event_type: 'click', session_id: 's-1', page_url: '/products/p1', element_id: 'buy' };
const post = async (running: PipelineProcess, body: unknown): Promise<HttpAnswer> => {
  const client = createHttpClient();
  try {
    return await client.post(`${running.trackingUrl}/track`, JSON.stringify(body));
  } finally {
    client.close();
  }
};
const statusOf = (answer: HttpAnswer): unknown =>
  answer.kind === 'answer' &&
  typeof answer.json === 'object' &&
  answer.json !== null &&
  'status' in answer.json
    ? answer.json.status
    : answer;

test.each([
  { transport: 'direct', status: 'stored' },
  { transport: 'auto', status: 'published' },
])('two identical clicks without id and time are two rows ($transport)', async ({ transport, status }) => {
  const names = await brokerNames(broker, 'clicks');
  const running = await startPipeline({ env: { ...names.env, TRACKING_TRANSPORT: transport } });
  expect(statusOf(await post(running, click))).toBe(status);
  expect(statusOf(await post(running, click))).toBe(status);
  await eventually(async () => expect(await stored(running)).toBe(2));
  // of one batch: the first stands at received_at, the next 1 ms later, so that they have an order
  await post(running, [click, click]);
  await eventually(async () => expect(await stored(running)).toBe(4));
  await drained(running, broker, names.queue);
  expect(await running.sql('SELECT count(*), count(DISTINCT event_id) FROM bronze.click_events')).toEqual([
    [4, 4],
  ]);
  expect((await running.metrics()).value('kada_events_duplicate_total')).toBe(0);
});

test.each(['direct', 'auto'])(
  'the same body sent to /track (%s) and published by another is one row, whichever comes first',
  async (transport) => {
    const names = await brokerNames(broker, 'both');
    const running = await startPipeline({ env: { ...names.env, TRACKING_TRANSPORT: transport } });
    const bodies = [0, 1].map(() => ({ ...click, event_id: randomUUID(), properties: { a: 1, '10': 2 } }));
    const [first, second] = bodies;
    const byBroker = (body: unknown): Promise<void> =>
      publish(names, [{ routingKey: 'ui.click', text: JSON.stringify(body) }]);

    expect(await post(running, first)).toMatchObject({ status: 202 });
    await eventually(async () => expect(await stored(running)).toBe(1));
    await byBroker(first);
    await byBroker(second);
    await eventually(async () => expect(await stored(running)).toBe(2));
    expect(await post(running, second)).toMatchObject({ status: 202 });
    await drained(running, broker, names.queue);
    await eventually(async () =>
      expect((await running.metrics()).value('kada_events_duplicate_total', { kind: 'natural' })).toBe(2),
    );
    const rows = await running.sql('SELECT CAST(event_id AS VARCHAR) FROM bronze.click_events');
    expect(rows.map(([id]) => id).sort()).toEqual(bodies.map(({ event_id }) => event_id).sort());
    expect(await running.sql('SELECT count(*) FROM ops.dead_letter_events')).toEqual([[0]]);
  },
);

test('what is no event is a dead letter, acked, and the next message comes through', async () => {
  const names = await brokerNames(broker, 'broken');
  const running = await startPipeline({ env: names.env });
  const manyKeys = `{${Array.from({ length: 10_000 }, (_, n) => `"key${n}":${n}`).join(',')}}`;
  const id = randomUUID();
  const bad: readonly (readonly [reason: string, body: string | Buffer, key: string])[] = [
    ['invalid_json', '', 'order.created'],
    ['invalid_json', '{"eventType":"order.created",', 'order.created'],
    ['invalid_json', Buffer.from('{"orderId":"ශ්‍රී"}', 'utf16le'), 'order.created'],
    ['invalid_json', '{"__proto__":{"admin":true},"orderId":"1"}', 'order.created'],
    ['invalid_json', '{"orderId":NaN}', 'order.created'],
    ['invalid_event_shape', '[1,2,3]', 'order.created'],
    ['invalid_event_shape', manyKeys, 'order.created'],
    ['invalid_event_shape', `${'{"a":'.repeat(1_000)}1${'}'.repeat(1_000)}`, 'order.created'],
    ['invalid_event_shape', '{"orderId":"1","subtotal":1e999}', 'order.created'],
    ['too_large', `{"orderId":"${'x'.repeat(2_000_000)}"}`, 'order.created'],
    ['validation_error:order.created', '{"data":{}}', 'order.created'],
    [
      'validation_error:review.created',
      '{"data":{"reviewId":"r","productId":"p","rating":6}}',
      'review.created',
    ],
    ['validation_error:payment.completed', '{"data":{"orderId":"o","amount":-1}}', 'payment.completed'],
    [
      'timestamp_out_of_range',
      '{"occurredAt":"1999-12-31T23:59:59Z","data":{"orderId":"o"}}',
      'order.created',
    ],
    ['validation_error:click', '{"element_id":"x"}', 'ui.click'],
  ];
  for (const [, body, key] of bad) await publishAll(broker, names.exchange, [body], key);
  await publishAll(
    broker,
    names.exchange,
    [JSON.stringify({ eventId: id, eventType: 'order.created', data: { orderId: 'o-1' } })],
    'order.created',
  );
  await eventually(async () => expect(await stored(running)).toBe(1), { timeoutMs: 30_000 });
  await drained(running, broker, names.queue);
  expect(await running.sql('SELECT CAST(event_id AS VARCHAR) FROM bronze.business_events')).toEqual([[id]]);
  const letters = await running.sql('SELECT reason FROM ops.dead_letter_events');
  expect(letters.map(([reason]) => reason).sort()).toEqual(bad.map(([reason]) => reason).sort());
  expect((await running.metrics()).value('kada_events_dead_lettered_total')).toBe(bad.length);
  // what is too large is told by its length and hash, with its beginning
  const [[payload, context] = []] = await running.sql(
    `SELECT payload, context FROM ops.dead_letter_events WHERE reason = 'too_large'`,
  );
  expect(String(payload)).toHaveLength(65_536);
  expect(JSON.parse(String(context))).toMatchObject({ payload_whole_length: 2_000_014 });
});
