import type { Message, Origin, Replayed } from '../delivery.ts';
import type { DeliveredBy } from '../event.ts';
import { isObject } from '../shape.ts';
import type { BroughtMessage } from './brought.ts';

/** A row of ops.dead_letter_events, as a replay needs it. */
export interface StoredLetter {
  /** UUID of the row */
  readonly id: string;
  readonly source: DeliveredBy;
  readonly reason: string;
  /** ms */
  readonly receivedAt: number;
  /** JSON text */
  readonly context: string;
  readonly payload: string;
}

type Context = Readonly<Record<string, unknown>>;

const contextOf = ({ context }: StoredLetter): Context => {
  try {
    const value: unknown = JSON.parse(context);
    return isObject(value) ? value : {};
  } catch {
    // A letter of the old system may say nothing.
    return {};
  }
};

const textAt = (context: Context, key: string): string | undefined => {
  const value = context[key];
  return typeof value === 'string' ? value : undefined;
};
const numberAt = (context: Context, key: string): number | undefined => {
  const value = context[key];
  return typeof value === 'number' ? value : undefined;
};

type TypedRoute = Extract<Origin, { readonly road: 'track' }>['typedRoute'];
const typedRoutes: ReadonlySet<unknown> = new Set<TypedRoute>([
  'page_view',
  'click',
  'add_to_cart',
  'begin_checkout',
]);
const isTypedRoute = (value: unknown): value is NonNullable<TypedRoute> => typedRoutes.has(value);

const roadOf = (context: Context, source: DeliveredBy): Origin['road'] => {
  const { road } = context;
  if (road === 'track' || road === 'collector' || road === 'amqp') return road;
  if (source === 'tracking') return 'track';
  return source === 'collector' ? 'collector' : 'amqp';
};

/** What the transport knew when the letter came: all that its judgement rests on beside the body. */
const originOf = (context: Context, source: DeliveredBy): Origin => {
  const userAgent = textAt(context, 'user_agent');
  const ip = textAt(context, 'ip_address');
  switch (roadOf(context, source)) {
    case 'track': {
      const { typed_route, local } = context;
      return {
        road: 'track',
        typedRoute: isTypedRoute(typed_route) ? typed_route : undefined,
        userAgent,
        ip,
        local: local === true,
      };
    }
    case 'collector':
      return { road: 'collector', userAgent, ip };
    case 'amqp':
      return {
        road: 'amqp',
        routingKey: textAt(context, 'routing_key') ?? '',
        messageId: textAt(context, 'message_id'),
        correlationId: textAt(context, 'correlation_id'),
        timestamp: numberAt(context, 'amqp_timestamp'),
        appId: textAt(context, 'app_id'),
        traceparent: textAt(context, 'traceparent'),
        redelivered: context.redelivered === true,
      };
  }
};

/** Of a message that was too large only its beginning is kept: as it stands it stays too large. */
const messageOf = (payload: string, context: Context): Message => {
  const bytes = Buffer.from(payload, context.payload_encoding === 'base64' ? 'base64' : 'utf8');
  const length = numberAt(context, 'payload_whole_length');
  return length === undefined
    ? { kind: 'bytes', bytes }
    : { kind: 'oversized', head: bytes, length, sha256: textAt(context, 'payload_sha256') ?? '' };
};

/** Always-new events stand one after the other in milliseconds; a request holds at most so many. */
const mostBefore = 500;

const replayedOf = (letter: StoredLetter, context: Context, mended: boolean): Replayed => {
  const alwaysNew = context.always_new === true;
  const after = (numberAt(context, 'event_timestamp') ?? letter.receivedAt) - letter.receivedAt;
  return {
    letterId: letter.id,
    // A letter that had none takes its own row's: mended it may be an event that would be always new.
    madeId: (alwaysNew ? textAt(context, 'event_id') : undefined) ?? letter.id,
    ordinal: alwaysNew && after > 0 && after < mostBefore ? after : 0,
    mended,
  };
};

export interface ReplayMessage extends BroughtMessage {
  readonly replayed: Replayed;
}

/**
 * A letter as it is judged once more: as if received then (events.md 7).
 * @param body the mended text; undefined: the letter's own payload
 */
export function replayMessage(letter: StoredLetter, body: string | undefined): ReplayMessage {
  const context = contextOf(letter);
  const text = body ?? letter.payload;
  return {
    via: 'replay',
    origin: originOf(context, letter.source),
    receivedAt: letter.receivedAt,
    message:
      body === undefined
        ? messageOf(letter.payload, context)
        : { kind: 'bytes', bytes: Buffer.from(body, 'utf8') },
    replayed: replayedOf(letter, context, body !== undefined),
    bytes: 2 * text.length,
  };
}
