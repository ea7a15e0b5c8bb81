import type { EntryWindow, FunnelFrame } from '../frames.ts';
import { type Cohort, groupCohorts, joinCohorts, trendSpans } from './cohorts.ts';
import { clock, integer, share } from './format.ts';
import { type TrendChoice, trendEnds } from './state.ts';
import type { ChartTable } from './table-view.ts';
import { wilson } from './wilson.ts';

/** The trend card's cohorts in words, newest first. `now` is the server's, ms since 1970. */
export function trendTable(
  funnel: FunnelFrame,
  window: EntryWindow,
  trend: TrendChoice,
  now: number,
): ChartTable {
  const { from, to } = trendEnds(trend, funnel.steps.length);
  const times = { now, windowMs: funnel.windowSeconds * 1000, ...trendSpans[window] };
  const cohorts = joinCohorts(groupCohorts(funnel.cohorts, funnel.steps.length, times));
  return {
    columns: [
      'Entered',
      funnel.steps[from]?.label ?? '',
      funnel.steps[to]?.label ?? '',
      'Rate',
      '95% interval',
      'State',
    ],
    rows: cohorts
      .filter(({ reached }) => (reached[0] ?? 0) > 0)
      .map((cohort) => rowOf(funnel, cohort, cohort.reached[from] ?? 0, cohort.reached[to] ?? 0))
      .reverse(),
  };
}

function rowOf(funnel: FunnelFrame, cohort: Cohort, whole: number, part: number): readonly string[] {
  const interval = cohort.open ? null : wilson(part, whole);
  return [
    `${minute(cohort.from)} to ${minute(cohort.to)}`,
    integer(whole),
    integer(part),
    share(part, whole),
    interval === null ? '–' : `${share(interval[0], 1)} to ${share(interval[1], 1)}`,
    stateOf(funnel, cohort),
  ];
}

function stateOf(funnel: FunnelFrame, { from, to, open }: Cohort): string {
  const marks = funnel.cohorts.flatMap((minuteOfEntry) =>
    minuteOfEntry.at >= from && minuteOfEntry.at < to && minuteOfEntry.revised !== undefined
      ? [minuteOfEntry.revised]
      : [],
  );
  const newest = marks.sort((a, b) => b.at - a.at)[0];
  if (newest !== undefined) {
    return `revised ${minute(newest.at)} by ${newest.why === 'replay' ? 'replay' : 'late events'}`;
  }
  return open ? 'so far' : 'settled';
}

const minute = (at: number): string => clock(at, { seconds: false });
