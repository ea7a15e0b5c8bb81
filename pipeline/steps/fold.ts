import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { MonoTypeOperatorFunction } from 'rxjs';
import { messageOf } from '../../ingest/errors.ts';
import type { StoredEvent, Warehouse } from '../../sinks/warehouse.ts';
import type { Resolution } from '../commit/committer.ts';
import { factOf } from '../facts.ts';
import type { FunnelFold } from '../funnel/fold.ts';
import { provideOrders } from '../funnel/rebuild.ts';
import { observe } from './observe.ts';

/** Every event that became durable, once, in commit order, into the live funnels (funnel.md). */
export function fold(
  funnels: Pick<FunnelFold, 'apply'>,
  orders: OrderLookUps,
  now: () => number,
  log: Logger,
): MonoTypeOperatorFunction<Resolution> {
  return observe('fold', log, function foldResolution({ stored }) {
    if (stored.length === 0) return;
    const facts: StoredEvent[] = [];
    let replayed: StoredEvent[] | undefined;
    for (const entry of stored) {
      const fact = factOf(entry);
      if (fact === undefined) continue;
      if (entry.member.delivery.via === 'replay') {
        replayed ??= [];
        replayed.push(fact);
      } else facts.push(fact);
    }
    if (facts.length > 0) funnels.apply(facts, { now: now(), cause: 'live' });
    if (replayed !== undefined) funnels.apply(replayed, { now: now(), cause: 'replay' });
    orders.fetch();
  });
}

export interface OrderLookUps {
  /** Reads what the fold has asked for, if anything; many orders in one query, one query at a time. */
  fetch(): void;
}

/** An order's first purchase event makes the fold ask for all that Bronze has of it, of any age. */
export function createOrderLookUps(options: {
  readonly funnels: Pick<FunnelFold, 'needsOrders' | 'provideOrder'>;
  readonly warehouse: Pick<Warehouse, 'readOrderEvents'>;
  readonly log: Logger;
}): OrderLookUps {
  const { funnels, warehouse, log } = options;
  let running = false;

  async function run(): Promise<void> {
    running = true;
    for (let wanted = funnels.needsOrders(); wanted.length > 0; wanted = funnels.needsOrders()) {
      try {
        await provideOrders(funnels, warehouse, wanted);
      } catch (error) {
        log.warn({ code: 'KADA_ORDER_LOOK_UP', orders: wanted.length }, `asked again: ${messageOf(error)}`);
        await delay(500);
      }
    }
    running = false;
  }

  return {
    fetch() {
      if (!running) void run();
    },
  };
}
