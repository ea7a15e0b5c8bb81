import type { MessageProperties } from 'amqplib';
import { describe, expect, test } from 'vitest';
import { type DeadMessage, deadMessage } from '../ingest/rabbitmq/dead-message.ts';
import { drainBody, messagesFrom, messagesTo } from '../pipeline/replay/drain-wire.ts';

const noProperties: MessageProperties = {
  contentType: undefined,
  contentEncoding: undefined,
  headers: undefined,
  deliveryMode: undefined,
  priority: undefined,
  correlationId: undefined,
  replyTo: undefined,
  expiration: undefined,
  messageId: undefined,
  timestamp: undefined,
  type: undefined,
  userId: undefined,
  appId: undefined,
  clusterId: undefined,
};

describe('what a message was before it died', () => {
  const queues = { main: 'main', deadLetters: 'dlq' };
  const now = Date.UTC(2026, 10, 24, 12);
  const death = (queue: string, key: string, seconds: number) => ({
    queue,
    reason: 'rejected',
    exchange: 'domain.events',
    'routing-keys': [key],
    time: { '!': 'timestamp', value: seconds },
    count: 1,
  });
  const found = (headers: Record<string, unknown> | undefined, routingKey = 'dlq') =>
    deadMessage(
      {
        content: Buffer.from('{}'),
        properties: { ...noProperties, headers },
        fields: { routingKey, redelivered: false },
      },
      queues,
      now,
    );
  const at = now / 1_000 - 60;

  test.each<readonly [string, ReturnType<typeof found>, string, number]>([
    [
      'of the main queue',
      found({ 'x-death': [death('other', 'a', at), death('main', 'order.created', at - 5)] }),
      'order.created',
      (at - 5) * 1_000,
    ],
    [
      'of its first queue',
      found({ 'x-death': [death('b', 'retry', at), death('a', 'order.paid', at - 9)] }),
      'order.paid',
      (at - 9) * 1_000,
    ],
    ['by a clock that is ahead', found({ 'x-death': [death('main', 'k', at + 9_999)] }), 'k', now],
    ['put there by hand', found(undefined), '', now],
    ['moved there with its own key', found({}, 'order.created'), 'order.created', now],
    [
      'with a header that somebody made up',
      found({ 'x-death': [1, { 'routing-keys': 'x', time: 7 }] }),
      '',
      now,
    ],
  ])('%s', (_name, { origin, receivedAt: then }, key, ms) => {
    expect(origin.routingKey).toBe(key);
    expect(then).toBe(ms);
  });

  test('survives the way to the process that owns the warehouse', () => {
    const whole: DeadMessage = {
      ...found(undefined),
      message: { kind: 'bytes', bytes: Buffer.from([0, 255, 123]) },
    };
    const cut: DeadMessage = {
      ...found({ 'x-death': [death('main', 'k', at)] }),
      message: { kind: 'oversized', head: Buffer.from('{"a"'), length: 2_000_000, sha256: 'c'.repeat(64) },
    };
    const wire = drainBody.parse(
      JSON.parse(JSON.stringify({ messages: messagesTo([whole, cut]), dryRun: true })),
    );
    expect(messagesFrom(wire.messages)).toEqual([whole, cut]);
  });
});
