import { expect, test } from 'vitest';
import { KadaError } from '../ingest/errors.ts';
import { reconnectDelay, redactUrl } from '../ingest/rabbitmq/connection.ts';
import { timestampMs } from '../ingest/rabbitmq/delivery.ts';
import { explainRefusal, queueArguments, topicMatches } from '../ingest/rabbitmq/topology.ts';
import { topologyFor } from './support/rabbit.ts';

test.each([
  ['ui.page_view', 'ui.page_view', true],
  ['ui.page_view', 'ui.click', false],
  ['order.*', 'order.created', true],
  ['order.*', 'order', false],
  ['order.*', 'order.item.added', false],
  ['*', 'order', true],
  ['#', '', true],
  ['#', 'a.b.c', true],
  ['order.#', 'order', true],
  ['order.#', 'order.a.b', true],
  ['#.created', 'order.created', true],
  ['#.created', 'created', true],
  ['#.created', 'order.created.late', false],
  ['a.#.b.*', 'a.x.b.b.y', true],
  ['a.#.b.*', 'a.b', false],
  ['*.*', '.', true],
  ['ui.*', 'ui.', true],
  ['*', '', false],
])('the pattern %s and the key "%s": %s', (pattern, key, expected) => {
  expect(topicMatches(pattern, key)).toBe(expected);
});

test('a URL is logged without its password and its query', () => {
  expect(redactUrl('amqp://shop:p%40ss@mq.example:5672/vhost?x=p')).toBe(
    'amqp://shop:***@mq.example:5672/vhost',
  );
  expect(redactUrl('amqps://mq.example')).toBe('amqps://mq.example');
  expect(redactUrl('amqp://shop:p@ss word@[mq')).toBe('(an unreadable URL)');
});

test('reconnect delays grow from 100 ms to 5 s, with jitter in their upper half', () => {
  const most = [1, 2, 3, 4, 5, 6, 7, 8, 1_000].map((attempt) => reconnectDelay(attempt, () => 1));
  expect(most).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
  expect(reconnectDelay(1_000, () => 0)).toBe(2_500);
});

test.each([
  [1_760_000_000, 1_760_000_000_000],
  [1_760_000_000_123, 1_760_000_000_123],
  [0, undefined],
  [-1, undefined],
  [Number.NaN, undefined],
  ['1760000000', undefined],
  [undefined, undefined],
])('the timestamp property %s is %s ms', (given, expected) => {
  expect(timestampMs(given)).toBe(expected);
});

test('a quorum queue is unlimited by -1 since 4.0, and by nothing before, where -1 discards at the first requeue', () => {
  const quorum = topologyFor('arguments', { queueType: 'quorum' });
  expect(queueArguments(quorum, 3)).toEqual({ 'x-queue-type': 'quorum' });
  expect(queueArguments(quorum, 4)).toEqual({ 'x-queue-type': 'quorum', 'x-delivery-limit': -1 });
  expect(queueArguments(topologyFor('arguments'), 4)).toBeUndefined();
  expect(queueArguments(topologyFor('arguments', { dlq: 'dead' }), 3)).toEqual({
    'x-dead-letter-exchange': 'analytics.dlx',
    'x-dead-letter-routing-key': 'dead',
  });
});

test('a refusal names what differs; another error stays what it is', () => {
  const text =
    `Operation failed: QueueDeclare; 406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - inequivalent arg ` +
    `'x-queue-type' for queue 'q' in vhost '/': received none but current is the value 'quorum' of type 'longstr'"`;
  const explained = explainRefusal(new Error(text));
  expect(explained).toBeInstanceOf(KadaError);
  expect(explained).toMatchObject({ code: 'KADA_QUEUE_ARGUMENTS' });
  expect(String(explained)).toContain(
    `it has the value 'quorum' of type 'longstr', this process asks for none`,
  );
  const other = new Error('access refused');
  expect(explainRefusal(other)).toBe(other);
});
