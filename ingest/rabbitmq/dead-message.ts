import type { MessageProperties } from 'amqplib';
import { isObject } from '../shape.ts';
import { type AmqpOrigin, amqpOrigin, bodyOf, type QueuedBody, timestampMs } from './delivery.ts';

/** A message of a dead-letter queue as it was before it died: its body, its own routing key, when it was here. */
export interface DeadMessage {
  readonly origin: AmqpOrigin;
  /** ms */
  readonly receivedAt: number;
  readonly message: QueuedBody;
}

/** what it holds in memory */
export const keptBytes = ({ message }: DeadMessage): number =>
  message.kind === 'oversized' ? message.head.length : message.bytes.length;

export interface QueuedMessage {
  readonly content: Buffer;
  readonly properties: MessageProperties;
  readonly fields: { readonly routingKey: string; readonly redelivered: boolean };
}

interface Death {
  readonly queue: unknown;
  readonly routingKey: string | undefined;
  /** ms */
  readonly at: number | undefined;
}

/** amqplib's form of an AMQP timestamp within a header */
const timeOf = (value: unknown): number | undefined =>
  isObject(value) && value['!'] === 'timestamp' ? timestampMs(value.value) : undefined;

const deathOf = (entry: unknown): readonly Death[] => {
  if (!isObject(entry)) return [];
  const keys: unknown = entry['routing-keys'];
  const key: unknown = Array.isArray(keys) ? keys[0] : undefined;
  return [
    {
      queue: entry.queue,
      // no longer than the broker takes as a key
      routingKey: typeof key === 'string' ? key.slice(0, 255) : undefined,
      at: timeOf(entry.time),
    },
  ];
};

/** What `x-death` tells, the newest first; a sender may have written anything there. */
const deathsOf = (headers: MessageProperties['headers']): readonly Death[] => {
  const deaths: unknown = headers?.['x-death'];
  return Array.isArray(deaths) ? deaths.flatMap(deathOf) : [];
};

/**
 * The key that a message has in a dead-letter queue is the queue's own: what it was published with stands in `x-death`,
 * of the main queue or else of its first death. One that somebody has put there by hand has none.
 */
export function deadMessage(
  found: QueuedMessage,
  queues: { readonly main: string; readonly deadLetters: string },
  now: number,
): DeadMessage {
  const { content, properties, fields } = found;
  const deaths = deathsOf(properties.headers);
  const death = deaths.find(({ queue }) => queue === queues.main) ?? deaths.at(-1);
  const own = fields.routingKey === queues.deadLetters ? '' : fields.routingKey;
  return {
    origin: amqpOrigin({ properties, fields }, death?.routingKey ?? own),
    // A time to come is another machine's wrong clock.
    receivedAt: Math.min(death?.at ?? now, now),
    message: bodyOf(content),
  };
}
