import { type BusinessEvent, byTime, groupByTime, placeOf, type WebEvent } from './recount-bronze.ts';
import type { Days } from './recount-days.ts';
import { earliestNamed, moneyEvent, type OrderEvents } from './recount-orders.ts';

/** silver.purchases: the purchase of an order (events.md 4) and the session that it is credited to (funnel.md 6). */

export interface PurchaseRow {
  readonly order_id: string;
  readonly event_timestamp: number;
  readonly event_date: string;
  readonly user_id: string | null;
  /** hundredths */
  readonly total_amount: number | null;
  readonly currency: string;
  readonly session_id: string | null;
  readonly credit_rule: 'a' | 'b' | 'c' | 'd' | 'e';
  readonly is_seed: 0 | 1;
}

const grace = 2_000;
const day = 86_400_000;

type Credit = Pick<PurchaseRow, 'session_id' | 'credit_rule'>;
interface Facts {
  readonly orderId: string;
  readonly at: number;
  readonly user: string | null;
  readonly ownSession: string | null;
}
type CreditOf = (facts: Facts) => Credit;

/** @param able events with a session of their own, neither bots' nor of a derived session, of one is_seed */
function creditsAmong(able: readonly WebEvent[]): CreditOf {
  const checkouts = able.filter((event) => event.canonical_type === 'begin_checkout');
  const views = able.filter((event) => event.canonical_type === 'page_view');
  const carts = able.filter((event) => event.canonical_type === 'add_to_cart');
  const bySession = groupByTime([...views, ...carts, ...checkouts], (event) => event.session_id);
  const checkoutsByOrder = groupByTime(checkouts, (event) => event.order_id);
  const checkoutsByUser = groupByTime(checkouts, (event) => event.user_id);
  const viewsByUser = groupByTime(views, (event) => event.user_id);

  /** The last in [at − 24 h, at + 2 s]. */
  function newest(events: readonly WebEvent[] | undefined, at: number): WebEvent | undefined {
    const last = events?.[placeOf(events, (event) => event.event_timestamp, at + grace + 1) - 1];
    return last !== undefined && last.event_timestamp >= at - day ? last : undefined;
  }

  return function creditOf({ orderId, at, user, ownSession }) {
    const own = ownSession === null ? [] : (bySession.get(ownSession) ?? []);
    const nearest = own[placeOf(own, (event) => event.event_timestamp, at - day)];
    if (nearest !== undefined && nearest.event_timestamp <= at + day) {
      return { session_id: ownSession, credit_rule: 'a' };
    }
    const byOrder = newest(checkoutsByOrder.get(orderId), at);
    if (byOrder !== undefined) return { session_id: byOrder.session_id, credit_rule: 'b' };
    const checkout = user === null ? undefined : newest(checkoutsByUser.get(user), at);
    if (checkout !== undefined) return { session_id: checkout.session_id, credit_rule: 'c' };
    const view = user === null ? undefined : newest(viewsByUser.get(user), at);
    if (view !== undefined) return { session_id: view.session_id, credit_rule: 'd' };
    return { session_id: null, credit_rule: 'e' };
  };
}

const isPurchase = (event: BusinessEvent): boolean =>
  event.canonical_type === 'order_paid' ||
  (event.canonical_type === 'order_created' && event.payment_method === 'COD');

/** @param able web events that may give credit, of seeds and of others */
export function purchaseRows(
  orders: readonly OrderEvents[],
  able: readonly WebEvent[],
  days: Days,
): readonly PurchaseRow[] {
  const ofSeeds = creditsAmong(able.filter((event) => event.is_seed === 1));
  const ofOthers = creditsAmong(able.filter((event) => event.is_seed === 0));
  return orders.flatMap(({ orderId, events }): PurchaseRow[] => {
    const purchase = events.toSorted(byTime).find(isPurchase);
    if (purchase === undefined) return [];
    const money = purchase.amount !== null ? purchase : moneyEvent(events);
    const isSeed = events.some((event) => event.is_seed === 1);
    const user = purchase.user_id ?? earliestNamed(events, 'user_id');
    const ownSession = purchase.session_id ?? earliestNamed(events, 'session_id');
    const facts = { orderId, at: purchase.event_timestamp, user, ownSession };
    return [
      {
        order_id: orderId,
        event_timestamp: purchase.event_timestamp,
        event_date: days.dateOf(purchase.event_timestamp),
        user_id: user,
        total_amount: money?.amount ?? null,
        currency: money?.currency ?? 'LKR',
        ...(isSeed ? ofSeeds : ofOthers)(facts),
        is_seed: isSeed ? 1 : 0,
      },
    ];
  });
}
