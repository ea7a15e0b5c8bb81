import { type ChannelModel, connect } from 'amqplib';
import { KadaError, messageOf } from '../../ingest/errors.ts';
import { withoutPassword } from '../config/describe.ts';
import type { RabbitMqConfig } from '../config.ts';
import type { UiMessage } from './test-journey.ts';

const connectTimeoutMs = 10_000;
const confirmTimeoutMs = 10_000;

/**
 * Publishes with confirms and `mandatory`. Returns the messages that no queue took (unroutable ones are confirmed
 * too: the return tells). Throws KADA_BROKER_AWAY, KADA_BROKER_REFUSED.
 */
export async function publishConfirmed(
  broker: RabbitMqConfig,
  messages: readonly UiMessage[],
): Promise<{ readonly unroutable: readonly UiMessage[] }> {
  const connection = await open(broker);
  try {
    const channel = await connection.createConfirmChannel();
    const returned = new Set<unknown>();
    channel.on('return', (message) => returned.add(message.properties.messageId));
    channel.on('error', () => undefined); // the call that met it rejects too
    await channel.assertExchange(broker.exchange, broker.exchangeType, { durable: true });
    for (const message of messages) {
      channel.publish(broker.exchange, message.routingKey, Buffer.from(JSON.stringify(message.body)), {
        mandatory: true,
        persistent: true,
        contentType: 'application/json',
        messageId: message.eventId,
        correlationId: message.correlationId,
        timestamp: Math.floor(message.at / 1_000),
      });
    }
    await within(confirmTimeoutMs, channel.waitForConfirms());
    return { unroutable: messages.filter((message) => returned.has(message.eventId)) };
  } catch (error) {
    if (error instanceof KadaError) throw error;
    throw new KadaError('KADA_BROKER_REFUSED', `${messageOf(error)}; nothing is promised of these events`, {
      cause: error,
    });
  } finally {
    await connection.close().catch(() => undefined);
  }
}

async function open(broker: RabbitMqConfig): Promise<ChannelModel> {
  try {
    const connection = await connect(broker.url, { timeout: connectTimeoutMs });
    connection.on('error', () => undefined); // the call that met it rejects too
    return connection;
  } catch (error) {
    throw new KadaError(
      'KADA_BROKER_AWAY',
      `cannot reach ${withoutPassword(broker.url)}: ${reasonOf(error)}. Nothing was published. Is RabbitMQ running, ` +
        'and do user, password and vhost of RABBITMQ_URL fit?',
      { cause: error },
    );
  }
}

/** Node gives an AggregateError without a text when a name has several addresses and none answers. */
const reasonOf = (error: unknown): string =>
  error instanceof AggregateError ? error.errors.map(messageOf).join(', ') : messageOf(error);

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new KadaError(
          'KADA_BROKER_AWAY',
          `no confirm within ${ms / 1_000} s (is the broker blocking publishers?); some events may have arrived`,
        ),
      );
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
