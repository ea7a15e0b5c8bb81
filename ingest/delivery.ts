import type { DeadLetterReason, DeliveredBy, Issue, Stage } from './event.ts';

/** What the transport knew of a delivery, the same for all its messages. */
export type Origin =
  | {
      readonly road: 'track';
      /** `/track/<type>`: wins over the body */
      readonly typedRoute: 'page_view' | 'click' | 'add_to_cart' | 'begin_checkout' | undefined;
      readonly userAgent: string | undefined;
      /** the caller's address in full; normalisation keeps what STORE_IP allows */
      readonly ip: string | undefined;
      /** on loopback and without a forwarding header: never a bot, no rate limits (events.md 8) */
      readonly local: boolean;
      /** of the request's header, passed through to the broker */
      readonly traceparent?: string | undefined;
    }
  | { readonly road: 'collector'; readonly userAgent: string | undefined; readonly ip: string | undefined }
  | {
      readonly road: 'amqp';
      readonly routingKey: string;
      readonly messageId: string | undefined;
      readonly correlationId: string | undefined;
      /** ms; AMQP itself carries seconds or ms, the source converts */
      readonly timestamp: number | undefined;
      readonly appId: string | undefined;
      readonly traceparent: string | undefined;
      readonly redelivered: boolean;
    };

/**
 * One event as it came. Bytes when the source has not parsed it; a parsed value where the source had to look
 * inside first (an HTTP array is split at the door, its elements carry no text of their own).
 */
export type Message =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'parsed';
      readonly value: unknown /** original text; undefined for an element of a batch */;
      readonly text: string | undefined;
    }
  /** over 1 MB on AMQP: first 64 KB, whole length and SHA-256 (commit-protocol.md 18) */
  | {
      readonly kind: 'oversized';
      readonly head: Uint8Array;
      readonly length: number;
      readonly sha256: string;
    };

/** Why nothing was stored and the sender shall come again: http.md's 503 codes. */
export type UnavailableReason = 'overloaded' | 'warehouse_away' | 'disk_low' | 'stopping';

export type Outcome =
  | { readonly kind: 'stored'; readonly eventId: string }
  /** natural: the same id with the same content; acked, counted, not stored */
  | { readonly kind: 'duplicate'; readonly eventId: string }
  | {
      readonly kind: 'dead-lettered';
      readonly eventId: string | undefined;
      readonly stage: Stage;
      readonly reason: DeadLetterReason;
      readonly issues: readonly Issue[];
    }
  /** a public caller's broken event beyond the dead-letter bounds: told and counted, not stored */
  | {
      readonly kind: 'rejected';
      readonly eventId: string | undefined;
      readonly reason: DeadLetterReason;
      readonly issues: readonly Issue[];
    }
  /** /track through the broker: confirmed and routed */
  | { readonly kind: 'published'; readonly eventId: string; readonly routingKey: string };

/** How a whole delivery ends: every message has a durable outcome, or nothing of it was stored. */
export type Settlement =
  | { readonly kind: 'durable'; readonly outcomes: readonly Outcome[] }
  | { readonly kind: 'unavailable'; readonly reason: UnavailableReason }
  /** handed to a commit that has not answered in time; a retry carries the same ids */
  | { readonly kind: 'outcome-unknown'; readonly eventIds: readonly (string | undefined)[] };

/** The dead letter that a delivery replays (events.md 7). */
export interface Replayed {
  /** UUID of its row */
  readonly letterId: string;
  /** the id of an event that would be always new: the same at each replay, so that a second one cannot double it */
  readonly madeId: string;
  /** always-new events before it in its first delivery */
  readonly ordinal: number;
  /** a transform gave it another body */
  readonly mended: boolean;
}

/**
 * One message (AMQP) or one request (HTTP, 1 to 500 events) as a source received it: one member of a batch,
 * stored whole or not at all (commit-protocol.md 7).
 */
export interface Delivery {
  readonly via: DeliveredBy;
  readonly origin: Origin;
  readonly receivedAt: number;
  readonly messages: readonly Message[];
  /** bytes it holds in memory, for the bounds */
  readonly bytes: number;
  /** ms since 1970 after which the caller is answered 503; undefined: waits for ever (AMQP) */
  readonly deadline: number | undefined;
  /** of a replay, which has one message */
  readonly replayed?: Replayed;
  /**
   * Answers the sender: ack, nack or an HTTP reply. Only the first call answers; a later one is a no-op.
   * Never throws. `outcome-unknown` answers and leaves the place taken until `release`.
   */
  settle(settlement: Settlement): void;
  /** Frees the bounded place that the delivery holds; called once, when nothing of it is in flight any more. */
  release(): void;
}
