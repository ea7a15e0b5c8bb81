import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import { startBroker } from '../test/support/broker.ts';
import { eventually } from '../test/support/eventually.ts';
import { startPipeline } from '../test/support/pipeline-process.ts';
import { runToEnd } from './child.ts';
import { type Bench, sideBySide } from './table.ts';

const messages = 100_000;
/** Drained first and not measured: both sides start cold, and a pipeline runs for weeks. */
const warmUp = 40_000;

/** The queue is filled first; then it is drained at full speed. */
const rabbitToBronze = (prefetch: number): Bench => ({
  name: `rabbitmq to bronze, prefetch ${prefetch}`,
  async run(options) {
    const broker = await startBroker();
    try {
      const measured = await sideBySide(
        options,
        (round) => drainByPipeline(broker.url, `bench.ours.${round}`, prefetch),
        (round) => drainBare(broker.url, `bench.bare.${round}`, prefetch),
      );
      return {
        name: this.name,
        what: `${(messages - warmUp).toLocaleString('en')} order events drained from a queue into Bronze, warm`,
        unit: 'events/s',
        limitIs: 'bare amqplib consume + ack',
        ...measured,
      };
    } finally {
      await broker.dispose();
    }
  },
});

/** 50 is the default, 1000 what .env.example has. */
export const rabbitBenches: readonly Bench[] = [rabbitToBronze(50), rabbitToBronze(1_000)];

async function drainBare(url: string, queue: string, prefetch: number): Promise<number> {
  await fill(url, queue);
  return Number(
    await runToEnd('bare-consumer.ts', [url, queue, String(messages), String(warmUp), String(prefetch)]),
  );
}

/** From the end of the warm-up to the last stored event, as the process itself counts them. */
async function drainByPipeline(url: string, queue: string, prefetch: number): Promise<number> {
  await fill(url, queue);
  const own = await startPipeline({
    env: { RABBITMQ_URL: url, RABBITMQ_QUEUE: queue, RABBITMQ_PREFETCH: String(prefetch) },
  });
  try {
    let first: { readonly at: number; readonly stored: number } | undefined;
    return await eventually(
      async () => {
        const stored = await storedBy(own.dashboardUrl);
        const at = performance.now();
        if (first === undefined && stored >= warmUp) first = { at, stored };
        if (stored < messages || first === undefined) throw new Error(`${stored} of ${messages} stored`);
        return (stored - first.stored) / ((at - first.at) / 1_000);
      },
      { timeoutMs: 120_000, everyMs: 20 },
    );
  } finally {
    await own.stop();
  }
}

async function storedBy(dashboardUrl: string): Promise<number> {
  const text = await (await fetch(`${dashboardUrl}/metrics`)).text();
  const found = /^kada_events_stored_total\{table="business_events"\} (\d+)/m.exec(text);
  return Number(found?.[1] ?? 0);
}

async function fill(url: string, queue: string): Promise<void> {
  const connection = await connect(url);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true });
  for (let i = 0; i < messages; i += 1) {
    channel.sendToQueue(queue, orderCreated(), { persistent: true, contentType: 'application/json' });
    if (i % 1_000 === 999) await channel.waitForConfirms();
  }
  await channel.waitForConfirms();
  await connection.close();
}

function orderCreated(): Buffer {
  const occurredAt = new Date().toISOString();
  return Buffer.from(
    JSON.stringify({
      eventId: randomUUID(),
      eventType: 'order.created',
      version: 1,
      occurredAt,
      correlationId: randomUUID(),
      data: {
        orderId: randomUUID(),
        userId: randomUUID(),
        vendorIds: [randomUUID()],
        subtotal: 2500.5,
        currency: 'LKR',
        status: 'PENDING',
        paymentMethod: 'ONLINE',
        paymentStatus: 'PENDING',
        createdAt: occurredAt,
      },
    }),
  );
}
