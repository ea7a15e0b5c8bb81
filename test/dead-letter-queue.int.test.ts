import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net';
import { connect } from 'amqplib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDeadLetterQueue } from '../ingest/rabbitmq/dead-letter-queue.ts';
import { type Broker, startBroker } from './support/broker.ts';

let broker: Broker;
beforeAll(async () => {
  broker = await startBroker();
});
afterAll(() => broker.dispose());

/** Resets the connection once so many bytes came from the broker. */
async function startCutter(target: URL, bytes: number) {
  const server = createServer((near) => {
    const far = connectTcp(Number(target.port), target.hostname);
    let passed = 0;
    for (const socket of [near, far]) socket.on('error', () => {});
    near.pipe(far);
    far.on('data', (chunk) => {
      passed += chunk.length;
      near.write(chunk);
      if (passed < bytes) return;
      near.destroy();
      far.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(target);
  url.port = String((server.address() as AddressInfo).port);
  return { url: url.href, close: () => server.close() };
}

test('a connection lost in the middle of a body is told, and the message stays the broker’s', async () => {
  const model = await connect(broker.url);
  const channel = await model.createConfirmChannel();
  await channel.assertQueue('dead', { durable: true });
  channel.sendToQueue('dead', Buffer.alloc(4_000_000, 'x'));
  await channel.waitForConfirms();
  const cutter = await startCutter(new URL(broker.url), 1_000_000);
  const options = { name: 'dead', main: 'main', now: Date.now };

  const queue = await openDeadLetterQueue({ ...options, url: cutter.url });
  expect(queue.waiting).toBe(1);
  await expect(queue.take({ messages: 1, bytes: 1 })).rejects.toMatchObject({ code: 'KADA_BROKER_AWAY' });
  await queue.close();
  cutter.close();

  const whole = await openDeadLetterQueue({ ...options, url: broker.url });
  expect(await whole.take({ messages: 2, bytes: 1 })).toHaveLength(1);
  await whole.close();
  await model.close();
});
