import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Broker, startBroker } from './support/broker.ts';
import { eventually } from './support/eventually.ts';
import { brokerNames, moreAnswers, stopAndJudge } from './support/faulty-setup.ts';
import { createLedger, type Ledger } from './support/ledger.ts';
import { domainMessage, wire } from './support/load-events.ts';
import { startHttpLoad } from './support/load-http.ts';
import { cleanUp, startPipeline } from './support/pipeline-process.ts';
import { createRandom } from './support/random.ts';
import { finish, startServices, startUnderLoad } from './support/under-load.ts';

/** commit-protocol.md 8 to 10: whatever the broker does, every answer is kept, and /track never fails for it. */
let broker: Broker;
beforeAll(async () => {
  broker = await startBroker();
});
afterEach(cleanUp);
afterAll(() => broker.dispose());

test('rule 10: the broker stops and starts again: /track goes direct meanwhile, and all comes together', async () => {
  const setup = await startUnderLoad(broker, 'stops');
  const services = startServices(setup);
  await moreAnswers(setup.ledger, 'amqp confirmed', 50);
  await broker.stop();
  await moreAnswers(setup.ledger, '202 stored', 100);
  expect((await fetch(`${setup.running.dashboardUrl}/readyz`)).status).toBe(200);
  await broker.start();
  await moreAnswers(setup.ledger, 'amqp confirmed', 100);
  await moreAnswers(setup.ledger, '202 published', 100);
  await finish(setup, broker, services);
});

test('the broker is frozen (SIGSTOP): /track goes direct after two seconds, and what was published is once', async () => {
  const setup = await startUnderLoad(broker, 'frozen');
  const services = startServices(setup);
  broker.pause();
  try {
    await moreAnswers(setup.ledger, '202 stored', 50);
  } finally {
    broker.resume();
  }
  await moreAnswers(setup.ledger, '202 published', 100);
  await moreAnswers(setup.ledger, 'amqp confirmed', 100);
  await finish(setup, broker, services);
});

test('the broker closes every connection, twice, under load', async () => {
  const setup = await startUnderLoad(broker, 'closed');
  const services = startServices(setup);
  for (let times = 0; times < 2; times++) {
    await moreAnswers(setup.ledger, 'amqp confirmed', 100);
    await broker.closeAllConnections();
    await moreAnswers(setup.ledger, '202 published', 100);
  }
  await finish(setup, broker, services);
});

test('rule 10: the queue is deleted under load while another queue is bound to ui.*: every 202 is in Bronze', async () => {
  const { load: first, ...setup } = await startUnderLoad(broker, 'deleted');
  await first.stop();
  const spy = `${setup.queue}.spy`;
  await broker.declareQueue(spy);
  await broker.bind(spy, setup.exchange, 'ui.*');
  const load = startHttpLoad({
    random: createRandom(3),
    ledger: setup.ledger,
    target: () => setup.running,
    singles: 32,
    batches: 4,
    collectors: 0,
    restMs: 0,
    mixed: false,
  });
  for (let times = 0; times < 3; times++) {
    await moreAnswers(setup.ledger, '202 published', 300);
    await broker.deleteQueue(setup.queue);
  }
  await moreAnswers(setup.ledger, '202 published', 300);
  await finish({ ...setup, load }, broker);
  expect((await broker.queue(spy))?.messages).toBeGreaterThan(900);
  await broker.deleteQueue(spy);
});

test('rules 9 and 10: under a memory alarm acks go on and /track goes direct, without a single 5xx', async () => {
  const setup = await startUnderLoad(broker, 'alarm');
  const { running, ledger, queue, exchange } = setup;
  // messages wait in the queue while the process cannot take them
  running.kill('SIGSTOP');
  const random = createRandom(11);
  await publish(random, ledger, exchange, 2_000);
  await broker.memoryAlarm(true);
  running.kill('SIGCONT');
  try {
    await moreAnswers(ledger, '202 stored', 200);
    await eventually(
      async () => expect((await running.metrics()).value('kada_inflight_events')).toBeLessThan(100),
      { timeoutMs: 30_000 },
    );
    await eventually(
      async () => {
        const text = await broker.ctl('list_queues', '--no-table-headers', 'name', 'messages');
        expect(text.split('\n').find((line) => line.startsWith(`${queue}\t`))).toBe(`${queue}\t0`);
      },
      { timeoutMs: 30_000, everyMs: 200 },
    );
  } finally {
    await broker.memoryAlarm(false);
  }
  await moreAnswers(ledger, '202 published', 50);
  await finish(setup, broker);
});

test('rule 8: the consumer’s channel is closed with 1,000 unacked messages under commit: none is lost, none is double', async () => {
  // a broker that closes channels whose deliveries are not acked within a second
  await broker.ctl(
    'eval',
    'application:set_env(rabbit, consumer_timeout, 1000), application:set_env(rabbit, channel_tick_interval, 500).',
  );
  try {
    const names = await brokerNames(broker, 'channel');
    const running = await startPipeline({ env: { ...names.env, RABBITMQ_PREFETCH: '1000' } });
    const ledger = createLedger();
    running.kill('SIGSTOP');
    await publish(createRandom(13), ledger, names.exchange, 3_000);
    // the 1,000 lie in the process's socket when the broker takes them back
    await eventually(async () => expect((await broker.queue(names.queue))?.consumers).toBe(0), {
      timeoutMs: 30_000,
      everyMs: 100,
    });
    running.kill('SIGCONT');
    await eventually(
      async () => {
        const metrics = await running.metrics();
        expect(metrics.value('kada_events_stored_total')).toBe(3_000);
      },
      { timeoutMs: 30_000 },
    );
    const received = (await running.metrics()).value('kada_events_received_total', { source: 'rabbitmq' });
    expect(received).toBeGreaterThan(3_000);
    const verdict = await stopAndJudge(running, ledger, { broker, queue: names.queue });
    expect(verdict.rows).toBe(3_000);
  } finally {
    await broker.ctl(
      'eval',
      'application:set_env(rabbit, consumer_timeout, 1800000), application:set_env(rabbit, channel_tick_interval, 60000).',
    );
  }
});

/** Domain events into the exchange, each with the broker's word for it. */
async function publish(
  random: ReturnType<typeof createRandom>,
  ledger: Ledger,
  exchange: string,
  count: number,
): Promise<void> {
  const { connect } = await import('amqplib');
  const connection = await connect(broker.url);
  try {
    const channel = await connection.createConfirmChannel();
    let returned = 0;
    channel.on('return', () => {
      returned += 1;
    });
    const messages = Array.from({ length: count }, () => domainMessage(random));
    for (const message of messages) {
      channel.publish(exchange, message.routingKey, Buffer.from(wire(message)), {
        persistent: true,
        mandatory: true,
      });
    }
    await channel.waitForConfirms();
    expect(returned).toBe(0);
    for (const { id } of messages) ledger.row(id, 'promised');
  } finally {
    await connection.close();
  }
}
