import { groupBy, groupByTime, placeOf, type WebEvent } from './recount-bronze.ts';
import type { PurchaseRow } from './recount-credit.ts';
import type { Days } from './recount-days.ts';
import { percentile, rate } from './recount-numbers.ts';
import { isDerived, type SilverWebEvent } from './recount-sessions.ts';

/** funnel.md, rules 2 to 5 and 9, over all history and by day. */

/** As pipeline/funnels.json writes it. */
export interface Funnel {
  readonly name: string;
  readonly windowSeconds: number;
  readonly steps: readonly {
    readonly label: string;
    readonly type: string;
    readonly pagePath?: string | null;
  }[];
}

export interface FunnelEntry {
  readonly session: string;
  /** ms; times of the steps reached, the first is the entry */
  readonly times: readonly number[];
}

export interface FunnelStepRow {
  readonly funnel_date: string;
  readonly funnel_name: string;
  readonly funnel_step: string;
  readonly step_order: number;
  readonly sessions: number;
  readonly still_in_time: number;
  readonly dropped: number;
  readonly drop_off_rate: string | null;
  readonly median_seconds: string | null;
  readonly p90_seconds: string | null;
}

const grace = 2_000;

function isStep(event: WebEvent, step: Funnel['steps'][number]): boolean {
  if (event.canonical_type !== step.type) return false;
  const pattern = step.pagePath ?? null;
  if (pattern === null) return true;
  if (event.page_path === null) return false;
  if (!pattern.endsWith('/*')) return event.page_path === pattern;
  const prefix = pattern.slice(0, -1);
  return event.page_path.startsWith(prefix) && event.page_path.length > prefix.length;
}

/** @param silver, purchases those that count: of people, and no seeds unless these are shown */
export function entriesOf(
  funnel: Funnel,
  silver: readonly SilverWebEvent[],
  purchases: readonly PurchaseRow[],
): readonly FunnelEntry[] {
  const own = silver.filter(({ session_id }) => !isDerived(session_id)).map(({ event }) => event);
  const bought = groupByTime(
    purchases.map((purchase) => ({ ...purchase, event_id: purchase.order_id })),
    (purchase) => purchase.session_id,
  );
  return [...groupByTime(own, (event) => event.session_id)].flatMap(([session, events]) => {
    const timesOf = funnel.steps.map((step) =>
      step.type === 'purchase'
        ? (bought.get(session) ?? []).map((purchase) => purchase.event_timestamp)
        : events.filter((event) => isStep(event, step)).map((event) => event.event_timestamp),
    );
    return entriesOfSession(session, timesOf, funnel.windowSeconds * 1_000);
  });
}

/** @param timesOf the sorted times of each step's events */
function entriesOfSession(
  session: string,
  timesOf: readonly (readonly number[])[],
  window: number,
): FunnelEntry[] {
  const entries: FunnelEntry[] = [];
  // An event at or before this serves an earlier entry, or none.
  let taken = Number.NEGATIVE_INFINITY;
  const firsts = timesOf[0] ?? [];
  for (const [index, entry] of firsts.entries()) {
    const before = firsts[index - 1];
    if (before !== undefined && before >= entry - window) continue;
    const times = [entry];
    for (const own of timesOf.slice(1)) {
      const from = Math.max((times.at(-1) as number) - grace, taken + 1);
      const time = own[placeOf(own, (one) => one, from)];
      if (time === undefined || time > entry + window) break;
      times.push(time);
    }
    entries.push({ session, times });
    taken = entry + window;
  }
  return entries;
}

export interface StepCount {
  readonly sessions: number;
  readonly stillInTime: number;
  readonly dropped: number;
  /** ms between this step and the one before, of each that converted */
  readonly durations: readonly number[];
}

export function countSteps(
  funnel: Funnel,
  entries: readonly FunnelEntry[],
  asOf: number,
): readonly StepCount[] {
  return funnel.steps.map((_step, k) => {
    const converted = entries.filter(({ times }) => times.length > k);
    if (k === 0) return { sessions: converted.length, stillInTime: 0, dropped: 0, durations: [] };
    const missed = entries.filter(({ times }) => times.length === k);
    const inTime = missed.filter(({ times }) => asOf < (times[0] as number) + funnel.windowSeconds * 1_000);
    return {
      sessions: converted.length,
      stillInTime: inTime.length,
      dropped: missed.length - inTime.length,
      durations: converted.map(({ times }) => Math.max(0, (times[k] as number) - (times[k - 1] as number))),
    };
  });
}

export const entriesByDate = (entries: readonly FunnelEntry[], days: Days): Map<string, FunnelEntry[]> =>
  groupBy(entries, ({ times }) => days.dateOf(times[0] as number));

export function funnelRows(
  funnel: Funnel,
  entries: readonly FunnelEntry[],
  days: Days,
  asOf: number,
): readonly FunnelStepRow[] {
  return [...entriesByDate(entries, days)].flatMap(([funnel_date, own]) => {
    const counts = countSteps(funnel, own, asOf);
    return counts.map(({ sessions, stillInTime, dropped, durations }, k) => ({
      funnel_date,
      funnel_name: funnel.name,
      funnel_step: funnel.steps[k]?.label ?? '',
      step_order: k + 1,
      sessions,
      still_in_time: stillInTime,
      dropped,
      drop_off_rate: k === 0 ? null : rate(dropped, counts[k - 1]?.sessions ?? 0),
      // ms are thousands of a millionth of a second
      median_seconds: percentile(
        durations.map((ms) => ms * 1_000),
        50,
      ),
      p90_seconds: percentile(
        durations.map((ms) => ms * 1_000),
        90,
      ),
    }));
  });
}
