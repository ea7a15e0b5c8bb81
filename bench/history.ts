import { goldTables } from '../sinks/gold-tables.ts';
import { startHistoryDashboard } from '../test/support/history-dashboard.ts';
import { createPageBench } from '../test/support/live-page.ts';
import { shopMonth } from '../test/support/shop-month.ts';
import { type Bench, median } from './table.ts';

const until = Date.UTC(2026, 10, 24, 16, 16, 2);
const pages = ['executive', 'behavior', 'product', 'operations'] as const;

/** A year of seeded days: the slowest query of a page for 90 days and the 90 before, and how long each page is drawn. */
export const historyPages: Bench = {
  name: 'history pages',
  async run({ rounds, say }) {
    const bench = await createPageBench();
    const dashboard = await startHistoryDashboard(bench.webRoot);
    dashboard.report.now = until;
    try {
      say('  seeding a year');
      await dashboard.add(shopMonth({ seed: 3, until, days: 365, sessionsPerDay: 120, products: 60 }), until);
      const slowest: number[] = [];
      const bare: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const took: Record<string, number> = {};
        for (const table of Object.keys(goldTables)) {
          const began = performance.now();
          await (
            await fetch(`${dashboard.url}/api/gold/${table}?from=2026-05-29&to=2026-11-24&limit=10000`)
          ).text();
          took[table] = performance.now() - began;
        }
        const worst = Object.entries(took).sort(([, a], [, b]) => b - a)[0] ?? ['', 0];
        slowest.push(worst[1]);
        const began = performance.now();
        const sql = `SELECT * FROM gold.${worst[0]} WHERE metric_date >= DATE '2026-05-29'`;
        await dashboard.warehouse.query(sql, { maxRows: 10_000 });
        bare.push(performance.now() - began);
      }
      const details: Record<string, number> = {};
      for (const page of pages) {
        const opened = await bench.open(dashboard, { path: `${page}?days=90` });
        await opened.page.waitForSelector('body[data-drawn]');
        details[`draw ${page} ms`] = Math.round(
          await opened.page.evaluate<number>(`performance.getEntriesByName('draw')[0].duration`),
        );
        await opened.close();
      }
      const [ours, limit] = [median(slowest), median(bare)];
      return {
        name: 'history pages',
        what: 'slowest Gold table of a page over HTTP, 180 of 365 days',
        unit: 'ms',
        ours,
        limit,
        limitIs: 'the bare query',
        ratio: ours / limit,
        rounds,
        details,
      };
    } finally {
      await dashboard.close();
      await bench.close();
    }
  },
};
