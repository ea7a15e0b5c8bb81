import type { OrdersInWindow } from '../../live-dashboard/frames.ts';
import type { Changes } from './changes.ts';
import { minuteOf } from './minutes.ts';
import type { PurchaseFacts } from './purchase-of-order.ts';

interface Minute {
  orders: number;
  unattributed: number;
  /** currency → hundredths and how many purchases have an amount in it */
  readonly revenue: Map<string, { amount: number; orders: number }>;
}

/** Purchases by the minute of their event time over the horizon (funnel.md 10). */
export interface OrderMinutes {
  count(purchase: PurchaseFacts, by: 1 | -1): void;
  countUnattributed(purchase: PurchaseFacts, by: 1 | -1): void;
  dropBefore(horizonStart: number): void;
  /** Purchases at or after `from`, a whole minute. */
  since(from: number): OrdersInWindow;
}

export function createOrderMinutes(changes: Changes): OrderMinutes {
  const minutes = new Map<number, Minute>();
  let horizonStart = Number.NEGATIVE_INFINITY;

  return { count, countUnattributed, dropBefore, since };

  function minuteFor(purchase: PurchaseFacts): Minute | undefined {
    const at = minuteOf(purchase.at);
    if (at < horizonStart) return undefined;
    let minute = minutes.get(at);
    if (minute === undefined) {
      minute = { orders: 0, unattributed: 0, revenue: new Map() };
      minutes.set(at, minute);
    }
    changes.touch();
    return minute;
  }

  function count(purchase: PurchaseFacts, by: 1 | -1): void {
    const minute = minuteFor(purchase);
    if (minute === undefined) return;
    minute.orders += by;
    if (purchase.amount === null) return;
    const sum = minute.revenue.get(purchase.currency) ?? { amount: 0, orders: 0 };
    sum.amount += by * purchase.amount;
    sum.orders += by;
    if (sum.orders === 0) minute.revenue.delete(purchase.currency);
    else minute.revenue.set(purchase.currency, sum);
  }

  function countUnattributed(purchase: PurchaseFacts, by: 1 | -1): void {
    const minute = minuteFor(purchase);
    if (minute !== undefined) minute.unattributed += by;
  }

  function dropBefore(start: number): void {
    if (start === horizonStart) return;
    horizonStart = start;
    for (const at of minutes.keys()) if (at < start) minutes.delete(at);
  }

  function since(from: number): OrdersInWindow {
    let orders = 0;
    let unattributed = 0;
    const revenue = new Map<string, number>();
    for (const [at, minute] of minutes) {
      if (at < from) continue;
      orders += minute.orders;
      unattributed += minute.unattributed;
      for (const [currency, sum] of minute.revenue) {
        revenue.set(currency, (revenue.get(currency) ?? 0) + sum.amount);
      }
    }
    const money = [...revenue].map(([currency, amount]) => ({ currency, amount }));
    return {
      orders,
      revenue: money.sort((a, b) => (a.currency < b.currency ? -1 : 1)),
      unattributed,
    };
  }
}
