import type { ItemRow } from '../../ingest/event.ts';
import { type BusinessEvent, byTime, groupBy } from './recount-bronze.ts';

/** What the events of one order say together (warehouse.md, silver.orders, order_items and payments). */

export interface OrderRow {
  readonly order_id: string;
  readonly user_id: string | null;
  readonly created_at: number;
  readonly status: string;
  readonly currency: string;
  /** hundredths */
  readonly total_amount: number | null;
  readonly refunded_amount: number;
  readonly payment_method: string | null;
  readonly paid_at: number | null;
  readonly cancelled_at: number | null;
  readonly updated_at: number;
  readonly has_items: 0 | 1;
  readonly is_seed: 0 | 1;
}

export interface OrderItemRow {
  readonly order_id: string;
  readonly line_number: number;
  readonly product_id: string | null;
  readonly quantity: number;
  readonly unit_price: number | null;
  readonly line_total: number | null;
}

export interface PaymentRow {
  readonly order_id: string;
  readonly user_id: string | null;
  readonly status: string;
  readonly amount: number | null;
  readonly currency: string;
  readonly provider: string | null;
  readonly attempts: number;
  readonly occurred_at: number;
}

/** All events that name one order, in order of time. */
export interface OrderEvents {
  readonly orderId: string;
  readonly events: readonly BusinessEvent[];
}

const orderTypes: readonly string[] = [
  'order_created',
  'order_cancelled',
  'order_status',
  'order_paid',
  'payment_pending',
  'payment_not_required',
  'payment_failed',
  'refunded',
];

export function ordersOf(business: readonly BusinessEvent[]): readonly OrderEvents[] {
  return [...groupBy(business, (event) => event.order_id)]
    .filter(([, events]) => events.some((event) => orderTypes.includes(event.canonical_type)))
    .map(([orderId, events]) => ({ orderId, events: events.toSorted(byTime) }));
}

export const ofTypes = (events: readonly BusinessEvent[], ...types: readonly string[]): BusinessEvent[] =>
  events.filter((event) => types.includes(event.canonical_type));

export function earliestNamed<K extends keyof BusinessEvent>(
  events: readonly BusinessEvent[],
  column: K,
): BusinessEvent[K] | null {
  return events.find((event) => event[column] !== null)?.[column] ?? null;
}

const priced = (event: BusinessEvent): boolean => event.amount !== null;

/** "amount and currency of one event": order_created, else order_paid, else the earliest open or failed payment. */
export const moneyEvent = (events: readonly BusinessEvent[]): BusinessEvent | undefined =>
  ofTypes(events, 'order_created').find(priced) ??
  ofTypes(events, 'order_paid').find(priced) ??
  ofTypes(events, 'payment_pending', 'payment_not_required', 'payment_failed').find(priced);

/** The greatest sum of one raw event type, at most the amount; undefined: nothing of it was subtracted. */
function refundedOf(events: readonly BusinessEvent[], amount: number, currency: string): number | undefined {
  const counted = ofTypes(events, 'refunded').filter((event) => (event.currency ?? currency) === currency);
  const sums = [...groupBy(counted, (event) => event.event_type).values()].map((told) =>
    told.reduce((sum, event) => sum + (event.amount ?? amount), 0),
  );
  return sums.length === 0 ? undefined : Math.min(amount, Math.max(...sums));
}

const ranks = ['created', 'paid', 'processing', 'shipped', 'delivered', 'cancelled', 'refunded'];
const vendorStatuses = ['PROCESSING', 'SHIPPED', 'DELIVERED'];
const readyTypes = ['order.ready_for_vendor', 'order_ready_for_vendor'];

function statusSaid(event: BusinessEvent): string {
  if (event.canonical_type === 'order_paid') return 'paid';
  if (event.canonical_type === 'order_cancelled') return 'cancelled';
  if (event.canonical_type !== 'order_status') return 'created';
  if (readyTypes.includes(event.event_type.toLowerCase())) return 'created';
  if (event.status === null || !vendorStatuses.includes(event.status)) return 'created';
  return event.status.toLowerCase();
}

export function orderRow({ orderId, events }: OrderEvents, lines: readonly OrderItemRow[]): OrderRow {
  const money = moneyEvent(events);
  const amount = money?.amount ?? null;
  const currency = money?.currency ?? 'LKR';
  const refunded = amount === null ? undefined : refundedOf(events, amount, currency);
  const statuses = events.map(statusSaid);
  if (refunded !== undefined && refunded === amount) statuses.push('refunded');
  const furthest = Math.max(...statuses.map((status) => ranks.indexOf(status)));
  return {
    order_id: orderId,
    user_id: earliestNamed(events, 'user_id'),
    created_at: (ofTypes(events, 'order_created')[0] ?? (events[0] as BusinessEvent)).event_timestamp,
    status: ranks[furthest] as string,
    currency,
    total_amount: amount,
    refunded_amount: refunded ?? 0,
    payment_method: earliestNamed(events, 'payment_method'),
    paid_at: ofTypes(events, 'order_paid')[0]?.event_timestamp ?? null,
    cancelled_at: ofTypes(events, 'order_cancelled')[0]?.event_timestamp ?? null,
    updated_at: (events.at(-1) as BusinessEvent).event_timestamp,
    has_items: lines.length > 0 ? 1 : 0,
    is_seed: events.some((event) => event.is_seed === 1) ? 1 : 0,
  };
}

/** Of the newest event with items; a cancellation's or refund's items count only when no other event has any. */
export function orderItemRows(
  { orderId, events }: OrderEvents,
  itemsOf: ReadonlyMap<string, readonly ItemRow[]>,
): readonly OrderItemRow[] {
  const withItems = events.filter((event) => itemsOf.has(event.event_id));
  const isUndoing = (event: BusinessEvent): boolean =>
    event.canonical_type === 'order_cancelled' || event.canonical_type === 'refunded';
  const told = withItems.filter((event) => !isUndoing(event)).at(-1) ?? withItems.at(-1);
  if (told === undefined) return [];
  return (itemsOf.get(told.event_id) ?? []).map((item) => ({
    order_id: orderId,
    line_number: item.line_number,
    product_id: item.product_id,
    quantity: item.quantity ?? 1,
    unit_price: item.unit_price,
    line_total: item.line_total,
  }));
}

const paymentRanks: Readonly<Record<string, number>> = {
  payment_pending: 1,
  payment_not_required: 1,
  payment_failed: 2,
  order_paid: 3,
  refunded: 4,
};
const paymentStatuses: Readonly<Record<string, string>> = {
  payment_pending: 'pending',
  payment_not_required: 'not_required',
  payment_failed: 'failed',
  order_paid: 'succeeded',
  refunded: 'refunded',
};

/** null: no event of the order speaks of a payment. */
export function paymentRow({ orderId, events }: OrderEvents): PaymentRow | null {
  const own = ofTypes(events, ...Object.keys(paymentRanks));
  const rankOf = (event: BusinessEvent): number => paymentRanks[event.canonical_type] ?? 0;
  const highest = Math.max(...own.map(rankOf));
  const latest = own.filter((event) => rankOf(event) === highest).at(-1);
  if (latest === undefined) return null;
  const failed = ofTypes(own, 'payment_failed');
  const paid = ofTypes(own, 'order_paid');
  const open = ofTypes(own, 'payment_pending', 'payment_not_required');
  const money = paid.find(priced) ?? failed.findLast(priced) ?? open.findLast(priced);
  return {
    order_id: orderId,
    user_id: earliestNamed(own, 'user_id'),
    status: paymentStatuses[latest.canonical_type] as string,
    amount: money?.amount ?? null,
    currency: money?.currency ?? 'LKR',
    provider: own.findLast((event) => event.provider !== null)?.provider ?? null,
    attempts: failed.length + (paid.length > 0 ? 1 : 0),
    occurred_at: latest.event_timestamp,
  };
}
