import type { Cohort } from './cohorts.ts';
import { wilson } from './wilson.ts';

/** Which rate is drawn: sessions that reached step `to` of those that reached step `from`; from 0. */
export interface RatePair {
  readonly from: number;
  readonly to: number;
}

/** The rate of one cohort. */
export interface RatePoint {
  readonly part: number;
  readonly whole: number;
  /** null: nobody reached the step before, a gap in the line */
  readonly rate: number | null;
  readonly open: boolean;
  /** 95%; null while the cohort is open */
  readonly interval: readonly [number, number] | null;
  /** set when a late or replayed event changed this very rate; a rate that there was none of is new, not revised */
  readonly revised: {
    readonly at: number;
    readonly why: 'late' | 'replay';
    readonly was: number;
  } | null;
}

const ratio = (part: number, whole: number): number | null => (whole > 0 ? Math.min(1, part / whole) : null);

export function ratePoint(cohort: Cohort, { from, to }: RatePair): RatePoint {
  const part = cohort.reached[to] ?? 0;
  const whole = cohort.reached[from] ?? 0;
  const { revised, open } = cohort;
  const before = revised && { part: revised.before[to] ?? 0, whole: revised.before[from] ?? 0 };
  const changed = before !== undefined && (before.part !== part || before.whole !== whole);
  const was = before === undefined ? null : ratio(before.part, before.whole);
  return {
    part,
    whole,
    rate: ratio(part, whole),
    open,
    interval: open ? null : wilson(part, whole),
    revised:
      revised !== undefined && changed && was !== null ? { at: revised.at, why: revised.why, was } : null,
  };
}

/** The sum of settled cohorts; open ones are low by nature and enter no average. */
export function settledAverage(points: readonly RatePoint[]): {
  readonly part: number;
  readonly whole: number;
  readonly rate: number | null;
} {
  let part = 0;
  let whole = 0;
  for (const point of points) {
    if (point.open) continue;
    part += point.part;
    whole += point.whole;
  }
  return { part, whole, rate: ratio(part, whole) };
}
