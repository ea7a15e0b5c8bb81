import type { StoredEvent, Warehouse } from '../../sinks/warehouse.ts';
import type { FunnelFold } from './fold.ts';

/** What a rebuild reads. */
export type RebuildSource = Pick<
  Warehouse,
  'readWebEvents' | 'ordersWithPurchaseSince' | 'readOrderEvents' | 'countWebEvents'
>;

export interface RebuildOptions {
  /** ms; frozen for the whole rebuild */
  readonly now: number;
  /** web events of a higher ingest_seq are left to who follows the warehouse; undefined: there are none */
  readonly upTo?: number | undefined;
  /** Rows folded so far, of how many; after each page. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Orders asked for in one query. */
const ordersAtOnce = 1_000;

/**
 * Folds what the warehouse has of the horizon and the look-back before it (funnel.md, Live state) into a fresh
 * fold: page by page, and no order's events in memory but those of one query. Rejects as the warehouse does.
 */
export async function rebuildFold(
  fold: FunnelFold,
  warehouse: RebuildSource,
  { now, upTo, onProgress }: RebuildOptions,
): Promise<{ readonly webEvents: number; readonly orders: number }> {
  const from = fold.rebuildFrom(now);
  const context = { now, cause: 'rebuild' } as const;
  const total = await warehouse.countWebEvents(from);
  let done = 0;
  fold.apply([], context);
  onProgress?.(done, total);
  for await (const page of warehouse.readWebEvents(from, upTo)) {
    fold.apply(page, context);
    done += page.length;
    onProgress?.(done, Math.max(total, done));
  }
  const orders = await warehouse.ordersWithPurchaseSince(from);
  for (let first = 0; first < orders.length; first += ordersAtOnce) {
    await provideOrders(fold, warehouse, orders.slice(first, first + ordersAtOnce));
  }
  return { webEvents: done, orders: orders.length };
}

/** Reads all events of these orders in one query and tells them to the fold, those without any too. */
export async function provideOrders(
  fold: Pick<FunnelFold, 'provideOrder'>,
  warehouse: Pick<Warehouse, 'readOrderEvents'>,
  orderIds: readonly string[],
): Promise<void> {
  if (orderIds.length === 0) return;
  const byOrder = new Map<string, StoredEvent[]>(orderIds.map((id) => [id, []]));
  for (const event of await warehouse.readOrderEvents(orderIds)) {
    if (event.order_id !== null) byOrder.get(event.order_id)?.push(event);
  }
  for (const [id, events] of byOrder) fold.provideOrder(id, events);
}
