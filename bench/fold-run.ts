import { fileURLToPath } from 'node:url';
import { loadFunnels } from '../pipeline/funnel/definitions.ts';
import { createFunnelFold, type FunnelFold } from '../pipeline/funnel/fold.ts';
import { provideOrders } from '../pipeline/funnel/rebuild.ts';
import type { StoredEvent } from '../sinks/warehouse.ts';
import type { Shop } from './shop-events.ts';

const horizonHours = 24;
/** as many as a busy commit brings */
const batchSize = 1_000;

/** The fold with the standard funnels, as a process with default settings makes it. */
export async function newFold(maxSessions = 1_000_000): Promise<FunnelFold> {
  const file = fileURLToPath(new URL('../pipeline/funnels.json', import.meta.url));
  const funnels = await loadFunnels(file, { horizonHours });
  return createFunnelFold({ funnels, horizonHours, maxSessions, showSeeds: false });
}

export interface FoldTime {
  readonly ms: number;
  /** of all threads, the collector's too; on a machine that others use it says more than the clock */
  readonly cpuMs: number;
}

/**
 * Folds a shop's events as a running process does: batch by batch at the time of their arrival, and each new order
 * looked up. The time of the fold alone; the events are made outside the clocks.
 */
export async function foldShop(fold: FunnelFold, shop: Shop): Promise<FoldTime> {
  let ms = 0;
  let cpuMs = 0;
  for (const batch of shop.batches(batchSize)) {
    // each order has one event, and its look-up tells that one
    const orders = new Map(
      batch.filter(({ table }) => table === 'business_events').map((event) => [event.order_id, event]),
    );
    const warehouse = {
      readOrderEvents: async (ids: readonly string[]): Promise<readonly StoredEvent[]> =>
        ids.flatMap((id) => orders.get(id) ?? []),
    };
    const now = batch.at(-1)?.received_at ?? 0;
    const cpuBegan = process.cpuUsage();
    const began = performance.now();
    fold.apply(batch, { now, cause: 'live' });
    await provideOrders(fold, warehouse, fold.needsOrders());
    ms += performance.now() - began;
    const { user, system } = process.cpuUsage(cpuBegan);
    cpuMs += (user + system) / 1_000;
  }
  return { ms, cpuMs };
}
