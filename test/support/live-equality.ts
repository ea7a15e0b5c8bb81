import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { SnapshotFrame } from '../../live-dashboard/frames.ts';
import { eventually } from './eventually.ts';
import type { PipelineProcess } from './pipeline-process.ts';
import { type RecountEvent, type RecountFunnel, recount } from './recount.ts';

const noText = 'CAST(NULL AS VARCHAR(64))';
const webTables = {
  page_view_events: noText,
  click_events: noText,
  cart_events: noText,
  checkout_events: 'order_id',
  scroll_events: noText,
  form_events: noText,
  search_events: noText,
} as const;

// Read by every engine; times come as ISO text.
const common = 'event_id, event_timestamp, session_id, user_id, canonical_type, is_bot, is_seed';
const everyEvent = [
  ...Object.entries(webTables).map(
    ([
      table,
      order,
    ]) => `SELECT '${table}', ${common}, page_path, ${order}, CAST(NULL AS BIGINT), ${noText}, ${noText}
      FROM bronze.${table}`,
  ),
  `SELECT 'business_events', ${common}, ${noText}, order_id, CAST(amount * 100 AS BIGINT), currency, payment_method
   FROM bronze.business_events`,
].join(' UNION ALL ');

const names =
  'web_table, id, happened, session, person, type, bot, seed, path, order_id, cents, currency, method';
/** in one answer of a running process */
const pageRows = 5_000;

/** While nothing comes in the rows stand still, and so do the pages. */
async function readEvents(sql: PipelineProcess['sql']): ReturnType<PipelineProcess['sql']> {
  const rows: (typeof page)[number][] = [];
  let page: Awaited<ReturnType<typeof sql>>;
  do {
    page = await sql(
      `SELECT * FROM (${everyEvent}) AS e (${names}) ORDER BY happened, id OFFSET ${rows.length} ROWS FETCH NEXT ${pageRows} ROWS ONLY`,
    );
    rows.push(...page);
  } while (page.length === pageRows);
  return rows;
}

const text = (value: unknown): string | null => (value === null ? null : String(value));

/**
 * While nothing comes in: what the page shows is what a plain recount of Bronze counts at the same moment. What was
 * committed last may still wait for a look-up of its order.
 */
export const expectLiveEqualsRecount = (running: PipelineProcess): Promise<void> =>
  expectPageEqualsRecount(running.dashboardUrl, running.sql);

/** The same of a page whose warehouse is asked apart from it. */
export const expectPageEqualsRecount = (dashboardUrl: string, sql: PipelineProcess['sql']): Promise<void> =>
  eventually(() => compare(dashboardUrl, sql), { timeoutMs: 60_000, everyMs: 250 });

async function compare(dashboardUrl: string, sql: PipelineProcess['sql']): Promise<void> {
  const live = (await (await fetch(`${dashboardUrl}/api/live`)).json()) as SnapshotFrame;
  expect(live.kind).toBe('snapshot');
  const events = (await readEvents(sql)).map(
    ([
      table,
      id,
      at,
      session,
      user,
      type,
      bot,
      seed,
      path,
      order,
      amount,
      currency,
      method,
    ]): RecountEvent => ({
      table: String(table),
      event_id: String(id),
      event_timestamp: Date.parse(String(at)),
      session_id: text(session),
      user_id: text(user),
      canonical_type: String(type),
      is_bot: Number(bot),
      is_seed: Number(seed),
      page_path: text(path),
      order_id: text(order),
      amount: amount === null ? null : Number(amount),
      currency: text(currency),
      payment_method: text(method),
    }),
  );
  const counted = recount(events, await readFunnels(), live.now, 24);
  for (const funnel of live.funnels) {
    expect(
      funnel.cohorts
        .filter(({ reached }) => reached[0] !== 0)
        .map(({ at, reached, stillInTime }) => ({ at, reached, stillInTime })),
      funnel.name,
    ).toEqual(counted.cohorts[funnel.name]);
    for (const [window, minutes] of [
      ['15m', 15],
      ['1h', 60],
      ['24h', 1_440],
    ] as const) {
      const counts = counted.windowCounts(funnel.name, minutes);
      expect(
        funnel.windows[window].map(({ sessions, stillInTime, dropped }) => [sessions, stillInTime, dropped]),
        `${funnel.name} ${window}`,
      ).toEqual(counts.map(({ sessions, stillInTime, dropped }) => [sessions, stillInTime, dropped]));
      expect(live.orders[window], window).toEqual(counted.orders(minutes));
    }
  }
}

async function readFunnels(): Promise<readonly RecountFunnel[]> {
  const file = join(import.meta.dirname, '../../pipeline/funnels.json');
  const parsed = JSON.parse(await readFile(file, 'utf8')) as readonly {
    readonly name: string;
    readonly windowSeconds: number;
    readonly steps: readonly { readonly type: string; readonly pagePath?: string }[];
  }[];
  return parsed.map(({ name, windowSeconds, steps }) => ({
    name,
    windowSeconds,
    steps: steps.map(({ type, pagePath }) => ({ type, pagePath: pagePath ?? null })),
  }));
}
