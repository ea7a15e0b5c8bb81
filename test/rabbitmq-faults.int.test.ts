import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPublisher } from '../ingest/rabbitmq/publisher.ts';
import { type Broker, startBroker } from './support/broker.ts';
import { eventually } from './support/eventually.ts';
import {
  bodyText,
  collectLog,
  type Listening,
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

const consuming = ({ source }: Listening) =>
  eventually(() => expect(source.state().kind).toBe('consuming'), { timeoutMs: 45_000 });
const bodies = (listening: Listening) => new Set(listening.received.map(bodyText));

/** Consumes before, lets the fault happen with deliveries unsettled, and must have all of it in the end. */
async function survives(name: string, fault: () => Promise<void>): Promise<void> {
  const topology = topologyFor(name);
  let holding = false;
  const listening = listen(broker, topology, {
    prefetch: 20,
    onDelivery(delivery) {
      if (!holding) delivery.settle(stored);
    },
  });
  await consuming(listening);
  await publishAll(broker, topology.exchange, numbered(10));
  await eventually(() => expect(bodies(listening).size).toBe(10));
  holding = true;
  await publishAll(broker, topology.exchange, numbered(30, 10));
  await eventually(() => expect(bodies(listening).size).toBe(30));
  await fault();
  holding = false;
  for (const delivery of listening.received) delivery.settle(stored);
  await consuming(listening);
  await publishAll(broker, topology.exchange, numbered(10, 40));
  await eventually(() => expect(bodies(listening).size).toBe(50), { timeoutMs: 45_000 });
  await listening.source.close();
  expect(await broker.queue(topology.queue)).toEqual({ messages: 0, consumers: 0 });
  expect(bodies(listening)).toEqual(new Set(numbered(50)));
}

describe('the broker', () => {
  test('is stopped and started', () =>
    survives('restart', async () => {
      await broker.stop();
      await broker.start();
    }));

  test('is killed and started', () =>
    survives('killed', async () => {
      await broker.kill();
      await broker.start();
    }));

  test('closes all connections', () => survives('closed', () => broker.closeAllConnections()));

  test('hangs for a moment, and then goes on as if nothing had been', () =>
    survives('hang', async () => {
      broker.pause();
      // the length of the pause is the fault: longer than a tick of the heartbeat, shorter than its patience
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      broker.resume();
    }));

  test('hangs for good: the heartbeat notices, and stop and close still end', {
    timeout: 240_000,
  }, async () => {
    const topology = topologyFor('dead');
    const listening = listen(broker, topology, { url: `${broker.url}?heartbeat=1` });
    await consuming(listening);
    broker.pause();
    try {
      await eventually(() => expect(listening.source.state().kind).toBe('connecting'), {
        timeoutMs: 60_000,
      });
      const began = Date.now();
      await listening.source.stop();
      await listening.source.close();
      expect(Date.now() - began).toBeLessThan(8_000);
    } finally {
      broker.resume();
    }
  });

  test('rule 14: hangs at the very moment of the stop, which is in time all the same', async () => {
    const topology = topologyFor('stuck');
    const listening = listen(broker, topology);
    await consuming(listening);
    await publishAll(broker, topology.exchange, ['a']);
    await eventually(() => expect(listening.received.length).toBe(1));
    broker.pause();
    try {
      const began = Date.now();
      await listening.source.stop();
      listening.received[0]!.settle(stored);
      await listening.source.close();
      expect(Date.now() - began).toBeLessThan(8_000);
    } finally {
      broker.resume();
    }
  });
});

describe('the queue', () => {
  test('is deleted: one cancel is heard, one consumer stands afterwards', async () => {
    const topology = topologyFor('deleted');
    const listening = listen(broker, topology, { onDelivery: (delivery) => delivery.settle(stored) });
    const losses: string[] = [];
    listening.source.lost$.subscribe((loss) => losses.push(loss));
    await consuming(listening);
    for (let round = 1; round <= 3; round++) {
      await broker.deleteQueue(topology.queue);
      await eventually(() => expect(losses.length).toBe(round));
      await consuming(listening);
      expect(await broker.queue(topology.queue)).toEqual({ messages: 0, consumers: 1 });
      await publishAll(broker, topology.exchange, [`round ${round}`]);
      await eventually(() => expect(listening.received.length).toBe(round));
    }
    expect(losses).toEqual(['cancelled', 'cancelled', 'cancelled']);
    await listening.source.close();
    expect(losses.length).toBe(3);
  });

  test('rule 10: is deleted while we pause: it is told at the resume', async () => {
    const topology = topologyFor('asleep');
    const listening = listen(broker, topology);
    const losses: string[] = [];
    listening.source.lost$.subscribe((loss) => losses.push(loss));
    await consuming(listening);
    await listening.source.pause();
    await broker.deleteQueue(topology.queue);
    listening.source.resume();
    await eventually(() => expect(losses).toEqual(['channel-closed']));
    await consuming(listening);
    await listening.source.close();
  });
});

test('rule 9: under a memory alarm publishing stands still and acks go on', async () => {
  const topology = topologyFor('alarm');
  const listening = listen(broker, topology, { prefetch: 100 });
  await consuming(listening);
  const { log } = collectLog();
  const publisher = createPublisher({ url: broker.url, log, ownConsumer: listening.source, ...topology });
  await eventually(() => expect(publisher.ready('ui.click')).toBe(true));
  await publishAll(broker, topology.exchange, numbered(300));
  await eventually(() => expect(listening.received.length).toBe(100));
  const message = { routingKey: 'ui.click', body: Buffer.from('{}'), timestamp: Date.now() };
  await broker.memoryAlarm(true);
  try {
    expect(await publisher.publish({ ...message, messageId: 'under-alarm' })).toBe('blocked');
    expect(publisher.ready('ui.click')).toBe(false);
    expect(publisher.state()).toBe('blocked');
    expect(await publisher.publish({ ...message, messageId: 'later' })).toBe('blocked');
    // with the acks processed the broker delivers the next ones
    for (const delivery of listening.received.slice()) delivery.settle(stored);
    await eventually(() => expect(listening.received.length).toBeGreaterThanOrEqual(200));
    for (const delivery of listening.received.slice()) delivery.settle(stored);
    await eventually(() => expect(listening.received.length).toBe(300));
  } finally {
    await broker.memoryAlarm(false);
  }
  await eventually(() => expect(publisher.ready('ui.click')).toBe(true));
  expect(publisher.inFlight()).toBe(0);
  expect(await publisher.publish({ ...message, messageId: 'after' })).toBe('confirmed');
  await publisher.close();
  await listening.source.close();
});
