import type { CohortMinute, EntryWindow } from '../frames.ts';

const MINUTE = 60_000;

/** How cohorts are drawn for an entry window: a short one is always seen beside settled cohorts. */
export const trendSpans: Readonly<Record<EntryWindow, { readonly span: number; readonly bin: number }>> = {
  '15m': { span: 120 * MINUTE, bin: 2 * MINUTE },
  '1h': { span: 360 * MINUTE, bin: 5 * MINUTE },
  '24h': { span: 1440 * MINUTE, bin: 15 * MINUTE },
};

/** Sessions that entered from `from` until before `to`. */
export interface Cohort {
  readonly from: number;
  readonly to: number;
  readonly reached: readonly number[];
  /** someone in it can still convert */
  readonly open: boolean;
  /** the newest change by a late or replayed event, and the counts as they were when its time was over */
  readonly revised?: Revision;
}

export type Revision = NonNullable<CohortMinute['revised']>;

const ENOUGH = 500;
const AT_MOST = 4;

/**
 * Minutes grouped to bins that begin at whole multiples of the bin, oldest first, empty ones too; only bins that
 * lie in the span as a whole, so that the first one does not look low.
 * @param now of the server; windowMs is the funnel's time to convert
 */
export function groupCohorts(
  minutes: readonly CohortMinute[],
  steps: number,
  times: { readonly now: number; readonly windowMs: number; readonly span: number; readonly bin: number },
): readonly Cohort[] {
  const { now, windowMs, span, bin } = times;
  const first = Math.ceil((now - span) / bin) * bin;
  const count = Math.floor(now / bin) - first / bin + 1;
  const groups: CohortMinute[][] = Array.from({ length: count }, () => []);
  for (const minute of minutes) groups[Math.floor((minute.at - first) / bin)]?.push(minute);
  return groups.map((group, i) => {
    const from = first + i * bin;
    const zero = new Array<number>(steps).fill(0);
    const reached = group.reduce<readonly number[]>((sum, minute) => added(sum, minute.reached), zero);
    const cohort = { from, to: from + bin, reached, open: from + bin > now - windowMs };
    const revised = group
      .map(({ revised, reached }): Parts => ({ reached, ...(revised && { revised }) }))
      .reduce(joinRevisions, { reached: zero }).revised;
    return revised === undefined ? cohort : { ...cohort, revised };
  });
}

const added = (a: readonly number[], b: readonly number[]): readonly number[] =>
  a.map((sum, k) => sum + (b[k] ?? 0));

interface Parts {
  readonly reached: readonly number[];
  readonly revised?: Revision;
}

/** What was not revised counts before as it does now. */
function joinRevisions(a: Parts, b: Parts): Parts {
  const reached = added(a.reached, b.reached);
  const newest = (a.revised?.at ?? 0) >= (b.revised?.at ?? 0) ? a.revised : b.revised;
  if (newest === undefined) return { reached };
  const before = added(a.revised?.before ?? a.reached, b.revised?.before ?? b.reached);
  const { at, why } = newest;
  const events = eventsOf(a.revised, why) + eventsOf(b.revised, why);
  return { reached, revised: { at, why, events, before } };
}

const eventsOf = (revised: Revision | undefined, why: Revision['why']): number =>
  revised?.why === why ? revised.events : 0;

/**
 * A rate needs sessions: neighbours are joined until 500 entered, at most four of them; open and settled never. None
 * reaches over a whole multiple of four bins, so that a point stays the same while older ones leave the chart.
 */
export function joinCohorts(cohorts: readonly Cohort[]): readonly Cohort[] {
  const joined: Cohort[] = [];
  let size = 0;
  for (const cohort of cohorts) {
    const last = joined.at(-1);
    if (
      last === undefined ||
      size >= AT_MOST ||
      (last.reached[0] ?? 0) >= ENOUGH ||
      last.open !== cohort.open ||
      cohort.from % ((cohort.to - cohort.from) * AT_MOST) === 0 ||
      last.to !== cohort.from
    ) {
      joined.push(cohort);
      size = 1;
    } else {
      joined[joined.length - 1] = { ...last, ...joinRevisions(last, cohort), to: cohort.to };
      size++;
    }
  }
  return joined;
}
