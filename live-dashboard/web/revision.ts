import type { CohortMinute, EntryWindow, FunnelFrame } from '../frames.ts';
import type { Part } from './broken-events.ts';
import { groupCohorts, joinCohorts, trendSpans } from './cohorts.ts';

/** How long a revision is told; the mark on its point stays. ms */
const TOLD_FOR = 10 * 60_000;

/** What late or replayed events made of a cohort whose time was over. */
export interface Revision {
  /** ms since 1970 */
  readonly at: number;
  readonly why: 'late' | 'replay';
  /** of that kind, in the last ten minutes */
  readonly events: number;
  /** entry times of the cohort, as the trend groups them; ms since 1970 */
  readonly from: number;
  readonly to: number;
  /** index of the step whose rate changed most; 0: only who entered */
  readonly step: number;
  readonly before: Part;
  readonly after: Part;
  /** further cohorts revised in the same ten minutes */
  readonly others: number;
}

interface Changed {
  readonly from: number;
  readonly to: number;
  readonly minutes: readonly CohortMinute[];
}

/** The newest revision of the last ten minutes before `now` (the server's, ms since 1970), if any. */
export function newestRevision(funnel: FunnelFrame, window: EntryWindow, now: number): Revision | undefined {
  const fresh = (minute: CohortMinute): boolean =>
    minute.revised !== undefined && minute.revised.at > now - TOLD_FOR && minute.revised.at <= now;
  const revised = funnel.cohorts.filter(fresh);
  if (revised.length === 0) return undefined;
  const changed = cohortsOf(funnel, window, now, revised);
  const newest = (cohort: Changed): number =>
    Math.max(...cohort.minutes.filter(fresh).map(({ revised: mark }) => mark?.at ?? 0));
  const countedEvents = (cohort: Changed): number =>
    cohort.minutes.filter(fresh).reduce((sum, { revised: mark }) => sum + (mark?.events ?? 0), 0);
  const steps = funnel.steps.length;
  const countsBefore = (cohort: Changed): readonly number[] =>
    sums(cohort.minutes, steps, (minute) =>
      fresh(minute) ? (minute.revised?.before ?? minute.reached) : minute.reached,
    );
  const [first, ...others] = changed
    // where nobody was before there is something new, nothing to be taken back
    .filter((cohort) => (countsBefore(cohort)[0] ?? 0) > 0)
    // of cohorts that one event changed, the one that it is counted in
    .sort((a, b) => newest(b) - newest(a) || countedEvents(b) - countedEvents(a));
  if (first === undefined) return undefined;

  const before = countsBefore(first);
  const after = sums(first.minutes, steps, (minute) => minute.reached);
  const step = mostChanged(before, after);
  const at = newest(first);
  const why = first.minutes.find(({ revised: mark }) => mark?.at === at)?.revised?.why ?? 'late';
  const marks = first.minutes.filter(fresh).flatMap(({ revised: mark }) => mark ?? []);
  return {
    at,
    why,
    events: marks.reduce((sum, mark) => sum + (mark.why === why ? mark.events : 0), 0),
    from: first.from,
    to: first.to,
    step,
    before: partOf(before, step),
    after: partOf(after, step),
    others: others.length,
  };
}

/** The cohorts of the trend that hold the minutes; a minute that the trend does not reach stands alone in its bin. */
function cohortsOf(
  funnel: FunnelFrame,
  window: EntryWindow,
  now: number,
  revised: readonly CohortMinute[],
): readonly Changed[] {
  const { span, bin } = trendSpans[window];
  const times = { now, windowMs: funnel.windowSeconds * 1000, span, bin };
  const drawn = joinCohorts(groupCohorts(funnel.cohorts, funnel.steps.length, times));
  const ranges = new Map<number, number>();
  for (const { at } of revised) {
    const cohort = drawn.find((one) => at >= one.from && at < one.to);
    const from = cohort?.from ?? Math.floor(at / bin) * bin;
    ranges.set(from, cohort?.to ?? from + bin);
  }
  return [...ranges].map(([from, to]) => ({
    from,
    to,
    minutes: funnel.cohorts.filter(({ at }) => at >= from && at < to),
  }));
}

const sums = (
  minutes: readonly CohortMinute[],
  steps: number,
  read: (minute: CohortMinute) => readonly number[],
): readonly number[] =>
  Array.from({ length: steps }, (_, step) =>
    minutes.reduce((all, minute) => all + (read(minute)[step] ?? 0), 0),
  );

/** From the step before; of the first step, the count itself. */
const partOf = (reached: readonly number[], step: number): Part => ({
  part: reached[step] ?? 0,
  whole: step === 0 ? 0 : (reached[step - 1] ?? 0),
});

function mostChanged(before: readonly number[], after: readonly number[]): number {
  let most = 0;
  let difference = 0;
  for (let step = 1; step < after.length; step++) {
    const [was, is] = [partOf(before, step), partOf(after, step)].map(({ part, whole }) =>
      whole > 0 ? part / whole : 0,
    );
    const moved = Math.abs((is ?? 0) - (was ?? 0));
    if (moved > difference) [most, difference] = [step, moved];
  }
  return most;
}
