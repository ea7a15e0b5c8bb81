import type { StoredEvent } from '../../sinks/warehouse.ts';
import type { FoldCause } from './changes.ts';
import type { Credits, OrderCheckout, Purchase } from './credits.ts';
import {
  isPurchaseEvent,
  type OrderEvent,
  orderEventOf,
  type PurchaseFacts,
  purchaseOf,
} from './purchase-of-order.ts';

/**
 * The state of an order.
 *
 *   (none) ──a checkout names it──▶ named
 *   (none), named ──its first purchase event within the look-back──▶ awaited: the warehouse is asked for all its events
 *   awaited ──provideOrder──▶ known: its purchase counts, and every later event of it is folded, whatever its age
 *   known ──all its purchase events are older than the look-back──▶ named, or (none) without a checkout
 *   named ──its checkouts are older than the look-back──▶ (none)
 *
 * Events that arrive while it is awaited are kept, and counted once with those that the warehouse tells. Events of
 * an order that is neither awaited nor known are in the warehouse when it is asked.
 */
interface Order {
  readonly id: string;
  readonly checkouts: OrderCheckout[];
  /** by event id; undefined: named only */
  events: Map<string, OrderEvent> | undefined;
  isAwaited: boolean;
  /** what is counted now */
  purchase: Purchase | undefined;
}

export interface Orders {
  /** An event of section "order" or "payment" that was just committed. */
  onOrderEvent(event: StoredEvent, keepFrom: number, cause: FoldCause): void;
  onCheckout(orderId: string, checkout: OrderCheckout): void;
  /** Orders whose events of all history must be read. */
  awaited(): readonly string[];
  /** Why an awaited order was asked for; undefined: it is not awaited. */
  causeOf(orderId: string): FoldCause | undefined;
  provide(orderId: string, events: readonly StoredEvent[], keepFrom: number): void;
  /** Lets what is older than the look-back go in a part (0 to 1) of all orders, going round. */
  sweep(keepFrom: number, part: number): void;
  readonly size: number;
  readonly bytes: number;
}

export function createOrders(credits: Credits, options: { readonly showSeeds: boolean }): Orders {
  const orders = new Map<string, Order>();
  const awaited = new Map<string, FoldCause>();
  let round = orders.values();
  let kept = 0;

  return {
    onOrderEvent,
    onCheckout,
    awaited: () => [...awaited.keys()],
    causeOf: (orderId) => awaited.get(orderId),
    provide,
    sweep,
    get size() {
      return orders.size;
    },
    get bytes() {
      return orders.size * 400 + kept * 260;
    },
  };

  function open(id: string): Order {
    const known = orders.get(id);
    if (known !== undefined) return known;
    const order: Order = { id, checkouts: [], events: undefined, isAwaited: false, purchase: undefined };
    orders.set(id, order);
    return order;
  }

  function onCheckout(orderId: string, checkout: OrderCheckout): void {
    const order = open(orderId);
    order.checkouts.push(checkout);
    kept += 1;
    if (order.purchase !== undefined) credits.onOrderCheckout(order.purchase, checkout);
  }

  function onOrderEvent(event: StoredEvent, keepFrom: number, cause: FoldCause): void {
    if (event.order_id === null) return;
    const known = orders.get(event.order_id);
    const told = orderEventOf(event);
    if (known?.events === undefined) {
      // An older purchase event alone counts nowhere; a younger one will have the warehouse tell both.
      if (!isPurchaseEvent(told) || told.time < keepFrom) return;
      const order = known ?? open(event.order_id);
      order.events = new Map();
      order.isAwaited = true;
      awaited.set(order.id, cause);
      keep(order, told);
      return;
    }
    keep(known, told);
    if (!known.isAwaited) recount(known, keepFrom);
  }

  function keep(order: Order, event: OrderEvent): void {
    if (order.events === undefined || order.events.has(event.eventId)) return;
    order.events.set(event.eventId, event);
    kept += 1;
  }

  function provide(orderId: string, events: readonly StoredEvent[], keepFrom: number): void {
    awaited.delete(orderId);
    const told = events.map(orderEventOf);
    const known = orders.get(orderId);
    if (known?.events === undefined) {
      if (!told.some((event) => isPurchaseEvent(event) && event.time >= keepFrom)) return;
    }
    const order = known ?? open(orderId);
    order.events ??= new Map();
    order.isAwaited = false;
    for (const event of told) keep(order, event);
    recount(order, keepFrom);
  }

  function recount(order: Order, keepFrom: number): void {
    const facts = purchaseOf(order.events?.values() ?? []);
    const counts = facts !== undefined && facts.at >= keepFrom && (options.showSeeds || !facts.isSeed);
    const old = order.purchase;
    if (counts && old !== undefined && isSame(old.facts, facts)) return;
    if (old !== undefined) credits.take(old);
    order.purchase = undefined;
    if (!counts) return;
    order.purchase = { orderId: order.id, facts, checkouts: order.checkouts, owner: -1, credit: undefined };
    credits.place(order.purchase);
  }

  function sweep(keepFrom: number, part: number): void {
    for (let left = Math.min(orders.size, Math.ceil(orders.size * part)); left > 0; left -= 1) {
      const following = round.next();
      if (following.done) {
        round = orders.values();
        continue;
      }
      expire(following.value, keepFrom);
    }
  }

  function expire(order: Order, keepFrom: number): void {
    for (let i = order.checkouts.length - 1; i >= 0; i -= 1) {
      if ((order.checkouts[i] as OrderCheckout).time >= keepFrom) continue;
      order.checkouts.splice(i, 1);
      kept -= 1;
    }
    if (order.purchase !== undefined && order.purchase.facts.at < keepFrom) {
      credits.take(order.purchase);
      order.purchase = undefined;
    }
    if (order.events !== undefined && !order.isAwaited && !hasPurchaseEvent(order.events, keepFrom)) {
      kept -= order.events.size;
      order.events = undefined;
    }
    if (order.events === undefined && order.checkouts.length === 0) orders.delete(order.id);
  }
}

function hasPurchaseEvent(events: ReadonlyMap<string, OrderEvent>, keepFrom: number): boolean {
  for (const event of events.values()) if (event.time >= keepFrom && isPurchaseEvent(event)) return true;
  return false;
}

function isSame(a: PurchaseFacts, b: PurchaseFacts): boolean {
  return (
    a.at === b.at &&
    a.eventId === b.eventId &&
    a.userId === b.userId &&
    a.sessionId === b.sessionId &&
    a.amount === b.amount &&
    a.currency === b.currency &&
    a.isSeed === b.isSeed
  );
}
