import type { QueryResult } from '../../sinks/warehouse.ts';

/** By what the pages of history read Gold: settings, not rows. */
export interface ReportSettings {
  /** REPORT_TIMEZONE, an IANA name */
  readonly timeZone: string;
  readonly showSeeds: boolean;
  readonly funnels: readonly {
    readonly name: string;
    readonly title: string;
    readonly windowSeconds: number;
  }[];
  /** ms: when the next cycle of this process is due; null: it runs none by itself */
  readonly nextCycleAt: number | null;
  /** ms; left out: the clock's */
  readonly now?: number;
}

const unset: ReportSettings = { timeZone: 'UTC', showSeeds: false, funnels: [], nextCycleAt: null };

/** How far Gold is, and the first day that it has anything of. */
export const goldStateQuery =
  'SELECT s.gold_as_of, (SELECT MIN(b.metric_date) FROM gold.behavior_daily AS b) AS first_web, ' +
  '(SELECT MIN(p.metric_date) FROM gold.orders_payments_daily AS p) AS first_order FROM ops.etl_state AS s';

/**
 * What /api/runs tells beside the runs: the clock, how far Gold is and on which day of the report's zone that was,
 * and when the next cycle is due. The day of `gold_as_of` is the one that is still running: what Gold says of it is
 * so far. Nulls: no cycle was complete yet.
 */
export function reportFacts(state: QueryResult, settings: ReportSettings = unset) {
  const { now = Date.now() } = settings;
  const [row] = state.rows;
  const [asOf, firstWeb, firstOrder] = row ?? [];
  const goldAsOf = typeof asOf === 'string' ? asOf : null;
  const firstDays = [firstWeb, firstOrder].filter((one) => typeof one === 'string').sort();
  return {
    now: new Date(now).toISOString(),
    day: dayIn(settings.timeZone, now),
    next_at: settings.nextCycleAt === null ? null : new Date(settings.nextCycleAt).toISOString(),
    gold_as_of: goldAsOf,
    gold_day: goldAsOf === null ? null : dayIn(settings.timeZone, Date.parse(goldAsOf)),
    first_day: firstDays[0] ?? null,
    report: {
      time_zone: settings.timeZone,
      seeds: settings.showSeeds,
      funnels: settings.funnels.map(({ name, title, windowSeconds }) => ({
        name,
        title,
        window_seconds: windowSeconds,
      })),
    },
  };
}

/** YYYY-MM-DD */
export function dayIn(timeZone: string, ms: number): string {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).formatToParts(ms);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')}`;
}
