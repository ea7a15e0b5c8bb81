import { webTables } from '../../ingest/event.ts';
import { dateAt } from '../../sinks/materialise/slice.ts';
import { reportOffsets } from '../etl/report-offsets.ts';

/** A question whose answer is printed. */
export interface Listing {
  readonly title: string;
  readonly sql: string;
  readonly maxRows: number;
}

const newest = (title: string, columns: string, table: string, by: string, rows: number): Listing => ({
  title,
  sql: `SELECT ${columns} FROM ${table} AS t ORDER BY ${by} OFFSET 0 ROWS FETCH NEXT ${rows} ROWS ONLY`,
  maxRows: rows,
});

export const behaviorListings: readonly Listing[] = [
  newest('gold.behavior_daily, newest five', '*', 'gold.behavior_daily', 't.metric_date DESC', 5),
  newest('gold.funnel_daily, newest five', '*', 'gold.funnel_daily', 't.metric_date DESC', 5),
  newest('silver.web_events, newest five', '*', 'silver.web_events', 't.event_timestamp DESC', 5),
  newest('silver.purchases, newest five', '*', 'silver.purchases', 't.event_timestamp DESC', 5),
];

export const runListing: Listing = newest(
  'the last ten runs',
  't.run_id, t.run_type, t.status, t.started_at, t.finished_at, t.as_of, t.rows_inserted, t.error_message',
  'ops.etl_runs',
  't.started_at DESC',
  10,
);

const hour = 3_600_000;

/** Today's events of the web tables, real ones and seeds; today is a day of REPORT_TIMEZONE. */
export function todayListing(now: number, zone: string): Listing {
  const { date, from, to } = dayOf(now, zone);
  const literal = (ms: number): string => `CAST('${new Date(ms).toISOString().slice(0, 19)}' AS DATETIME)`;
  const ofTable = (table: string, place: number): string =>
    `SELECT ${place} AS place, '${table}' AS bronze_table, COUNT(*) AS events,
       COALESCE(SUM(CASE WHEN e.is_seed = 0 THEN 1 ELSE 0 END), 0) AS real_events,
       COALESCE(SUM(CASE WHEN e.is_seed = 1 THEN 1 ELSE 0 END), 0) AS seed_events
     FROM bronze.${table} AS e WHERE e.event_timestamp >= ${literal(from)} AND e.event_timestamp < ${literal(to)}`;
  return {
    title: `events of today (${date}, ${zone})`,
    sql: `SELECT t.bronze_table, t.events, t.real_events, t.seed_events
      FROM (${webTables.map(ofTable).join(' UNION ALL ')}) AS t ORDER BY t.place`,
    maxRows: webTables.length,
  };
}

/** The report's day of a moment: its date, its first second, and that of the next. */
export function dayOf(
  now: number,
  zone: string,
): { readonly date: string; readonly from: number; readonly to: number } {
  const offsets = reportOffsets(zone);
  const date = dateAt(now, offsets);
  // Dates ascend with time, so that halving finds where one begins.
  const firstWhere = (isThere: (date: string) => boolean, low: number, high: number): number => {
    let [before, after] = [Math.floor(low / 1000), Math.ceil(high / 1000)];
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (isThere(dateAt(middle * 1000, offsets))) after = middle;
      else before = middle;
    }
    return after * 1000;
  };
  return {
    date,
    from: firstWhere((found) => found >= date, now - 30 * hour, now),
    to: firstWhere((found) => found > date, now, now + 30 * hour),
  };
}
