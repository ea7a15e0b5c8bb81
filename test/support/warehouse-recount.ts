import { type Bronze, groupBy } from './recount-bronze.ts';
import { purchaseRows } from './recount-credit.ts';
import { createDays } from './recount-days.ts';
import { entriesOf, type Funnel, type FunnelEntry, funnelRows } from './recount-funnel.ts';
import { healthRows } from './recount-gold-health.ts';
import { ordersDayRows, productRows, reviewsDayRows } from './recount-gold-shop.ts';
import { behaviorRows, funnelDayRows, pageRows } from './recount-gold-web.ts';
import { orderItemRows, orderRow, ordersOf, paymentRow } from './recount-orders.ts';
import { reviewRows } from './recount-reviews.ts';
import { ownRows, type PlainRow } from './recount-rows.ts';
import {
  isDerived,
  sessionProductRows,
  sessionRows,
  sessionsOf,
  silverWebEvents,
  webEventRows,
} from './recount-sessions.ts';
import type { TableName } from './recount-tables.ts';

/*
 * Silver and Gold told a second time, from Bronze and the text of the documents alone (warehouse.md, funnel.md,
 * events.md): no SQL, no state between runs, no code of the product but the types of its rows.
 *
 * Where the text leaves something open, this is how it was read:
 *
 * Sessions
 *  1. A blank session id is NULL or blanks. One that was given and begins with `derived:` counts as derived.
 *  2. silver.web_events holds bots; sessions and session_products are made of people's events alone.
 *  3. Counts go by canonical type, whatever the table: a click that says add_to_cart is one.
 *  4. session_products has a row for each product that any event of the session names; every such event moves
 *     first_seen and last_seen.
 *  5. entry_page, exit_page and utm are those of the first and last page view; without one they are NULL.
 * Orders
 *  6. An order is a row when an event of an order, payment or refund type names it. Its events are then all
 *     business events that name it, as in the live view (a review's and `other` ones too).
 *  7. user_id and payment_method: the earliest that its events name. paid_at, cancelled_at: the first such event.
 *  8. status begins at created, also of an order whose order_created never came; of order_status events only
 *     those say something that are not ready_for_vendor and whose status is PROCESSING, SHIPPED or DELIVERED.
 *  9. amount: within order_created, and within order_paid, the earliest that has one.
 * 10. "Raw event type" is event_type as stored. A refund in another currency is not subtracted even when it has no
 *     amount. `refunded` asks for a refund in the order's currency and a greatest sum of at least the amount
 *     (so an order of 0 that was refunded is).
 * 11. Items: of any event that names the order; newest by (event time, event_id).
 * 12. payments: status and occurred_at of the newest event of the highest rank. amount and currency of one event:
 *     the first order_paid that has an amount, else the newest payment_failed that has one, else the newest open
 *     one that has one. provider: the newest that a payment event names.
 * 13. purchases.currency is that of the event that gave the amount; it may differ from the order's.
 * Reviews
 * 14. product_id and user_id: the earliest named. rating: the newest that a created or updated event names.
 *     is_restored: not deleted now, and some deletion is known.
 * 15. A review is a seed when any of its events is, though silver.reviews has no such column.
 * Gold
 * 16. Seeds: web events by their own mark (as live); entries, exits and bounces by silver.sessions' mark; orders,
 *     purchases and reviews by their row's.
 * 17. A row stands where something of it is not zero: behavior_daily with a web event (bots' too) or a purchase,
 *     funnel_daily with an entry or an unattributed purchase, conversion_funnel with an entry (then all steps),
 *     product_daily with a view, click, cart, sold line or review, system_health_daily with a Bronze row that is
 *     no seed, a counted request or a dead letter.
 * 18. unique_users: users that people's web events of the date name. Purchases name none.
 * 19. funnel_daily takes the first four steps of `purchase` by their place. funnel_step is the step's label.
 * 20. page_performance: avg_scroll_depth is the mean over scroll events of that page and date; the previous page
 *     is the session's page view before, of any age, among events that count; derived sessions count.
 * 21. product_daily: money stands under the purchase's currency; rates are of the row's own counts, so NULL where
 *     another currency's row has no views or carts; view_to_cart_rate is capped too; deleted reviews are left out;
 *     a line without any price is 0; "cancelled" is ever cancelled.
 * 22. orders_payments_daily: cod_orders by the order's payment_method; "tried online" has a payment_pending,
 *     payment_failed, order_paid or refunded event; refunds_count counts orders with a refund event in any
 *     currency; refunded_amount is of all orders, cancelled ones too; revenue is of silver.orders' amounts.
 * 23. system_health_daily: lag leaves seeds out even when they are shown, requests only when they are not; every
 *     dead letter counts once, whatever its status; a service that is called as a source shares its row.
 * 24. The views gold.product_metrics and gold.realtime_metrics are not recounted.
 * 25. Means and percentiles are told with 6 decimals.
 */

export interface RecountOptions {
  readonly funnels: readonly Funnel[];
  /** ms */
  readonly asOf: number;
  /** IANA name */
  readonly timeZone: string;
  readonly showSeeds?: boolean;
}

export type RecountedTables = Readonly<Record<TableName, readonly PlainRow[]>>;

export interface WarehouseRecount {
  readonly tables: RecountedTables;
  /** of all history, by funnel name */
  readonly entries: ReadonlyMap<string, readonly FunnelEntry[]>;
}

export function recountWarehouse(bronze: Bronze, options: RecountOptions): WarehouseRecount {
  const { funnels, asOf, timeZone, showSeeds = false } = options;
  const days = createDays(timeZone);
  const counts = (row: { readonly is_seed: 0 | 1 }): boolean => showSeeds || row.is_seed === 0;

  const silver = silverWebEvents(bronze.web, days);
  const people = silver.filter(({ event }) => event.is_bot === 0);
  const orders = ordersOf(bronze.business);
  const able = people.filter(({ session_id }) => !isDerived(session_id)).map(({ event }) => event);
  const purchases = purchaseRows(orders, able, days);
  const sessionEvents = sessionsOf(silver);
  const sessions = sessionRows(sessionEvents, purchases);
  const itemsOfEvents = groupBy(bronze.items, ({ event_id }) => event_id);
  const toldOrders = orders.map((order) => {
    const items = orderItemRows(order, itemsOfEvents);
    return { ...order, items, row: orderRow(order, items), payment: paymentRow(order) };
  });
  const reviews = reviewRows(bronze.business);

  const goldEvents = silver.filter(({ event }) => counts(event));
  const goldPeople = people.filter(({ event }) => counts(event));
  const goldPurchases = purchases.filter(counts);
  const goldReviews = reviews.filter(({ isSeed }) => showSeeds || !isSeed);
  const entries = new Map(
    funnels.map((funnel) => [funnel.name, entriesOf(funnel, goldPeople, goldPurchases)]),
  );
  const purchaseFunnel = funnels.find(({ name }) => name === 'purchase');
  if (purchaseFunnel === undefined) throw new Error('no funnel is called purchase');

  const rows: Record<TableName, Iterable<object>> = {
    'silver.web_events': webEventRows(silver),
    'silver.sessions': sessions,
    'silver.session_products': sessionProductRows(sessionEvents),
    'silver.orders': toldOrders.map(({ row }) => row),
    'silver.order_items': toldOrders.flatMap(({ items }) => items),
    'silver.payments': toldOrders.flatMap(({ payment }) => (payment === null ? [] : [payment])),
    'silver.purchases': purchases,
    'silver.reviews': reviews,
    'gold.behavior_daily': behaviorRows(goldEvents, goldPurchases),
    'gold.funnel_daily': funnelDayRows(
      purchaseFunnel,
      entries.get('purchase') ?? [],
      goldPurchases,
      days,
      asOf,
    ),
    'gold.conversion_funnel': funnels.flatMap((funnel) =>
      funnelRows(funnel, entries.get(funnel.name) ?? [], days, asOf),
    ),
    'gold.product_daily': productRows(
      goldPeople,
      goldPurchases,
      new Map(toldOrders.map(({ orderId, row }) => [orderId, row])),
      new Map(toldOrders.map(({ orderId, items }) => [orderId, items])),
      goldReviews,
      days,
    ),
    'gold.page_performance': pageRows(goldPeople, sessions.filter(counts), days),
    'gold.orders_payments_daily': ordersDayRows(
      toldOrders.filter(({ row }) => counts(row)),
      goldPurchases,
      days,
    ),
    'gold.reviews_quality': reviewsDayRows(goldReviews, days),
    'gold.system_health_daily': healthRows(bronze, showSeeds, days),
  };
  return {
    tables: Object.fromEntries(
      Object.entries(rows).map(([table, own]) => [table, ownRows(table as TableName, own)]),
    ) as RecountedTables,
    entries,
  };
}
