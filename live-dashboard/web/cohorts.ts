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
}

const ENOUGH = 500;
const AT_MOST = 4;

/**
 * Minutes grouped to bins that begin at whole multiples of the bin, oldest first, empty ones too.
 * @param now of the server; windowMs is the funnel's time to convert
 */
export function groupCohorts(
  minutes: readonly CohortMinute[],
  steps: number,
  times: { readonly now: number; readonly windowMs: number; readonly span: number; readonly bin: number },
): readonly Cohort[] {
  const { now, windowMs, span, bin } = times;
  const first = Math.floor((now - span) / bin) * bin;
  const count = Math.floor(now / bin) - first / bin + 1;
  const sums = Array.from({ length: count }, () => new Array<number>(steps).fill(0));
  for (const { at, reached } of minutes) {
    const sum = sums[Math.floor((at - first) / bin)];
    if (sum !== undefined) for (let k = 0; k < steps; k++) sum[k] = (sum[k] ?? 0) + (reached[k] ?? 0);
  }
  return sums.map((reached, i) => {
    const from = first + i * bin;
    return { from, to: from + bin, reached, open: from + bin > now - windowMs };
  });
}

/** A rate needs sessions: neighbours are joined until 500 entered, at most four of them; open and settled never. */
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
      last.to !== cohort.from
    ) {
      joined.push(cohort);
      size = 1;
    } else {
      const reached = last.reached.map((sum, k) => sum + (cohort.reached[k] ?? 0));
      joined[joined.length - 1] = { ...last, to: cohort.to, reached };
      size++;
    }
  }
  return joined;
}

/** Wilson's interval at 95% of `part` in `whole`; null when there is nothing. */
export function wilson(part: number, whole: number): readonly [number, number] | null {
  if (whole <= 0) return null;
  const z = 1.96;
  const p = part / whole;
  const scale = 1 + (z * z) / whole;
  const middle = (p + (z * z) / (2 * whole)) / scale;
  const half = (z * Math.sqrt((p * (1 - p)) / whole + (z * z) / (4 * whole * whole))) / scale;
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

/** The axis top at or above a value: 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 × 10ⁿ. */
export function niceTop(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8].find((candidate) => candidate * power >= value * 0.999_999);
  return (step ?? 10) * power;
}
