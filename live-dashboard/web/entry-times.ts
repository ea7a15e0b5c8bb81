import type { EntryWindow, FunnelFrame } from '../frames.ts';
import { type Cohort, groupCohorts, joinCohorts, trendSpans } from './cohorts.ts';

const MINUTE = 60_000;

/** The time axis that all charts by entry time share, and the cohorts on it. ms since 1970, oldest first. */
export interface EntryTimes {
  /** begins and ends at a whole minute, so that nothing is drawn anew for the seconds that pass */
  readonly from: number;
  readonly until: number;
  /** equally long: one a bar */
  readonly bins: readonly Cohort[];
  /** joined until they hold enough sessions for a rate: one a point */
  readonly points: readonly Cohort[];
  /** start of the first cohort that is not wholly settled */
  readonly openFrom: number | undefined;
}

/** @param now of the server, ms since 1970 */
export function entryTimes(funnel: FunnelFrame, window: EntryWindow, now: number): EntryTimes {
  const { span, bin } = trendSpans[window];
  const until = Math.floor(now / MINUTE) * MINUTE;
  const times = { now, windowMs: funnel.windowSeconds * 1000, span, bin };
  const bins = groupCohorts(funnel.cohorts, funnel.steps.length, times);
  const openFrom = bins.find(({ open }) => open)?.from;
  return { from: until - span, until, bins, points: joinCohorts(bins), openFrom };
}
