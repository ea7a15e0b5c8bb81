import type { ConfirmChannel } from 'amqplib';
import { keepConnected } from '../../ingest/rabbitmq/connection.ts';
import type { Log } from '../../ingest/rabbitmq/log.ts';
import type { RabbitMqConfig } from '../config.ts';
import type { SimulatedEvent } from './event.ts';
import type { Answer, Road } from './road.ts';

const confirmTimeoutMs = 10_000;
const againMs = 250;

/**
 * The exchange: persistent, mandatory messages with publisher confirms. A confirm without a return is the broker's
 * word; a channel that closes before is no answer, and the same message is sent again on the next connection.
 */
export function amqpRoad(broker: RabbitMqConfig, log: Log): Road {
  let channel: ConfirmChannel | undefined;
  /** texts of messages that no queue took; a service's message has no id of its own to be known by */
  const returned = new Set<string>();
  let open: (() => void)[] = [];

  const connection = keepConnected({
    url: broker.url,
    name: 'simulation',
    log,
    async setUp(model, end) {
      const fresh = await model.createConfirmChannel();
      fresh.on('error', () => undefined);
      fresh.on('close', () => end('the channel closed'));
      fresh.on('return', (message) => returned.add(message.content.toString()));
      await fresh.assertExchange(broker.exchange, broker.exchangeType, { durable: true });
      channel = fresh;
    },
    onDown() {
      channel = undefined;
      returned.clear();
      const lost = open;
      open = [];
      for (const lose of lost) lose();
    },
  });

  function publish(event: SimulatedEvent): Promise<Answer> {
    const current = channel;
    if (current === undefined) {
      return Promise.resolve({ kind: 'refused', why: 'broker away', retryAfterMs: againMs, everyone: true });
    }
    return new Promise((resolve) => {
      const text = textOf(event);
      const lose = (): void => settle({ kind: 'unknown', why: 'no confirm', retryAfterMs: againMs });
      const late = setTimeout(lose, confirmTimeoutMs);
      function settle(answer: Answer): void {
        clearTimeout(late);
        open = open.filter((one) => one !== lose);
        resolve(answer);
      }
      open.push(lose);
      const ui = event.lane === 'web';
      try {
        current.publish(
          broker.exchange,
          event.type,
          Buffer.from(text),
          {
            persistent: true,
            mandatory: true,
            contentType: 'application/json',
            ...(ui ? { messageId: event.id, timestamp: Math.floor(event.at / 1_000) } : {}),
          },
          (error: unknown) => {
            if (error !== null && error !== undefined) lose();
            else if (returned.delete(text)) {
              settle({ kind: 'refused', why: 'no queue takes it', retryAfterMs: againMs, everyone: true });
            } else settle({ kind: 'promised', as: 'published' });
          },
        );
      } catch {
        settle({ kind: 'unknown', why: 'the channel closed', retryAfterMs: againMs });
      }
    });
  }

  return {
    batchAtMost: 20,
    atOnce: 20,
    send: (events) => Promise.all(events.map(publish)),
    close: () => connection.close(),
  };
}

/** A browser's event is decided by its meta over the exchange, by its request's header over HTTP. */
const textOf = ({ body, lane, userAgent }: SimulatedEvent): string => {
  if (typeof body === 'string') return body;
  return JSON.stringify(lane === 'web' ? { ...body, service: 'web', meta: { user_agent: userAgent } } : body);
};
