/** An AMQP message as a `Delivery` (events.md 1 and 2 say what its properties mean). */
import { hash } from 'node:crypto';
import type { ConsumeMessage } from 'amqplib';
import type { Delivery, Message, Origin, Settlement } from '../delivery.ts';
import type { Settler } from './settler.ts';

/** bytes; above it a body is `too_large` (commit-protocol.md 18) */
export const MAX_BODY_BYTES = 1_048_576;
/** bytes of such a body that are kept */
export const KEPT_HEAD_BYTES = 65_536;
/** a W3C traceparent has 55 characters; a header may have megabytes */
const MAX_TRACEPARENT = 256;

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** ms; the property holds seconds by the book and ms from many clients. undefined: not given, or not a time. */
export function timestampMs(value: unknown): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) return undefined;
  return value > 1e12 ? value : value * 1000;
}

function traceparentOf(headers: ConsumeMessage['properties']['headers']): string | undefined {
  const value: unknown = headers?.traceparent;
  const found =
    Buffer.isBuffer(value) && value.length <= MAX_TRACEPARENT ? value.toString('utf8') : text(value);
  return found === undefined || found.length > MAX_TRACEPARENT ? undefined : found;
}

/** AMQP brings bytes: nothing has looked inside yet. */
export type QueuedBody = Exclude<Message, { readonly kind: 'parsed' }>;

export type AmqpOrigin = Extract<Origin, { readonly road: 'amqp' }>;

/** @param routingKey that it was published with */
export function amqpOrigin(
  { fields, properties }: Pick<ConsumeMessage, 'properties'> & { readonly fields: { redelivered: boolean } },
  routingKey: string,
): AmqpOrigin {
  return {
    road: 'amqp',
    routingKey,
    messageId: text(properties.messageId),
    correlationId: text(properties.correlationId),
    timestamp: timestampMs(properties.timestamp),
    appId: text(properties.appId),
    traceparent: traceparentOf(properties.headers),
    redelivered: fields.redelivered,
  };
}

/** Whole, or what is kept of one that is too large. */
export function bodyOf(content: Buffer): QueuedBody {
  if (content.length <= MAX_BODY_BYTES) return { kind: 'bytes', bytes: content };
  return {
    kind: 'oversized',
    // a copy: a view would keep the whole body in memory
    head: Buffer.from(content.subarray(0, KEPT_HEAD_BYTES)),
    length: content.length,
    sha256: hash('sha256', content, 'hex'),
  };
}

/** the place that a message holds is the prefetch's, freed by its ack */
const release = (): void => {};

export interface DeliveryContext {
  readonly settler: Settler;
  /** is there a queue for refused messages? */
  readonly hasDlq: boolean;
  readonly now: () => number;
  /** a settlement that no AMQP delivery can have: a fault of the caller, told and not obeyed */
  readonly onMisuse: (kind: string) => void;
}

/** The delivery is registered with the settler, and belongs to its channel for ever. */
export function toDelivery(message: ConsumeMessage, context: DeliveryContext): Delivery {
  const { settler, hasDlq, onMisuse } = context;
  const tag = message.fields.deliveryTag;
  settler.delivered(tag);
  const body = bodyOf(message.content);
  return {
    via: 'rabbitmq',
    origin: amqpOrigin(message, message.fields.routingKey),
    receivedAt: context.now(),
    messages: [body],
    bytes: body.kind === 'oversized' ? body.head.length : message.content.length,
    deadline: undefined,
    settle(settlement) {
      settleTag(settlement, tag, settler, hasDlq, onMisuse);
    },
    release,
  };
}

function settleTag(
  settlement: Settlement,
  tag: number,
  settler: Settler,
  hasDlq: boolean,
  onMisuse: (kind: string) => void,
): void {
  if (settlement.kind === 'unavailable') {
    settler.requeue(tag);
    return;
  }
  const outcome = settlement.kind === 'durable' ? settlement.outcomes[0] : undefined;
  switch (outcome?.kind) {
    case 'stored':
    case 'duplicate':
      settler.ack(tag);
      break;
    case 'dead-lettered':
      if (hasDlq) settler.reject(tag);
      else settler.ack(tag);
      break;
    default:
      // Nothing durable came of it. It stays open: the broker gives it again when the channel ends, and not in
      // a circle as a requeue would.
      onMisuse(outcome?.kind ?? settlement.kind);
  }
}
