import { randomUUID } from 'node:crypto';
import pino from 'pino';
import type { AnalyticsEvent, WebTable } from '../ingest/event.ts';
import { openDuckDbWarehouse } from '../sinks/duckdb/open.ts';
import type { StoredEvent } from '../sinks/warehouse.ts';
import { businessEvent, businessRow, webEvent, webRow } from '../test/support/bronze-rows.ts';
import { runToEnd } from './child.ts';
import { inFolder } from './folder.ts';
import { createShop } from './shop-events.ts';
import { alone, type Bench } from './table.ts';

/** about a million web events */
const sessions = 155_000;
const to = Date.UTC(2026, 5, 15, 12);

/** Each round in a process of its own: a rebuild happens once, and cold. */
export const rebuild: Bench = {
  name: 'rebuild',
  run: (options) =>
    inFolder(async (folder) => {
      await fill(folder);
      const measured = await alone(options, async () => {
        const [webEvents = 0, ms = 0, cpuMs = 0] = (await runToEnd('rebuild-child.ts', [folder, String(to)]))
          .split(' ')
          .map(Number);
        const millions = webEvents / 1e6;
        return {
          ours: ms / 1_000 / millions,
          details: {
            'events/s': webEvents / (ms / 1_000),
            'CPU seconds of all threads': cpuMs / 1_000 / millions,
          },
        };
      });
      return {
        name: 'rebuild',
        what: 'the fold rebuilt from a DuckDB file at start, with its orders',
        unit: 's per million web events',
        ...measured,
      };
    }),
};

async function fill(dataDir: string): Promise<void> {
  const warehouse = await openDuckDbWarehouse({ dataDir, log: pino({ level: 'silent' }) });
  const shop = createShop({ sessions, from: to - 12 * 3_600_000, to: to - 600_000 });
  for (const batch of shop.batches(2_000)) {
    const events = batch.map((event) => ({ event: analyticsEvent(event), ingestSeq: event.ingest_seq }));
    const result = await warehouse.commit({
      id: randomUUID(),
      events,
      deadLetters: [],
      seenAgain: [],
      at: to,
    });
    if (result.kind !== 'committed') throw new Error(result.message);
  }
  await warehouse.close();
}

function analyticsEvent({ table, ingest_seq: _, page_path, ...event }: StoredEvent): AnalyticsEvent {
  const { amount, currency, payment_method, order_id, product_id, ...common } = event;
  if (table !== 'business_events') {
    return webEvent(webRow({ ...common, page_path, order_id, product_id }), table as WebTable);
  }
  return businessEvent(
    businessRow({
      ...common,
      amount,
      currency,
      payment_method,
      order_id,
      product_id,
      event_type: 'order.paid',
    }),
  );
}
