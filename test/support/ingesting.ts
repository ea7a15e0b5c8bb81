import { type Decoded, decodeMessage } from '../../ingest/decode.ts';
import type { Origin } from '../../ingest/delivery.ts';
import type {
  AnalyticsEvent,
  BusinessRow,
  DeadLetter,
  DeliveredBy,
  ItemRow,
  WebRow,
} from '../../ingest/event.ts';
import { createNormaliser, type Judged, type NormaliserOptions } from '../../ingest/normalise.ts';
import { uiMessageOf } from '../../ingest/ui-message.ts';

/** A fixed moment of receipt: normalisation asks no clock. */
export const receivedAt = Date.UTC(2026, 10, 24, 12, 0, 0, 500);
export const isoAt = (offsetMs: number): string => new Date(receivedAt + offsetMs).toISOString();

export const trackOrigin = (over: Partial<Extract<Origin, { road: 'track' }>> = {}): Origin => ({
  road: 'track',
  typedRoute: undefined,
  userAgent:
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36',
  ip: '203.0.113.77',
  local: false,
  ...over,
});

export const collectorOrigin = (over: Partial<Extract<Origin, { road: 'collector' }>> = {}): Origin => ({
  road: 'collector',
  userAgent: 'curl/8.0',
  ip: '198.51.100.9',
  ...over,
});

export const amqpOrigin = (
  routingKey: string,
  over: Partial<Extract<Origin, { road: 'amqp' }>> = {},
): Origin => ({
  road: 'amqp',
  routingKey,
  messageId: undefined,
  correlationId: undefined,
  timestamp: undefined,
  appId: undefined,
  traceparent: undefined,
  redelivered: false,
  ...over,
});

const viaOf = (origin: Origin): DeliveredBy =>
  origin.road === 'track' ? 'tracking' : origin.road === 'collector' ? 'collector' : 'rabbitmq';

export interface JudgeOptions extends Partial<NormaliserOptions> {
  readonly at?: number;
  readonly via?: DeliveredBy;
  readonly ordinal?: number;
}

/** Judges a decoded message at a fixed time of receipt. */
export const judgeDecoded = (decoded: Decoded, origin: Origin, options: JudgeOptions = {}): Judged => {
  const { at = receivedAt, via = viaOf(origin), ordinal, storeIp = 'truncated', ...rest } = options;
  return createNormaliser({ storeIp, ...rest })(decoded, origin, at, via, ordinal);
};

/** A body as the sender would write it: HTTP as parsed by a door, AMQP as bytes. */
export const judge = (body: unknown, origin: Origin, options: JudgeOptions = {}): Judged => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return judgeDecoded(decodeMessage({ kind: 'bytes', bytes: Buffer.from(text) }), origin, options);
};

export const eventOf = (judged: Judged): AnalyticsEvent => {
  if (judged.kind === 'event') return judged.event;
  throw new Error(`dead letter ${judged.letter.reason}: ${judged.letter.detail}`);
};

export const letterFrom = (judged: Judged): DeadLetter => {
  if (judged.kind === 'dead-letter') return judged.letter;
  throw new Error(`no dead letter but an event: ${JSON.stringify(judged.event.row)}`);
};

export const webRow = (judged: Judged): WebRow => {
  const event = eventOf(judged);
  if (
    event.table === 'business_events' ||
    event.table === 'api_request_logs' ||
    event.table === 'db_query_perf'
  ) {
    throw new Error(`no web event but one of ${event.table}`);
  }
  return event.row;
};

export const business = (
  judged: Judged,
): { readonly row: BusinessRow; readonly items: readonly ItemRow[]; readonly event: AnalyticsEvent } => {
  const event = eventOf(judged);
  if (event.table !== 'business_events') throw new Error(`no business event but one of ${event.table}`);
  return { row: event.row, items: event.items, event };
};

/** The same event by the broker: published by /track, consumed some seconds later. */
export const throughBroker = (
  event: AnalyticsEvent,
  delayMs = 5_000,
  storeIp: NormaliserOptions['storeIp'] = 'truncated',
): Judged => {
  const message = uiMessageOf(event);
  return judgeDecoded(
    decodeMessage({ kind: 'bytes', bytes: message.body }),
    amqpOrigin(message.routingKey, {
      messageId: message.messageId,
      correlationId: message.correlationId,
      timestamp: message.timestamp,
      appId: 'kada-tracking',
    }),
    { at: event.row.received_at + delayMs, storeIp },
  );
};

export const metaOf = (row: { readonly meta: string }): Record<string, unknown> => JSON.parse(row.meta);

/** The least that each public type needs. */
export const least = {
  page_view: { event_type: 'page_view', session_id: 's-1', page_url: '/home' },
  click: { event_type: 'click', session_id: 's-1', page_url: '/home', element_id: 'btn' },
  add_to_cart: { event_type: 'add_to_cart', session_id: 's-1', page_url: '/cart', product_id: 'p-1' },
  begin_checkout: { event_type: 'begin_checkout', session_id: 's-1', page_url: '/checkout' },
} as const;
