import type { CohortMinute, OrdersInWindow, StepCounts } from '../../live-dashboard/frames.ts';
import type { FoldReader, FunnelDescription } from '../../pipeline/live/fold-reader.ts';

export const purchaseFunnel: FunnelDescription = {
  name: 'purchase',
  title: 'Purchase',
  windowSeconds: 3600,
  steps: [
    { label: 'View', rule: 'page_view', types: ['page_view'] },
    { label: 'Cart', rule: 'add_to_cart', types: ['add_to_cart'] },
    { label: 'Checkout', rule: 'begin_checkout', types: ['begin_checkout'] },
    { label: 'Purchase', rule: 'paid or COD', types: ['order_created', 'order_paid'] },
  ],
};

export const browseFunnel: FunnelDescription = {
  name: 'browse',
  title: 'Browse',
  windowSeconds: 3600,
  steps: [
    { label: 'Home', rule: 'page_view /', types: ['page_view'] },
    { label: 'Product', rule: 'page_view /products/*', types: ['page_view'] },
  ],
};

const nothing: StepCounts = {
  sessions: 0,
  stillInTime: 0,
  dropped: 0,
  medianSeconds: null,
  p90Seconds: null,
};

export interface ScriptedFold extends FoldReader {
  setCounts(funnel: string, minutes: number, counts: readonly StepCounts[]): void;
  setCohort(funnel: string, cohort: CohortMinute): void;
  setOrders(minutes: number, orders: OrdersInWindow): void;
  setEvicted(count: number): void;
  /** what `advance` does: time that passes is a change where the script says so */
  onAdvance(change: (now: number) => void): void;
}

/** A fold whose numbers a test says. Every `set` is one change. */
export function createScriptedFold(funnels: readonly FunnelDescription[]): ScriptedFold {
  const counts = new Map<string, readonly StepCounts[]>();
  const orders = new Map<number, OrdersInWindow>();
  const cohorts = new Map<string, { cohort: CohortMinute; version: number }>();
  let version = 0;
  let evicted = 0;
  let passing: (now: number) => void = () => undefined;

  return {
    advance: (now) => passing(now),
    windowCounts: (funnel, minutes) =>
      counts.get(`${funnel} ${minutes}`) ??
      (funnels.find((one) => one.name === funnel)?.steps ?? []).map(() => nothing),
    cohorts: (funnel, _now, since = -1) =>
      [...cohorts]
        .filter(([key, held]) => key.startsWith(`${funnel} `) && held.version > since)
        .map(([, held]) => held.cohort)
        .sort((a, b) => a.at - b.at),
    orders: (minutes) => orders.get(minutes) ?? { orders: 0, revenue: [], unattributed: 0 },
    version: () => version,
    evictedSessions: () => evicted,
    setCounts(funnel, minutes, next) {
      version++;
      counts.set(`${funnel} ${minutes}`, next);
    },
    setCohort(funnel, cohort) {
      version++;
      cohorts.set(`${funnel} ${cohort.at}`, { cohort, version });
    },
    setOrders(minutes, next) {
      version++;
      orders.set(minutes, next);
    },
    setEvicted(count) {
      evicted = count;
    },
    onAdvance(change) {
      passing = change;
    },
  };
}
