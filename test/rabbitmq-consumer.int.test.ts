import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Delivery } from '../ingest/delivery.ts';
import { createRabbitSource } from '../ingest/rabbitmq/consumer.ts';
import { type Broker, startBroker } from './support/broker.ts';
import { eventually } from './support/eventually.ts';
import {
  bodyText,
  collectLog,
  deadLettered,
  duplicate,
  listen,
  numbered,
  publishAll,
  stored,
  topologyFor,
  unavailable,
} from './support/rabbit.ts';

let broker: Broker;
beforeAll(async () => {
  broker = await startBroker();
});
afterAll(async () => {
  await broker.dispose();
});

const consuming = (source: { state(): { kind: string } }) =>
  eventually(() => expect(source.state().kind).toBe('consuming'));
const arrived = (received: readonly unknown[], count: number) =>
  eventually(() => expect(received.length).toBeGreaterThanOrEqual(count));

describe('topology', () => {
  test('declares exchange, queue and bindings, and a second process finds them fitting', async () => {
    const topology = topologyFor('fresh');
    const first = listen(broker, topology);
    await consuming(first.source);
    const second = listen(broker, topology);
    await consuming(second.source);
    await publishAll(broker, topology.exchange, ['a'], 'order.created');
    await publishAll(broker, topology.exchange, ['b'], 'ui.page_view');
    await publishAll(broker, topology.exchange, ['not for us'], 'stock.low');
    await eventually(() => {
      const bodies = [...first.received, ...second.received].map(bodyText);
      expect(bodies.sort()).toEqual(['a', 'b']);
    });
    for (const { source, received } of [first, second]) {
      for (const delivery of received) delivery.settle(stored);
      await source.close();
    }
  });

  test('shares a queue that another program declared: durable, without arguments, with messages in it', async () => {
    const topology = topologyFor('shared');
    await broker.declareExchange(topology.exchange);
    await broker.declareQueue(topology.queue);
    await broker.bind(topology.queue, topology.exchange, 'ui.click');
    await publishAll(broker, topology.exchange, ['from before']);
    const { source, received } = listen(broker, topology);
    await arrived(received, 1);
    expect(received.map(bodyText)).toEqual(['from before']);
    received[0]!.settle(stored);
    await source.close();
  });

  test('declares the dead-letter queue beside it', async () => {
    const topology = topologyFor('dlq', { dlq: `dead-${Date.now()}` });
    const { source } = listen(broker, topology);
    await consuming(source);
    await publishAll(broker, 'analytics.dlx', ['x'], topology.dlq);
    expect(await broker.queue(topology.dlq!)).toMatchObject({ messages: 1 });
    await source.close();
  });

  test.each([
    ['x-dead-letter-exchange', { 'x-dead-letter-exchange': 'other' }, 'RABBITMQ_DLQ'],
    ['x-queue-type', { 'x-queue-type': 'quorum' }, 'RABBITMQ_QUEUE_TYPE'],
    ['x-message-ttl', { 'x-message-ttl': 60_000 }, 'RABBITMQ_QUEUE'],
  ])(
    'a queue with another %s is refused in words, and taken as soon as it fits',
    async (argument, given, advice) => {
      const topology = topologyFor('misfit');
      await broker.declareQueue(topology.queue, given);
      const { source, received, lines } = listen(broker, topology);
      const refusal = await eventually(() => {
        const line = lines.find(({ level }) => level === 'error');
        if (line === undefined) throw new Error('not refused yet');
        return line;
      });
      expect(refusal.fields.code).toBe('KADA_QUEUE_ARGUMENTS');
      expect(refusal.message).toContain(`"${argument}"`);
      expect(refusal.message).toContain(topology.queue);
      expect(refusal.message).toContain(advice);
      expect(source.state()).toMatchObject({ kind: 'connecting', detail: refusal.message });
      await broker.deleteQueue(topology.queue);
      await consuming(source);
      await publishAll(broker, topology.exchange, ['now']);
      await arrived(received, 1);
      received[0]!.settle(stored);
      await source.close();
    },
  );

  test('an exchange of another type is refused with its own code', async () => {
    const topology = topologyFor('exchange');
    await broker.declareExchange(topology.exchange, 'fanout');
    const { source, lines } = listen(broker, topology);
    await eventually(() => {
      expect(lines.find(({ level }) => level === 'error')?.fields.code).toBe('KADA_EXCHANGE_ARGUMENTS');
    });
    await source.close();
  });

  test('quorum queues are declared, consumed, acked and given back', async () => {
    const topology = topologyFor('quorum', { queueType: 'quorum', dlq: 'dead-quorum' });
    const { source, received } = listen(broker, topology);
    await consuming(source);
    await publishAll(broker, topology.exchange, ['good', 'bad', 'later']);
    await arrived(received, 3);
    received[0]!.settle(stored);
    received[1]!.settle(deadLettered);
    received[2]!.settle(unavailable);
    await arrived(received, 4);
    expect(bodyText(received[3]!)).toBe('later');
    received[3]!.settle(stored);
    await eventually(async () => expect(await broker.queue('dead-quorum')).toMatchObject({ messages: 1 }));
    await source.close();
    expect(await broker.queue(topology.queue)).toMatchObject({ messages: 0 });
  });

  test('the password never reaches the log', async () => {
    const { log, lines } = collectLog();
    const url = `amqp://nobody:s3cret-word@127.0.0.1:${broker.port}/?secret=s3cret-word`;
    const source = createRabbitSource({ url, prefetch: 1, log, ...topologyFor('password') });
    await eventually(() => expect(lines.length).toBeGreaterThan(0));
    expect(JSON.stringify([lines, source.state()])).not.toContain('s3cret-word');
    expect(lines[0]?.fields.broker).toBe(`amqp://nobody:***@127.0.0.1:${broker.port}/`);
    await source.close();
  });
});

describe('deliveries', () => {
  test('every message is delivered once and acked once', async () => {
    const topology = topologyFor('all');
    const { source, received } = listen(broker, topology, { onDelivery: (d) => d.settle(stored) });
    await consuming(source);
    await publishAll(broker, topology.exchange, numbered(5_000));
    await arrived(received, 5_000);
    expect(new Set(received.map(bodyText)).size).toBe(5_000);
    await source.close();
    expect(received.length).toBe(5_000);
    expect(await broker.queue(topology.queue)).toEqual({ messages: 0, consumers: 0 });
  });

  test('nothing is consumed before somebody subscribes', async () => {
    const topology = topologyFor('early');
    const { log } = collectLog();
    const source = createRabbitSource({ url: broker.url, prefetch: 10, log, ...topology });
    await eventually(() => expect(source.state().kind).toBe('idle'));
    await publishAll(broker, topology.exchange, ['waits']);
    expect(await broker.queue(topology.queue)).toEqual({ messages: 1, consumers: 0 });
    const received: Delivery[] = [];
    source.deliveries$.subscribe((delivery) => {
      received.push(delivery);
      delivery.settle(stored);
    });
    await arrived(received, 1);
    await source.close();
  });

  test('carries what AMQP knows of the message', async () => {
    const topology = topologyFor('properties');
    const { source, received } = listen(broker, topology, { now: () => 1_234 });
    await consuming(source);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await publishAll(broker, topology.exchange, ['{}'], 'ui.page_view', {
      messageId: 'm-1',
      correlationId: 'c-1',
      timestamp: 1_760_000_000,
      appId: 'kada-tracking',
      headers: { traceparent },
    });
    await publishAll(broker, topology.exchange, ['{}'], 'order.paid', { timestamp: 1_760_000_000_123 });
    await arrived(received, 2);
    expect(received[0]).toMatchObject({
      via: 'rabbitmq',
      receivedAt: 1_234,
      deadline: undefined,
      bytes: 2,
      origin: {
        road: 'amqp',
        routingKey: 'ui.page_view',
        messageId: 'm-1',
        correlationId: 'c-1',
        timestamp: 1_760_000_000_000,
        appId: 'kada-tracking',
        traceparent,
        redelivered: false,
      },
    });
    expect(received[1]!.origin).toEqual({
      road: 'amqp',
      routingKey: 'order.paid',
      messageId: undefined,
      correlationId: undefined,
      timestamp: 1_760_000_000_123,
      appId: undefined,
      traceparent: undefined,
      redelivered: false,
    });
    await source.close();
  });

  test('rule 18: a body over 1 MB is its head, its length and its hash; 1 MB is a body', async () => {
    const topology = topologyFor('oversized');
    const { source, received } = listen(broker, topology);
    await consuming(source);
    const big = Buffer.alloc(1_048_577, 'k');
    big.write('the head');
    await publishAll(broker, topology.exchange, [big.subarray(0, 1_048_576), big]);
    await arrived(received, 2);
    expect(received[0]!.messages[0]).toMatchObject({ kind: 'bytes' });
    expect(received[0]!.bytes).toBe(1_048_576);
    const [oversized] = received[1]!.messages;
    if (oversized?.kind !== 'oversized') throw new Error(`${oversized?.kind}`);
    expect(Buffer.from(oversized.head).equals(big.subarray(0, 65_536))).toBe(true);
    expect(oversized.head.buffer.byteLength).toBeLessThan(1_000_000);
    expect(oversized.length).toBe(1_048_577);
    expect(oversized.sha256).toBe(createHash('sha256').update(big).digest('hex'));
    expect(received[1]!.bytes).toBe(65_536);
    for (const delivery of received) delivery.settle(stored);
    await source.close();
    expect(await broker.queue(topology.queue)).toMatchObject({ messages: 0 });
  });

  test('rule 18: no more than the prefetch is ever unsettled, a pause between them or not', async () => {
    const topology = topologyFor('prefetch');
    const { source, received } = listen(broker, topology, { prefetch: 10 });
    await consuming(source);
    await publishAll(broker, topology.exchange, numbered(50));
    await arrived(received, 10);
    expect(await broker.queue(topology.queue)).toMatchObject({ messages: 40 });
    await source.pause();
    source.resume();
    await eventually(() => expect(source.state().detail).toContain('10'));
    expect(await broker.queue(topology.queue)).toEqual({ messages: 40, consumers: 0 });
    for (const delivery of received.slice(0, 10)) delivery.settle(stored);
    await arrived(received, 20);
    expect(await broker.queue(topology.queue)).toMatchObject({ messages: 30 });
    for (const delivery of received.slice(10, 20)) delivery.settle(duplicate);
    await arrived(received, 30);
    expect(received.length).toBe(30);
    await source.close();
    expect(await broker.queue(topology.queue)).toMatchObject({ messages: 30 });
  });

  test('a dead letter goes to the dead-letter queue, byte for byte', async () => {
    const topology = topologyFor('letters', { dlq: `letters-${Date.now()}` });
    const { source, received } = listen(broker, topology);
    await consuming(source);
    await publishAll(broker, topology.exchange, ['good', 'broken {']);
    await arrived(received, 2);
    received[0]!.settle(stored);
    received[1]!.settle(deadLettered);
    await eventually(async () => expect(await broker.queue(topology.dlq!)).toMatchObject({ messages: 1 }));
    const letter = await broker.withChannel((channel) => channel.get(topology.dlq!, { noAck: true }));
    if (letter === false) throw new Error('no letter');
    expect(letter.content.toString()).toBe('broken {');
    expect(letter.properties.headers?.['x-death']?.[0]).toMatchObject({
      queue: topology.queue,
      reason: 'rejected',
    });
    await source.close();
    expect(await broker.queue(topology.queue)).toMatchObject({ messages: 0 });
  });

  test('without a dead-letter queue it is acked', async () => {
    const topology = topologyFor('no-dlq');
    const { source, received } = listen(broker, topology);
    await consuming(source);
    await publishAll(broker, topology.exchange, ['broken {']);
    await arrived(received, 1);
    received[0]!.settle(deadLettered);
    await source.close();
    expect(await broker.queue(topology.queue)).toMatchObject({ messages: 0 });
  });

  test('what is unavailable comes again, marked as redelivered', async () => {
    const topology = topologyFor('again');
    const { source, received } = listen(broker, topology);
    await consuming(source);
    await publishAll(broker, topology.exchange, ['a']);
    await arrived(received, 1);
    received[0]!.settle(unavailable);
    received[0]!.settle(stored);
    await arrived(received, 2);
    expect(received[1]!.origin).toMatchObject({ redelivered: true });
    received[1]!.settle(stored);
    await source.close();
    expect(await broker.queue(topology.queue)).toMatchObject({ messages: 0 });
    expect(received.length).toBe(2);
  });

  test('a settlement that AMQP does not know leaves the message with the broker', async () => {
    const topology = topologyFor('misuse');
    const { source, received, lines } = listen(broker, topology);
    await consuming(source);
    await publishAll(broker, topology.exchange, ['a']);
    await arrived(received, 1);
    received[0]!.settle({ kind: 'outcome-unknown', eventIds: [] });
    expect(lines.some(({ level }) => level === 'error')).toBe(true);
    expect(source.unsettled()).toBe(1);
    await source.close();
    expect(await broker.queue(topology.queue)).toMatchObject({ messages: 1 });
  });
});

describe('pause, stop and close', () => {
  test('a pause keeps the connection, lets what is held be settled, and delivers nothing', async () => {
    const topology = topologyFor('pause');
    const { source, received } = listen(broker, topology);
    await consuming(source);
    await publishAll(broker, topology.exchange, ['first']);
    await arrived(received, 1);
    await source.pause();
    expect(source.state().kind).toBe('paused');
    await publishAll(broker, topology.exchange, ['second']);
    received[0]!.settle(stored);
    expect(await broker.queue(topology.queue)).toEqual({ messages: 1, consumers: 0 });
    expect(received.length).toBe(1);
    source.resume();
    await arrived(received, 2);
    expect(received.map(bodyText)).toEqual(['first', 'second']);
    received[1]!.settle(stored);
    await source.close();
    expect(await broker.queue(topology.queue)).toMatchObject({ messages: 0 });
  });

  test('pauses and resumes in any order end as the last one says', async () => {
    const topology = topologyFor('flicker');
    const { source } = listen(broker, topology);
    await consuming(source);
    for (let i = 0; i < 20; i++) {
      void source.pause();
      source.resume();
    }
    await eventually(async () => {
      expect(source.state().kind).toBe('consuming');
      expect(await broker.queue(topology.queue)).toMatchObject({ consumers: 1 });
    });
    for (let i = 0; i < 20; i++) {
      source.resume();
      void source.pause();
    }
    await eventually(async () => {
      expect(source.state().kind).toBe('paused');
      expect(await broker.queue(topology.queue)).toMatchObject({ consumers: 0 });
    });
    await source.close();
  });

  test('rule 14: after stop nothing is delivered, and what was buffered still counts', async () => {
    const topology = topologyFor('stop');
    const { source, received, subscription } = listen(broker, topology, { prefetch: 100 });
    await consuming(source);
    await publishAll(broker, topology.exchange, numbered(300));
    await arrived(received, 100);
    await source.stop();
    expect(subscription.closed).toBe(true);
    expect(received.length).toBe(100);
    // in the tick of the close: acks that wait for the end of a tick must not be lost
    for (const delivery of received) delivery.settle(stored);
    await source.close();
    expect(await broker.queue(topology.queue)).toEqual({ messages: 200, consumers: 0 });
  });

  test('close gives back what was not settled', async () => {
    const topology = topologyFor('close');
    const { source, received } = listen(broker, topology);
    await consuming(source);
    await publishAll(broker, topology.exchange, numbered(10));
    await arrived(received, 10);
    for (const delivery of received.slice(0, 4)) delivery.settle(stored);
    await source.close();
    for (const delivery of received) delivery.settle(stored);
    expect(await broker.queue(topology.queue)).toMatchObject({ messages: 6 });
    expect(source.state().kind).toBe('stopped');
  });

  test('close before the broker was ever reached ends the tries', async () => {
    const { log } = collectLog();
    const source = createRabbitSource({
      url: 'amqp://127.0.0.1:1',
      prefetch: 1,
      log,
      ...topologyFor('nobody'),
    });
    await eventually(() => expect(source.state().detail).toContain('ECONNREFUSED'));
    await source.close();
    expect(source.state().kind).toBe('stopped');
  });
});
