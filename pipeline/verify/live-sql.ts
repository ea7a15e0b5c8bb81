import type { Ask } from './check.ts';
import type { LiveOrders } from './live-frame.ts';

/** Entries of one minute by how far they came, from ops.funnel_entry_steps. */
export interface Entries {
  /** start of the minute, ms */
  readonly at: number;
  /** the last step that they reached, from 1 */
  readonly depth: number;
  /** ms: when their window closes; 0: it is closed, Infinity: it is open for longer than anybody looks */
  readonly closesAt: number;
  readonly count: number;
}

// A literal that both engines read alike; times are told from it in seconds with 3 decimals, which neither rounds.
const epoch = "CAST('1970-01-01T00:00:00' AS DATETIME)";
const since1970 = (column: string): string => `ops.seconds_between(${epoch}, ${column})`;
const secondsOf = (ms: number): string => (ms / 1000).toFixed(3);
const maxRows = 100_000;
/** ms from the moment asked for within which the ends of windows are told exactly */
export const exactFor = 600_000;

/** @param from ms; entries since then @param now ms: what closes within `exactFor` after it is told exactly */
export async function readEntries(
  ask: Ask,
  funnel: string,
  from: number,
  now: number,
): Promise<readonly Entries[]> {
  const { rows } = await ask(
    `SELECT n.entry_minute, n.depth, n.closes, COUNT(*) AS entries
     FROM (
       SELECT FLOOR(${since1970('e.entered_at')} / 60) AS entry_minute,
         MAX(e.step_order) AS depth,
         CASE
           WHEN ${since1970('e.closes_at')} <= ${secondsOf(now)} THEN 0
           WHEN ${since1970('e.closes_at')} <= ${secondsOf(now + exactFor)} THEN ${since1970('e.closes_at')}
         END AS closes
       FROM ops.funnel_entry_steps AS e
       WHERE e.funnel_name = '${funnel.replaceAll("'", "''")}'
         AND e.entered_at >= ops.add_seconds(${epoch}, ${secondsOf(from)})
       GROUP BY e.session_id, e.entered_at, e.closes_at
     ) AS n
     GROUP BY n.entry_minute, n.depth, n.closes`,
    { maxRows },
  );
  return rows.map(([minute, depth, closes, count]) => ({
    at: Number(minute) * 60_000,
    depth: Number(depth),
    closesAt: closes === null ? Number.POSITIVE_INFINITY : Math.round(Number(closes) * 1000),
    count: Number(count),
  }));
}

/** Purchases since `from` (ms), as live counts them (funnel.md 10). */
export async function readOrders(ask: Ask, from: number, showSeeds: boolean): Promise<LiveOrders> {
  const { rows } = await ask(
    `SELECT p.currency, COUNT(*) AS orders, SUM(CASE WHEN p.session_id IS NULL THEN 1 ELSE 0 END) AS unattributed,
       COUNT(p.total_amount) AS priced, CAST(SUM(CAST(p.total_amount AS DECIMAL(18, 2))) * 100 AS BIGINT) AS cents
     FROM silver.purchases AS p
     WHERE p.event_timestamp >= ops.add_seconds(${epoch}, ${secondsOf(from)})
       ${showSeeds ? '' : 'AND p.is_seed = 0'}
     GROUP BY p.currency`,
    { maxRows },
  );
  const currencies = rows.map(([currency, orders, unattributed, priced, cents]) => ({
    currency: String(currency),
    orders: Number(orders),
    unattributed: Number(unattributed),
    priced: Number(priced),
    amount: Number(cents),
  }));
  return {
    orders: currencies.reduce((sum, { orders }) => sum + orders, 0),
    unattributed: currencies.reduce((sum, { unattributed }) => sum + unattributed, 0),
    revenue: currencies
      .filter(({ priced }) => priced > 0)
      .map(({ currency, amount }) => ({ currency, amount }))
      .sort((a, b) => (a.currency < b.currency ? -1 : 1)),
  };
}
