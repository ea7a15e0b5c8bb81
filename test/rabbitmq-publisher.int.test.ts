import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPublisher, type PublisherOptions, type PublishResult } from '../ingest/rabbitmq/publisher.ts';
import { type Topology, topicMatches } from '../ingest/rabbitmq/topology.ts';
import { type Broker, startBroker } from './support/broker.ts';
import { eventually } from './support/eventually.ts';
import { bodyText, collectLog, listen, stored, topologyFor } from './support/rabbit.ts';

let broker: Broker;
beforeAll(async () => {
  broker = await startBroker();
});
afterAll(async () => {
  await broker.dispose();
});

async function open(topology: Topology, given: Partial<PublisherOptions> = {}) {
  const { log, lines } = collectLog();
  const publisher = createPublisher({ url: broker.url, log, ownConsumer: false, ...topology, ...given });
  await eventually(() => expect(publisher.state()).toBe('ready'));
  return { publisher, lines };
}

const message = (body = '{}', routingKey = 'ui.click') => ({
  routingKey,
  body: Buffer.from(body),
  messageId: randomUUID(),
  timestamp: 1_760_000_000_123,
});

function count(results: readonly PublishResult[]): Partial<Record<PublishResult, number>> {
  const counts: Partial<Record<PublishResult, number>> = {};
  for (const result of results) counts[result] = (counts[result] ?? 0) + 1;
  return counts;
}

describe('publishing', () => {
  test('a confirmed message is in the queue, persistent and with its properties', async () => {
    const topology = topologyFor('confirmed');
    const { publisher } = await open(topology);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const sent = { ...message('{"a":1}', 'ui.page_view'), correlationId: 'session-1', traceparent };
    expect(await publisher.publish(sent)).toBe('confirmed');
    const got = await broker.withChannel((channel) => channel.get(topology.queue, { noAck: true }));
    if (got === false) throw new Error('not in the queue');
    expect(got.content.toString()).toBe('{"a":1}');
    expect(got.fields.routingKey).toBe('ui.page_view');
    expect(got.properties).toMatchObject({
      contentType: 'application/json',
      deliveryMode: 2,
      appId: 'kada-tracking',
      messageId: sent.messageId,
      correlationId: 'session-1',
      timestamp: 1_760_000_000,
      headers: { traceparent },
    });
    await publisher.close();
    expect(await publisher.publish(message())).toBe('closed');
    expect(publisher.ready('ui.click')).toBe(false);
  });

  test('thousands are in flight at once, and close waits for their confirms', async () => {
    const topology = topologyFor('many');
    const { publisher } = await open(topology);
    const results = Array.from({ length: 4_000 }, (_, i) => publisher.publish(message(String(i))));
    expect(publisher.inFlight()).toBe(4_000);
    await publisher.close(20_000);
    expect(count(await Promise.all(results))).toEqual({ confirmed: 4_000 });
    expect(publisher.inFlight()).toBe(0);
    expect(await broker.queue(topology.queue)).toMatchObject({ messages: 4_000 });
  });

  test('rule 18: beyond the places, by count or by bytes, the next are not ready', async () => {
    const topology = topologyFor('places');
    const { publisher } = await open(topology, { maxInFlight: 10, maxInFlightBytes: 1_000 });
    const results = Array.from({ length: 25 }, () => publisher.publish(message()));
    expect(publisher.ready('ui.click')).toBe(false);
    expect(count(await Promise.all(results))).toEqual({ confirmed: 10, 'not-ready': 15 });
    const heavy = Array.from({ length: 5 }, () => publisher.publish(message('x'.repeat(400))));
    expect(count(await Promise.all(heavy))).toEqual({ confirmed: 3, 'not-ready': 2 });
    expect(publisher.ready('ui.click')).toBe(true);
    await publisher.close();
  });

  test('a body of properties that AMQP cannot carry is refused and the channel lives', async () => {
    const topology = topologyFor('unfit');
    const { publisher } = await open(topology);
    expect(await publisher.publish({ ...message(), messageId: 'é'.repeat(200) })).toBe('not-ready');
    expect(await publisher.publish({ ...message(), traceparent: 'x'.repeat(70_000) })).toBe('closed');
    expect(await publisher.publish({ ...message(), correlationId: 'x'.repeat(300) })).toBe('confirmed');
    expect(publisher.inFlight()).toBe(0);
    await publisher.close();
  });
});

describe('rule 10: only what our own queue has counts', () => {
  test('a key that our bindings do not match is not ready, whoever else is bound to it', async () => {
    const topology = topologyFor('unbound', { routingKeys: ['ui.page_view', 'order.*'] });
    const { publisher } = await open(topology);
    await broker.declareQueue(`${topology.queue}-other`);
    await broker.bind(`${topology.queue}-other`, topology.exchange, '#');
    expect(publisher.ready('ui.page_view')).toBe(true);
    expect(publisher.ready('order.created')).toBe(true);
    expect(publisher.ready('ui.click')).toBe(false);
    expect(await publisher.publish(message('{}', 'ui.click'))).toBe('not-ready');
    expect(await broker.queue(`${topology.queue}-other`)).toMatchObject({ messages: 0 });
    await publisher.close();
  });

  test('an unroutable message is returned, not confirmed, and the bindings are made again', async () => {
    const topology = topologyFor('returned');
    const { publisher } = await open(topology, { ownConsumer: true });
    const losses: string[] = [];
    publisher.lost$.subscribe((loss) => losses.push(loss));
    await broker.withChannel((channel) => channel.unbindQueue(topology.queue, topology.exchange, 'ui.click'));
    const sent = message();
    expect(await Promise.all([publisher.publish(sent), publisher.publish(message())])).toEqual([
      'returned',
      'returned',
    ]);
    expect(losses).toEqual(['returned']);
    await eventually(() => expect(publisher.ready('ui.click')).toBe(true));
    expect(await publisher.publish(sent)).toBe('confirmed');
    expect(await broker.queue(topology.queue)).toMatchObject({ messages: 1 });
    await publisher.close();
  });

  test('without a consumer: a deleted queue is noticed though another queue takes the message', async () => {
    const topology = topologyFor('no-consumer');
    const { publisher } = await open(topology);
    await broker.declareQueue(`${topology.queue}-other`);
    await broker.bind(`${topology.queue}-other`, topology.exchange, 'ui.*');
    expect(await publisher.publish(message())).toBe('confirmed');
    expect(await publisher.verifyQueue()).toBe(true);
    const losses: string[] = [];
    publisher.lost$.subscribe((loss) => losses.push(loss));
    await broker.deleteQueue(topology.queue);
    const results = await Promise.all(Array.from({ length: 500 }, () => publisher.publish(message())));
    expect(count(results)).toEqual({ closed: 500 });
    expect(losses).toEqual(['queue-gone']);
    await eventually(() => expect(publisher.ready('ui.click')).toBe(true));
    expect(await publisher.publish(message())).toBe('confirmed');
    expect(await broker.queue(topology.queue)).toBeDefined();
    await publisher.close();
  });

  test('one question to the broker answers a whole group of callers, and a deleted queue is false', async () => {
    const topology = topologyFor('group');
    const { publisher } = await open(topology);
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => publisher.verifyQueue()));
    expect(new Set(answers)).toEqual(new Set([true]));
    await broker.deleteQueue(topology.queue);
    expect(await publisher.verifyQueue()).toBe(false);
    await publisher.close();
    expect(await publisher.verifyQueue()).toBe(false);
  });

  test('markLost answers all that is in flight, and nothing is ready until all is declared again', async () => {
    const topology = topologyFor('lost');
    const { publisher } = await open(topology, { ownConsumer: true });
    await broker.deleteQueue(topology.queue);
    const results = Array.from({ length: 100 }, () => publisher.publish(message()));
    publisher.markLost();
    expect(publisher.ready('ui.click')).toBe(false);
    expect(publisher.state()).toBe('lost');
    expect(await publisher.publish(message())).toBe('not-ready');
    expect(count(await Promise.all(results))).toEqual({ closed: 100 });
    await eventually(() => expect(publisher.ready('ui.click')).toBe(true));
    expect(publisher.inFlight()).toBe(0);
    expect(await publisher.publish(message())).toBe('confirmed');
    await publisher.close();
  });

  test('with our own consumer: the queue is deleted again and again under load, and every promise is met', async () => {
    const topology = topologyFor('deleted');
    const met = new Set<string>();
    // as the pipeline keeps them: published and not yet met
    const unmet = new Set<string>();
    const direct = new Set<string>();
    const listening = listen(broker, topology, {
      onDelivery(delivery) {
        met.add(bodyText(delivery));
        unmet.delete(bodyText(delivery));
        delivery.settle(stored);
      },
    });
    const goDirect = () => {
      for (const id of unmet) direct.add(id);
      unmet.clear();
    };
    listening.source.lost$.subscribe(goDirect);
    await eventually(() => expect(listening.source.state().kind).toBe('consuming'));
    const { publisher } = await open(topology, { ownConsumer: listening.source });
    publisher.lost$.subscribe(goDirect);
    await broker.declareQueue(`${topology.queue}-other`, { 'x-max-length': 10 });
    await broker.bind(`${topology.queue}-other`, topology.exchange, 'ui.*');

    const promised: string[] = [];
    let running = true;
    const load = (async () => {
      for (let i = 0; running; i++) {
        const ids = Array.from({ length: 20 }, (_, n) => `${i}-${n}`);
        await Promise.all(
          ids.map(async (id) => {
            if (!publisher.ready('ui.click')) return;
            unmet.add(id);
            const result = await publisher.publish(message(id));
            if (result === 'confirmed') promised.push(id);
            else {
              unmet.delete(id);
              direct.add(id);
            }
          }),
        );
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await broker.withChannel(async (channel) => {
      for (let round = 0; round < 8; round++) {
        const before = promised.length;
        // every third time at once again, while the consumer is still on its way back
        if (round % 3 !== 2) await eventually(() => expect(promised.length).toBeGreaterThan(before + 40));
        await channel.deleteQueue(topology.queue);
      }
    });
    const before = promised.length;
    await eventually(() => expect(promised.length).toBeGreaterThan(before + 40));
    running = false;
    await load;
    await eventually(() => expect(unmet.size).toBe(0));
    expect(promised.filter((id) => !met.has(id) && !direct.has(id))).toEqual([]);
    expect(promised.length).toBeGreaterThan(200);
    await publisher.close();
    await listening.source.close();
  });

  test('while our consumer is on its way back, and will declare the queue, nothing is ready', async () => {
    const topology = topologyFor('away');
    const away = listen(broker, topology, { url: 'amqp://127.0.0.1:1' });
    const { log } = collectLog();
    const publisher = createPublisher({ url: broker.url, log, ownConsumer: away.source, ...topology });
    await eventually(async () => expect(await broker.queue(topology.queue)).toBeDefined());
    await eventually(() => expect(publisher.state()).toBe('lost'));
    expect(publisher.ready('ui.click')).toBe(false);
    expect(await publisher.publish(message())).toBe('not-ready');
    await away.source.close();
    await publisher.close();
  });

  test('the bindings are judged as the broker judges them', async () => {
    const word = fc.constantFrom('a', 'b', '', '*', '#');
    const patterns = fc.sample(fc.array(word, { minLength: 1, maxLength: 4 }), { numRuns: 30, seed: 7 });
    const plain = fc.constantFrom('a', 'b', '');
    const keys = fc.sample(fc.array(plain, { minLength: 1, maxLength: 4 }), { numRuns: 40, seed: 8 });
    const { exchange } = topologyFor('judged');
    const routed = await broker.withChannel(async (channel) => {
      await channel.assertExchange(exchange, 'topic', { durable: false });
      const { queue } = await channel.assertQueue('', { exclusive: true });
      const found: string[] = [];
      for (const pattern of new Set(patterns.map((words) => words.join('.')))) {
        await channel.bindQueue(queue, exchange, pattern);
        for (const key of new Set(keys.map((words) => words.join('.')))) {
          channel.publish(exchange, key, Buffer.from(JSON.stringify([pattern, key])));
        }
        for (;;) {
          const got = await channel.get(queue, { noAck: true });
          if (got === false) break;
          found.push(got.content.toString());
        }
        await channel.unbindQueue(queue, exchange, pattern);
      }
      await channel.deleteExchange(exchange);
      return found;
    });
    const ours: string[] = [];
    for (const pattern of new Set(patterns.map((words) => words.join('.')))) {
      for (const key of new Set(keys.map((words) => words.join('.')))) {
        if (topicMatches(pattern, key)) ours.push(JSON.stringify([pattern, key]));
      }
    }
    expect(routed.length).toBeGreaterThan(100);
    expect(ours).toEqual(routed);
  });

  test('while our consumer pauses a confirm counts only when the queue is there', async () => {
    const topology = topologyFor('paused');
    const listening = listen(broker, topology);
    await eventually(() => expect(listening.source.state().kind).toBe('consuming'));
    const { publisher } = await open(topology, { ownConsumer: listening.source });
    await broker.declareQueue(`${topology.queue}-other`);
    await broker.bind(`${topology.queue}-other`, topology.exchange, 'ui.*');
    await listening.source.pause();
    expect(await publisher.publish(message('first'))).toBe('confirmed');
    expect(await broker.queue(topology.queue)).toMatchObject({ messages: 1 });
    await broker.deleteQueue(topology.queue);
    expect(await publisher.publish(message('second'))).toBe('closed');
    await publisher.close();
    await listening.source.close();
  });
});

describe('a broker in trouble', () => {
  test('hangs: the callers are told after the time-out, the next at once, and it comes back by itself', async () => {
    const topology = topologyFor('hang');
    const { publisher } = await open(topology, { ownConsumer: true, confirmTimeoutMs: 300 });
    broker.pause();
    try {
      const results = await Promise.all(Array.from({ length: 50 }, () => publisher.publish(message())));
      expect(count(results)).toEqual({ timeout: 50 });
      expect(publisher.state()).toBe('stalled');
      expect(publisher.ready('ui.click')).toBe(false);
      expect(await publisher.publish(message())).toBe('not-ready');
      // their places are theirs until the broker has spoken
      expect(publisher.inFlight()).toBe(50);
    } finally {
      broker.resume();
    }
    await eventually(() => expect(publisher.ready('ui.click')).toBe(true));
    expect(publisher.inFlight()).toBe(0);
    expect(await publisher.publish(message())).toBe('confirmed');
    await publisher.close();
  });

  test('closes all connections: what is in flight is told, and publishing goes on afterwards', async () => {
    const topology = topologyFor('closed');
    const { publisher } = await open(topology, { ownConsumer: true });
    let running = true;
    const results: PublishResult[] = [];
    const load = (async () => {
      while (running) {
        const batch = Array.from({ length: 50 }, () => publisher.publish(message()));
        results.push(...(await Promise.all(batch)));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await eventually(() => expect(results.length).toBeGreaterThan(200));
    await broker.closeAllConnections();
    await eventually(() => expect(count(results)).toHaveProperty('not-ready'));
    const before = count(results).confirmed ?? 0;
    await eventually(() => expect(count(results).confirmed).toBeGreaterThan(before + 200));
    running = false;
    await load;
    const { messages } = (await broker.queue(topology.queue))!;
    expect(messages).toBeGreaterThanOrEqual(count(results).confirmed ?? 0);
    expect(publisher.inFlight()).toBe(0);
    await publisher.close();
  });

  test('hangs at the stop: close is in time and tells the rest', async () => {
    const topology = topologyFor('stop');
    const { publisher } = await open(topology, { ownConsumer: true, confirmTimeoutMs: 60_000 });
    broker.pause();
    try {
      const result = publisher.publish(message());
      const began = Date.now();
      await publisher.close(200);
      expect(Date.now() - began).toBeLessThan(6_000);
      expect(await result).toBe('closed');
    } finally {
      broker.resume();
    }
  });
});
