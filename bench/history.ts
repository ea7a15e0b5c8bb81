import { startHistoryDashboard } from '../test/support/history-dashboard.ts';
import { createPageBench } from '../test/support/live-page.ts';
import { shopMonth } from '../test/support/shop-month.ts';
import { type Bench, median } from './table.ts';

const until = Date.UTC(2026, 10, 24, 16, 16, 2);
const pages = ['executive', 'behavior', 'product', 'operations'] as const;

/** What a page asks of Gold, as its browser asked it. */
const goldCalls =
  "performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.includes('/api/gold/'))";

/** A year of seeded days: the queries of each page for 90 days and the 90 before, and how long it is drawn. */
export const historyPages: Bench = {
  name: 'history pages',
  async run({ rounds, say }) {
    const bench = await createPageBench();
    const queries: number[] = [];
    const dashboard = await startHistoryDashboard(bench.webRoot, { onQuery: (ms) => queries.push(ms) });
    dashboard.report.now = until;
    try {
      say('  seeding a year');
      await dashboard.add(shopMonth({ seed: 3, until, days: 365, sessionsPerDay: 120, products: 60 }), until);
      const details: Record<string, number> = {};
      const calls = new Map<string, readonly string[]>();
      for (const page of pages) {
        const drawn: number[] = [];
        for (let round = 0; round < rounds; round += 1) {
          const opened = await bench.open(dashboard, { path: `${page}?days=90` });
          await opened.page.waitForSelector('body[data-drawn]');
          drawn.push(await opened.page.evaluate<number>(`performance.getEntriesByName('draw')[0].duration`));
          calls.set(page, await opened.page.evaluate<readonly string[]>(goldCalls));
          await opened.close();
        }
        details[`draw ${page} ms`] = Math.round(median(drawn));
      }
      /** the slowest of a page's queries, in the warehouse and with the way over HTTP */
      const inside = new Map<string, number[]>(pages.map((page) => [page, []]));
      const overHttp = new Map<string, number[]>(pages.map((page) => [page, []]));
      for (let round = 0; round < rounds; round += 1) {
        for (const [page, addresses] of calls) {
          const [asked, answered]: [number[], number[]] = [[], []];
          for (const address of addresses) {
            queries.length = 0;
            const began = performance.now();
            await (await fetch(address)).text();
            answered.push(performance.now() - began);
            asked.push(...queries);
          }
          inside.get(page)?.push(Math.max(...asked));
          overHttp.get(page)?.push(Math.max(...answered));
        }
      }
      for (const [page, times] of inside) details[`slowest query ${page} ms`] = round1(median(times));
      const worst = (times: ReadonlyMap<string, readonly number[]>): number =>
        Math.max(...[...times.values()].map((one) => median(one)));
      const [ours, limit] = [worst(overHttp), worst(inside)];
      return {
        name: 'history pages',
        what: 'slowest call of Gold of a page, 90 of 365 days and what they are compared with',
        unit: 'ms',
        ours,
        limit,
        limitIs: 'its query alone',
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

const round1 = (value: number): number => Math.round(value * 10) / 10;
