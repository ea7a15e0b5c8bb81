import type { FunnelFrame } from '../frames.ts';
import type { Cohort } from './cohorts.ts';
import { type RatePoint, ratePoint } from './conversion.ts';
import type { EntryTimes } from './entry-times.ts';
import { clock, integer, share } from './format.ts';
import { type TrendChoice, trendEnds } from './state.ts';
import type { ChartTable } from './table-view.ts';

/** The trend card's cohorts in words, newest first. */
export function trendTable(funnel: FunnelFrame, trend: TrendChoice, times: EntryTimes): ChartTable {
  const { from, to } = trendEnds(trend, funnel.steps.length);
  return {
    columns: [
      'Entered',
      funnel.steps[from]?.label ?? '',
      funnel.steps[to]?.label ?? '',
      'Rate',
      '95% interval',
      'State',
    ],
    rows: times.points
      .filter(({ reached }) => (reached[0] ?? 0) > 0)
      .map((cohort) => rowOf(cohort, ratePoint(cohort, { from, to })))
      .reverse(),
  };
}

function rowOf(cohort: Cohort, point: RatePoint): readonly string[] {
  const { part, whole, interval } = point;
  return [
    `${minute(cohort.from)} to ${minute(cohort.to)}`,
    integer(whole),
    integer(part),
    share(part, whole),
    interval === null ? '–' : `${share(interval[0], 1)} to ${share(interval[1], 1)}`,
    stateOf(point),
  ];
}

function stateOf({ revised, open }: RatePoint): string {
  if (revised === null) return open ? 'so far' : 'settled';
  return `${open ? 'so far, ' : ''}revised ${minute(revised.at)} by ${revised.why === 'replay' ? 'replay' : 'late events'}`;
}

const minute = (at: number): string => clock(at, { seconds: false });
