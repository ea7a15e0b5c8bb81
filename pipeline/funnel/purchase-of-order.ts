import type { StoredEvent } from '../../sinks/warehouse.ts';

/** What an order's event says about its purchase. */
export interface OrderEvent {
  readonly eventId: string;
  readonly time: number;
  readonly type: StoredEvent['canonical_type'];
  readonly isCod: boolean;
  readonly userId: string | null;
  readonly sessionId: string | null;
  readonly amount: number | null;
  readonly currency: string | null;
  readonly isSeed: boolean;
}

export interface PurchaseFacts {
  readonly at: number;
  readonly eventId: string;
  readonly userId: string | null;
  readonly sessionId: string | null;
  /** hundredths; null: no event of the order has one */
  readonly amount: number | null;
  readonly currency: string;
  readonly isSeed: boolean;
}

export const orderEventOf = (event: StoredEvent): OrderEvent => ({
  eventId: event.event_id,
  time: event.event_timestamp,
  type: event.canonical_type,
  isCod: event.payment_method === 'COD',
  userId: event.user_id,
  sessionId: event.session_id,
  amount: event.amount,
  currency: event.currency,
  isSeed: event.is_seed === 1,
});

/** Could this event be the purchase of its order (events.md 4)? */
export const isPurchaseEvent = (event: Pick<OrderEvent, 'type' | 'isCod'>): boolean =>
  event.type === 'order_paid' || (event.type === 'order_created' && event.isCod);

/** The purchase of an order from all its events, in any order (events.md 4); undefined: none yet. */
export function purchaseOf(events: Iterable<OrderEvent>): PurchaseFacts | undefined {
  const sorted = [...events].sort(byTime);
  const purchase = sorted.find(isPurchaseEvent);
  if (purchase === undefined) return undefined;
  const priced = purchase.amount !== null ? purchase : amountEvent(sorted);
  return {
    at: purchase.time,
    eventId: purchase.eventId,
    userId: purchase.userId ?? sorted.find((event) => event.userId !== null)?.userId ?? null,
    sessionId: purchase.sessionId ?? sorted.find((event) => event.sessionId !== null)?.sessionId ?? null,
    amount: priced?.amount ?? null,
    currency: priced?.currency ?? 'LKR',
    isSeed: sorted.some((event) => event.isSeed),
  };
}

/** The event that an order's amount and currency come from (warehouse.md, silver.orders). */
function amountEvent(sorted: readonly OrderEvent[]): OrderEvent | undefined {
  const priced = sorted.filter((event) => event.amount !== null);
  return (
    priced.find((event) => event.type === 'order_created') ??
    priced.find((event) => event.type === 'order_paid') ??
    priced.find(
      (event) =>
        event.type === 'payment_pending' ||
        event.type === 'payment_not_required' ||
        event.type === 'payment_failed',
    )
  );
}

function byTime(a: OrderEvent, b: OrderEvent): number {
  if (a.time !== b.time) return a.time - b.time;
  return a.eventId < b.eventId ? -1 : a.eventId > b.eventId ? 1 : 0;
}
