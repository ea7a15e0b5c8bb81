import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { NEVER } from 'rxjs';
import { createDashboard, type DashboardOptions } from '../../live-dashboard/server/dashboard.ts';
import { etlDefinitions } from '../../pipeline/etl/definitions.ts';
import { openDuckDbWarehouse } from '../../sinks/duckdb/open.ts';
import type { EtlRun } from '../../sinks/materialise/plan.ts';
import type { Warehouse } from '../../sinks/warehouse.ts';
import { batchOf } from './bronze-rows.ts';
import { emptySnapshot } from './frames.ts';
import { browseFunnel, purchaseFunnel } from './scripted-fold.ts';
import type { ShopMonth } from './shop-month.ts';
import { wholeCycle } from './whole-cycle.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const purchase = [
  { label: 'View', type: 'page_view', pagePath: null },
  { label: 'Cart', type: 'add_to_cart', pagePath: null },
  { label: 'Checkout', type: 'begin_checkout', pagePath: null },
  { label: 'Purchase', type: 'purchase', pagePath: null },
] as const;
const browse = [
  { label: 'Home', type: 'page_view', pagePath: '/' },
  { label: 'Product', type: 'page_view', pagePath: '/products/*' },
  { label: 'Cart', type: 'add_to_cart', pagePath: null },
] as const;
/** The funnels that Gold of a history dashboard is made by. */
export const historyFunnels = [
  { name: purchaseFunnel.name, title: 'Purchase', windowSeconds: 3_600, steps: purchase },
  { name: browseFunnel.name, title: 'Browse', windowSeconds: 3_600, steps: browse },
] as const;

export interface HistoryDashboard {
  readonly url: string;
  readonly warehouse: Warehouse;
  /** what /api/runs tells of the next cycle; ms */
  readonly report: { nextCycleAt: number | null; now?: number };
  /** what every read answers from now on; undefined: the warehouse itself */
  failReads(fail: boolean): void;
  /** Commits, and makes Silver and Gold as of a moment. */
  add(month: ShopMonth, asOf: number): Promise<void>;
  recordRun(run: Partial<EtlRun> & { readonly startedAt: number }): Promise<void>;
  close(): Promise<void>;
}

/** A dashboard over a real warehouse whose Gold is made by the product's own cycles. */
export async function startHistoryDashboard(
  webRoot: string | undefined,
  {
    timeZone = 'UTC',
    options = {},
    onQuery = () => undefined,
  }: {
    readonly timeZone?: string;
    readonly options?: Partial<DashboardOptions>;
    /** how long the warehouse took for a read, ms */
    readonly onQuery?: (ms: number) => void;
  } = {},
): Promise<HistoryDashboard> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kada-history-'));
  const warehouse = await openDuckDbWarehouse({ dataDir, log: quiet });
  const report: HistoryDashboard['report'] = { nextCycleAt: null };
  let failing = false;
  let seq = 0;
  let runs = 0;
  const dashboard = createDashboard({
    host: '127.0.0.1',
    port: 0,
    allowedHosts: [],
    token: undefined,
    wsMaxClients: 5,
    snapshot: () => emptySnapshot({ seq: 1 }),
    frames$: NEVER,
    readiness: () => ({ ready: true, degraded: false, missing: [] }),
    history: () => ({
      query: async (sql, limits) => {
        if (failing) throw new Error('the store is away');
        const began = performance.now();
        const result = await warehouse.query(sql, limits);
        onQuery(performance.now() - began);
        return result;
      },
      beginCycle: undefined,
      report: { timeZone, showSeeds: false, funnels: historyFunnels, ...report },
    }),
    adminKey: undefined,
    metrics: async () => '',
    webRoot,
    roles: 'full',
    log: pino({ level: 'silent' }),
    ...options,
  });
  const { url } = await dashboard.listen();

  async function add({ events, letters }: ShopMonth, asOf: number): Promise<void> {
    for (let from = 0; from < events.length; from += 2_000) {
      const some = events.slice(from, from + 2_000);
      const result = await warehouse.commit(batchOf(some, seq + 1));
      if (result.kind !== 'committed') throw new Error(result.message);
      seq += some.length;
    }
    for (const { letter, at } of letters) {
      const result = await warehouse.commit(batchOf([], seq + 1, { deadLetters: [letter], at }));
      if (result.kind !== 'committed') throw new Error(result.message);
    }
    const plan = {
      ...wholeCycle,
      asOf,
      definitions: etlDefinitions(historyFunnels, timeZone, false),
      visibleSeq: seq,
    };
    // events that have just come make a cycle take fewer at a time
    while ((await warehouse.materialise(plan)).more);
  }

  return {
    url,
    warehouse,
    report,
    failReads(fail) {
      failing = fail;
    },
    add,
    async recordRun(run) {
      runs += 1;
      await warehouse.recordRun({
        runId: `00000000-0000-4000-8000-${String(runs).padStart(12, '0')}`,
        runType: 'incremental',
        finishedAt: run.startedAt + 2_100,
        asOf: run.startedAt,
        status: 'success',
        rowsInserted: 1_482,
        errorMessage: null,
        ...run,
      });
    },
    async close() {
      await dashboard.close();
      await warehouse.close();
      await rm(dataDir, { recursive: true });
    },
  };
}
