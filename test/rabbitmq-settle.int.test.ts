import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Delivery } from '../ingest/delivery.ts';
import { type Broker, startBroker } from './support/broker.ts';
import { eventually } from './support/eventually.ts';
import {
  bodyText,
  deadLettered,
  listen,
  numbered,
  publishAll,
  stored,
  topologyFor,
} from './support/rabbit.ts';

let broker: Broker;
beforeAll(async () => {
  broker = await startBroker();
});
afterAll(async () => {
  await broker.dispose();
});

/** Takes all that is left in the queue, in its order. */
async function drain(queue: string): Promise<string[]> {
  return broker.withChannel(async (channel) => {
    const bodies: string[] = [];
    for (;;) {
      const message = await channel.get(queue, { noAck: true });
      if (message === false) return bodies;
      bodies.push(message.content.toString());
    }
  });
}

const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

test('rule 8: whatever is settled in whatever order, exactly the unsettled messages come again', async () => {
  const topology = topologyFor('order', { dlq: 'order-dead' });
  const total = 60;
  // what becomes of each message, in what order, and where a tick ends (a range of acks is sent there)
  const plans = fc.record({
    order: fc.shuffledSubarray([...Array(total).keys()], { minLength: 0 }),
    rejects: fc.uniqueArray(fc.nat(total - 1), { maxLength: 6 }),
    ticks: fc.uniqueArray(fc.nat(total - 1), { maxLength: 12 }),
  });
  await fc.assert(
    fc.asyncProperty(plans, async ({ order, rejects, ticks }) => {
      const { source, received } = listen(broker, topology, { prefetch: total });
      await eventually(() => expect(source.state().kind).toBe('consuming'));
      await publishAll(broker, topology.exchange, numbered(total));
      await eventually(() => expect(received.length).toBe(total));
      for (const [at, index] of order.entries()) {
        const delivery = received[index]!;
        delivery.settle(rejects.includes(index) ? deadLettered : stored);
        if (ticks.includes(at)) await tick();
      }
      expect(source.unsettled()).toBe(total - order.length);
      await source.close();
      const settled = new Set(order);
      const expected = numbered(total).filter((_, index) => !settled.has(index));
      expect(await drain(topology.queue)).toEqual(expected);
      expect((await drain('order-dead')).sort()).toEqual(
        order
          .filter((index) => rejects.includes(index))
          .map(String)
          .sort(),
      );
    }),
    { numRuns: 25 },
  );
});

test('rule 8: a stream settled out of order is acked whole, one slow message does not hold back the rest', async () => {
  const topology = topologyFor('stream');
  const held: Delivery[] = [];
  let seen = 0;
  const { source } = listen(broker, topology, {
    prefetch: 50,
    onDelivery(delivery) {
      seen++;
      if (bodyText(delivery) === '0') {
        held.push(delivery);
        return;
      }
      held.push(delivery);
      // always the newest first, and never the very first message
      if (held.length >= 40) for (const next of held.splice(1).reverse()) next.settle(stored);
    },
  });
  await eventually(() => expect(source.state().kind).toBe('consuming'));
  await publishAll(broker, topology.exchange, numbered(2_000));
  await eventually(() => expect(seen).toBe(2_000));
  for (const delivery of held.splice(1)) delivery.settle(stored);
  expect(source.unsettled()).toBe(1);
  await source.close();
  expect(await drain(topology.queue)).toEqual(['0']);
});

test('rule 8: a settle after the channel has closed is a no-op and never acks a message of the next channel', async () => {
  const topology = topologyFor('stale');
  // the new channel does not wait for the old deliveries here, so that equal tags are open on both
  const { source, received } = listen(broker, topology, { prefetch: 10, staleWaitMs: 0 });
  await eventually(() => expect(source.state().kind).toBe('consuming'));
  await publishAll(broker, topology.exchange, numbered(10));
  await eventually(() => expect(received.length).toBe(10));
  const lost: string[] = [];
  source.lost$.subscribe((loss) => lost.push(loss));
  await broker.closeAllConnections();
  await eventually(() => expect(received.length).toBe(20));
  expect(lost).toEqual(['channel-closed']);
  expect(received[10]!.origin).toMatchObject({ redelivered: true });
  // tags 1 to 10 of the old channel: as acks on the new one they would sweep all ten
  for (const delivery of received.slice(0, 10).reverse()) delivery.settle(stored);
  await tick();
  expect(source.unsettled()).toBe(10);
  await source.close();
  expect(await drain(topology.queue)).toEqual(numbered(10));
});

test('rule 8: a second settle is a no-op, whatever it says', async () => {
  const topology = topologyFor('twice', { dlq: 'twice-dead' });
  const { source, received, lines } = listen(broker, topology);
  await eventually(() => expect(source.state().kind).toBe('consuming'));
  await publishAll(broker, topology.exchange, numbered(3));
  await eventually(() => expect(received.length).toBe(3));
  for (const delivery of received.slice(0, 2)) {
    delivery.settle(stored);
    delivery.settle(stored);
    await tick();
    delivery.settle(deadLettered);
    delivery.settle({ kind: 'unavailable', reason: 'stopping' });
    delivery.release();
    delivery.settle(stored);
  }
  await source.close();
  expect(await drain(topology.queue)).toEqual(['2']);
  expect(await drain('twice-dead')).toEqual([]);
  expect(lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
});

test('rule 18: after a lost channel the next one delivers only when the old deliveries are settled', async () => {
  const topology = topologyFor('bound');
  const { source, received } = listen(broker, topology, { prefetch: 10 });
  await eventually(() => expect(source.state().kind).toBe('consuming'));
  await publishAll(broker, topology.exchange, numbered(30));
  await eventually(() => expect(received.length).toBe(10));
  await broker.closeAllConnections();
  await eventually(() => expect(source.state().detail).toContain('waiting for 10 earlier deliveries'));
  expect(await broker.queue(topology.queue)).toEqual({ messages: 30, consumers: 0 });
  expect(received.length).toBe(10);
  for (const delivery of received.slice(0, 10)) delivery.settle(stored);
  await eventually(() => expect(received.length).toBe(20));
  expect(received.slice(10).map(bodyText)).toEqual(numbered(10));
  await source.close();
});
