import { randomUUID } from 'node:crypto';
import type { Options } from 'amqplib';
import type { Subscription } from 'rxjs';
import type { Delivery, Settlement } from '../../ingest/delivery.ts';
import {
  createRabbitSource,
  type RabbitSource,
  type RabbitSourceOptions,
} from '../../ingest/rabbitmq/consumer.ts';
import type { Log } from '../../ingest/rabbitmq/log.ts';
import type { Topology } from '../../ingest/rabbitmq/topology.ts';
import type { Broker } from './broker.ts';

export interface LogLine {
  readonly level: string;
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

/** A logger that keeps its lines. */
export function collectLog(): { readonly log: Log; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields: { ...fields }, message });
  };
  return { lines, log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

/** Names that no other test uses. */
export function topologyFor(test: string, given: Partial<Topology> = {}): Topology {
  const name = `${test}-${randomUUID().slice(0, 8)}`;
  return {
    exchange: `${name}.events`,
    exchangeType: 'topic',
    queue: `${name}.analytics`,
    queueType: 'classic',
    routingKeys: ['ui.page_view', 'ui.click', 'order.*'],
    dlq: undefined,
    ...given,
  };
}

export const stored: Settlement = { kind: 'durable', outcomes: [{ kind: 'stored', eventId: 'e' }] };
export const duplicate: Settlement = { kind: 'durable', outcomes: [{ kind: 'duplicate', eventId: 'e' }] };
export const deadLettered: Settlement = {
  kind: 'durable',
  outcomes: [
    { kind: 'dead-lettered', eventId: undefined, stage: 'decode', reason: 'invalid_json', issues: [] },
  ],
};
export const unavailable: Settlement = { kind: 'unavailable', reason: 'warehouse_away' };

export function bodyText(delivery: Delivery): string {
  const [message] = delivery.messages;
  if (message?.kind !== 'bytes') throw new Error(`not bytes: ${message?.kind}`);
  return Buffer.from(message.bytes).toString('utf8');
}

export interface Listening {
  readonly source: RabbitSource;
  /** in order of arrival */
  readonly received: Delivery[];
  readonly subscription: Subscription;
  readonly lines: LogLine[];
}

/** A subscribed source; `onDelivery` sees each delivery as it comes. Close it with `source.close()`. */
export function listen(
  broker: Broker,
  topology: Topology,
  given: Partial<RabbitSourceOptions> & { readonly onDelivery?: (delivery: Delivery) => void } = {},
): Listening {
  const { onDelivery, ...options } = given;
  const { log, lines } = collectLog();
  const source = createRabbitSource({ url: broker.url, prefetch: 100, log, ...topology, ...options });
  const received: Delivery[] = [];
  const subscription = source.deliveries$.subscribe((delivery) => {
    received.push(delivery);
    onDelivery?.(delivery);
  });
  return { source, received, subscription, lines };
}

/** Publishes with confirms and resolves when the broker has all of them. */
export async function publishAll(
  broker: Broker,
  exchange: string,
  bodies: readonly (string | Buffer)[],
  routingKey = 'ui.click',
  properties: Options.Publish = {},
): Promise<void> {
  const { connect } = await import('amqplib');
  const connection = await connect(broker.url);
  try {
    const channel = await connection.createConfirmChannel();
    for (const body of bodies) {
      channel.publish(exchange, routingKey, Buffer.from(body), { persistent: true, ...properties });
    }
    await channel.waitForConfirms();
  } finally {
    await connection.close();
  }
}

export const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => String(from + i));
