import type { DeadLetterMinute, FunnelFrame } from '../frames.ts';
import type { Cohort, Revision } from './cohorts.ts';
import { type RatePair, type RatePoint, ratePoint, settledAverage } from './conversion.ts';
import type { EntryTimes } from './entry-times.ts';
import { clock, integer, share } from './format.ts';

/** One point or bar of a chart by entry time, and what is said when it is pointed at. */
export interface EntryPoint {
  /** ms since 1970 */
  readonly from: number;
  readonly to: number;
  /** null: nothing is known, a gap */
  readonly value: number | null;
  readonly open: boolean;
  /** 95%; null while it is open, and where none belongs */
  readonly interval: readonly [number, number] | null;
  /** `21:15 45.1%, 96 of 213` */
  readonly says: string;
  /** `revised 21:41 by replay, was 31.2%`; empty when it was not */
  readonly revised: string;
}

/** What a chart by entry time shows: data alone, so that a chart knows by it whether anything changed. */
export interface EntryContent {
  readonly points: readonly EntryPoint[];
  /** the rate of all settled cohorts */
  readonly average: number | null;
  /** the chart in a sentence: what it is of, and what is told of it */
  readonly summary: string;
  /** `45.4% settled average, 3,712 of 8,102` */
  readonly told: string;
  readonly nothing: boolean;
}

const minute = (at: number): string => clock(at, { seconds: false });
const NOTHING = 'nothing in this window';

/** Row 1: who entered. */
export function enteredContent({ bins }: EntryTimes): EntryContent {
  const points = bins.map((cohort): EntryPoint => {
    const count = cohort.reached[0] ?? 0;
    const was = cohort.revised?.before[0] ?? count;
    return {
      from: cohort.from,
      to: cohort.to,
      value: count,
      open: cohort.open,
      interval: null,
      says: `${minute(cohort.from)} ${integer(count)} entered`,
      revised:
        cohort.revised === undefined || was === count || was === 0
          ? ''
          : `${revisedBy(cohort.revised)}, was ${integer(was)}`,
    };
  });
  return counted(points, 'Sessions that entered, by entry time');
}

/** Dead letters by arrival, on the bars of those who entered. */
export function deadLetterContent({ bins }: EntryTimes, minutes: readonly DeadLetterMinute[]): EntryContent {
  const counts = new Map<number, number>();
  const bin = (bins[0]?.to ?? 0) - (bins[0]?.from ?? 0);
  for (const { at, reasons } of minutes) {
    const from = Math.floor(at / bin) * bin;
    counts.set(
      from,
      reasons.reduce((sum, { count }) => sum + count, counts.get(from) ?? 0),
    );
  }
  const points = bins.map(({ from, to }): EntryPoint => {
    const count = counts.get(from) ?? 0;
    const says = `${minute(from)} ${integer(count)} ${count === 1 ? 'dead letter' : 'dead letters'}`;
    return { from, to, value: count, open: false, interval: null, says, revised: '' };
  });
  return counted(points, 'Dead letters, by arrival');
}

function counted(points: readonly EntryPoint[], what: string): EntryContent {
  const all = points.reduce((sum, { value }) => sum + (value ?? 0), 0);
  const highest = points.reduce<EntryPoint | undefined>(
    (most, point) => ((point.value ?? 0) > (most?.value ?? 0) ? point : most),
    undefined,
  );
  const told =
    highest === undefined
      ? NOTHING
      : `${integer(all)}, most from ${minute(highest.from)} to ${minute(highest.to)}: ${integer(highest.value)}`;
  return { points, average: null, summary: `${what}: ${told}`, told, nothing: all === 0 };
}

/** Rows 2 and on, and the trend card: a rate. */
export function rateContent(
  funnel: FunnelFrame,
  { points: cohorts }: EntryTimes,
  pair: RatePair,
): EntryContent {
  const rates = cohorts.map((cohort) => ({ cohort, rate: ratePoint(cohort, pair) }));
  const { part, whole, rate: average } = settledAverage(rates.map(({ rate }) => rate));
  const nothing = rates.every(({ rate }) => rate.whole === 0);
  const settled =
    whole === 0
      ? 'no cohort is settled yet'
      : `${share(part, whole)} settled average, ${of(part, whole)} sessions`;
  const told = nothing ? NOTHING : settled;
  const marks = rates.filter(({ rate }) => rate.revised !== null).length;
  return {
    points: rates.map(({ cohort, rate }) => ratePointOf(cohort, rate)),
    average,
    summary: `${wayOf(funnel, pair)} by entry time: ${told}${marks > 0 ? `, ${marks} revised` : ''}`,
    told,
    nothing,
  };
}

/** `View → Cart` */
export const wayOf = (funnel: FunnelFrame, { from, to }: RatePair): string =>
  `${funnel.steps[from]?.label ?? ''} → ${funnel.steps[to]?.label ?? ''}`;

const of = (part: number, whole: number): string => `${integer(part)} of ${integer(whole)}`;

function ratePointOf(cohort: Cohort, { part, whole, rate, open, interval, revised }: RatePoint): EntryPoint {
  return {
    from: cohort.from,
    to: cohort.to,
    value: rate,
    open,
    interval,
    says: `${minute(cohort.from)} ${share(part, whole)}, ${of(part, whole)}${open ? ', so far' : ''}`,
    revised: revised === null ? '' : `${revisedBy(revised)}, was ${share(revised.was, 1)}`,
  };
}

const revisedBy = ({ at, why }: Pick<Revision, 'at' | 'why'>): string =>
  `revised ${minute(at)} by ${why === 'replay' ? 'replay' : 'late events'}`;
