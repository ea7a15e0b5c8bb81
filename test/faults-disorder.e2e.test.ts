import { connect } from 'amqplib';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Broker, startBroker } from './support/broker.ts';
import { brokerNames, drained, stopAndJudge, told } from './support/faulty-setup.ts';
import { createHttpClient } from './support/http-client.ts';
import { createLedger } from './support/ledger.ts';
import {
  type DomainMessage,
  domainMessage,
  type LoadEvent,
  trackEvent,
  uiRoutingKey,
  wire,
} from './support/load-events.ts';
import { recordBatch, recordSingle } from './support/load-http.ts';
import { cleanUp, createDataDir, startPipeline } from './support/pipeline-process.ts';
import { createRandom, type Random } from './support/random.ts';

/** Events that come far too often, in any order, and by clocks that are wrong. */
let broker: Broker;
beforeAll(async () => {
  broker = await startBroker();
});
afterEach(cleanUp);
afterAll(() => broker.dispose());

const seed = Number(process.env.TEST_SEED ?? 7_301);

function shuffled<T>(random: Random, list: readonly T[]): T[] {
  return list
    .map((item) => ({ item, at: random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** Each resolves when the broker has it. */
async function publishInOrder(exchange: string, messages: readonly DomainMessage[]): Promise<void> {
  const connection = await connect(broker.url);
  connection.on('error', () => {});
  const channel = await connection.createConfirmChannel();
  for (const message of messages) {
    channel.publish(exchange, message.routingKey, Buffer.from(wire(message)), { persistent: true });
  }
  await channel.waitForConfirms();
  await connection.close();
}

test(`a storm of duplicates on every road at once (seed ${seed}): one row each, and every other is counted`, {
  timeout: 240_000,
}, async () => {
  const { exchange, queue, env } = await brokerNames(broker, 'storm');
  const running = await startPipeline({
    env: { ...env, TRACKING_TRANSPORT: 'direct', FINGERPRINT_CACHE_SIZE: '50' },
  });
  const random = createRandom(seed);
  const ledger = createLedger();
  const client = createHttpClient(60_000);
  const events = Array.from({ length: 150 }, () => trackEvent(random));
  const copies = 24;
  const storm = shuffled(random, Array.from({ length: copies }, () => events).flat());
  let sent = 0;

  async function sender(own: Random): Promise<void> {
    for (let event = storm.pop(); event !== undefined; event = storm.pop()) {
      if (own.oneIn(3)) {
        // the same event twice in one batch, with others
        const batch: LoadEvent[] = [event, ...storm.splice(-own.int(1, 20)), event];
        sent += batch.length;
        recordBatch(
          ledger,
          batch,
          await client.post(`${running.trackingUrl}/track`, `[${batch.map(wire).join(',')}]`),
        );
      } else if (own.oneIn(2)) {
        sent += 1;
        await publishInOrder(exchange, [{ ...event, routingKey: uiRoutingKey(event) }]);
        ledger.row(event.id, 'promised');
      } else {
        sent += 1;
        recordSingle(ledger, event, await client.post(`${running.trackingUrl}/track`, wire(event)));
      }
    }
  }
  await Promise.all(Array.from({ length: 16 }, () => sender(random.fork())));
  client.close();
  await drained(running, broker, queue);

  expect(ledger.count('202'), told(ledger)).toBeGreaterThan(0);
  expect([...ledger.answers.keys()].filter((what) => !what.startsWith('202 '))).toEqual([]);
  const metrics = await running.metrics();
  expect(metrics.value('kada_events_stored_total')).toBe(events.length);
  expect(metrics.value('kada_events_duplicate_total', { kind: 'natural' })).toBe(sent - events.length);
  expect(metrics.value('kada_events_dead_lettered_total')).toBe(0);
  const verdict = await stopAndJudge(running, ledger, { broker, queue });
  expect(verdict.rows).toBe(events.length);
});

test(`redelivered again and again in another order, across kills (seed ${seed}): each once, and live equals Bronze`, {
  timeout: 240_000,
}, async () => {
  const { exchange, queue, env } = await brokerNames(broker, 'reordered');
  const dataDir = await createDataDir();
  const random = createRandom(seed);
  const ledger = createLedger();
  await broker.declareQueue(queue);
  for (const key of ['order.*', 'payment.*', 'review.*', 'ui.*']) await broker.bind(queue, exchange, key);
  const messages = Array.from({ length: 600 }, () => {
    if (random.oneIn(2)) return domainMessage(random);
    const event = trackEvent(random);
    return { ...event, routingKey: uiRoutingKey(event) };
  });
  for (const { id } of messages) ledger.row(id, 'promised');
  await publishInOrder(exchange, messages);

  // what is killed gives its messages back, which then come before or after the copies
  for (let times = 0; times < 2; times += 1) {
    const killed = await startPipeline({ dataDir, env, until: 'ready' });
    await publishInOrder(exchange, shuffled(random, messages));
    killed.kill('SIGKILL');
    await killed.exited;
  }
  const last = await startPipeline({ dataDir, env });
  await broker.closeAllConnections();
  await publishInOrder(exchange, [...messages].reverse());
  await drained(last, broker, queue);
  const verdict = await stopAndJudge(last, ledger, { broker, queue });
  expect(verdict).toMatchObject({ rows: messages.length, letters: 0 });
});

const day = 86_400_000;

test('senders whose clocks are a day off: corrected where they say when they sent, else kept or told, never guessed', async () => {
  const { exchange, queue, env } = await brokerNames(broker, 'clocks');
  const running = await startPipeline({ env: { ...env, TRACKING_TRANSPORT: 'direct' } });
  const random = createRandom(seed);
  const client = createHttpClient(60_000);
  const agoMs = 1_500;
  const send = async (shiftMs: number, saysWhenSent: boolean) => {
    const { id, body } = trackEvent(random);
    const now = Date.now() + shiftMs;
    const clocks = {
      event_timestamp: new Date(now - agoMs).toISOString(),
      ...(saysWhenSent ? { sent_at: new Date(now).toISOString() } : {}),
    };
    const answer = await client.post(`${running.trackingUrl}/track`, JSON.stringify({ ...body, ...clocks }));
    return { id, status: answer.kind === 'answer' ? answer.status : answer.code };
  };
  const found = async (id: string) =>
    (
      await running.sql(
        `SELECT epoch_ms(received_at) - epoch_ms(event_timestamp) FROM bronze.tracked_events WHERE event_id = '${id}'`,
      )
    ).map(([ms]) => Number(ms));

  for (const shift of [-day, day]) {
    const corrected = await send(shift, true);
    expect(corrected.status).toBe(202);
    // as long before its receipt as it was before it was sent, to the millisecond
    expect(await found(corrected.id)).toEqual([agoMs]);
  }
  const behind = await send(-day, false);
  expect(behind.status).toBe(202);
  const [lag = 0] = await found(behind.id);
  expect(lag).toBeGreaterThanOrEqual(day);
  const ahead = await send(day, false);
  expect(ahead.status).toBe(422);
  expect(await found(ahead.id)).toEqual([]);
  client.close();

  // services are not corrected: a queue's delay would look like a wrong clock
  const orders = [-day, day].map((shift) => {
    const message = domainMessage(random);
    return { ...message, body: { ...message.body, occurredAt: new Date(Date.now() + shift).toISOString() } };
  });
  await publishInOrder(exchange, orders);
  await drained(running, broker, queue);
  const stored = await running.sql('SELECT CAST(event_id AS VARCHAR) FROM bronze.business_events');
  expect(stored).toEqual([[orders[0]?.id]]);
  const letters = await running.sql('SELECT reason, source FROM ops.dead_letter_events ORDER BY source');
  expect(letters).toEqual([
    ['timestamp_out_of_range', 'rabbitmq'],
    ['timestamp_out_of_range', 'tracking'],
  ]);
  const live = await running.metrics();
  expect(live.value('kada_events_late_total')).toBe(2);
  expect(await running.stop()).toEqual({ code: 0, signal: null });
});
