import { z } from 'zod';
import type { DeadMessage } from '../../ingest/rabbitmq/dead-message.ts';
import { mostLetters } from './results.ts';

/** A dead message in JSON: its bytes as base64; with `length` and `sha256` they are the beginning of a larger one. */
const dead = z.strictObject({
  routingKey: z.string(),
  messageId: z.string().optional(),
  correlationId: z.string().optional(),
  timestamp: z.number().optional(),
  appId: z.string().optional(),
  traceparent: z.string().optional(),
  redelivered: z.boolean(),
  receivedAt: z.number(),
  bytes: z.base64(),
  whole: z.strictObject({ length: z.int().min(0), sha256: z.string() }).optional(),
});
type Wire = z.output<typeof dead>;

export const drainBody = z.strictObject({
  messages: z.array(dead).min(1).max(mostLetters),
  dryRun: z.boolean(),
});

export const messagesTo = (messages: readonly DeadMessage[]): readonly unknown[] =>
  messages.map(({ origin: { road: _road, ...origin }, receivedAt, message }) => {
    const bytes = message.kind === 'oversized' ? message.head : message.bytes;
    const whole =
      message.kind === 'oversized' ? { length: message.length, sha256: message.sha256 } : undefined;
    return { ...origin, receivedAt, bytes: Buffer.from(bytes).toString('base64'), whole };
  });

export const messagesFrom = (messages: readonly Wire[]): readonly DeadMessage[] =>
  messages.map(({ receivedAt, bytes: text, whole, redelivered, routingKey, ...given }) => {
    const bytes = Buffer.from(text, 'base64');
    return {
      origin: {
        road: 'amqp',
        routingKey,
        messageId: given.messageId,
        correlationId: given.correlationId,
        timestamp: given.timestamp,
        appId: given.appId,
        traceparent: given.traceparent,
        redelivered,
      },
      receivedAt,
      message: whole === undefined ? { kind: 'bytes', bytes } : { kind: 'oversized', head: bytes, ...whole },
    };
  });
