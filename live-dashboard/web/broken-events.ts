import type { DeadLetterMinute, EntryWindow, FunnelFrame } from '../frames.ts';
import { groupCohorts, trendSpans } from './cohorts.ts';
import { ratePoint, settledAverage } from './conversion.ts';
import { wilson } from './wilson.ts';

const MINUTE = 60_000;
/** How much of the near past is compared with what settled; ms. */
const SPAN = 30 * MINUTE;

export interface Part {
  readonly part: number;
  readonly whole: number;
}

/** A step whose rate fell below what chance explains. */
export interface FallenStep {
  /** index of the step, from 0 */
  readonly step: number;
  readonly settled: Part;
  readonly recent: Part;
  /** ms since 1970: entry time from which on the recent sessions are counted */
  readonly since: number;
  /** of that step's type, since `since`; undefined when they did not rise */
  readonly deadLetters: { readonly count: number; readonly type: string } | undefined;
}

export interface BrokenEventsInput {
  readonly funnel: FunnelFrame;
  readonly window: EntryWindow;
  readonly deadLetterMinutes: readonly DeadLetterMinute[];
  /** ms since 1970: from when on dead letters are counted at all */
  readonly countedSince: number;
  /** ms since 1970, the server's */
  readonly now: number;
}

/**
 * The step whose rate from the step before fell, if any: over 30 minutes of cohorts that had their time, Wilson's
 * interval at 95% lies wholly below that of the settled average that the trend shows. One with risen dead letters
 * goes before one without, then the deepest fall.
 */
export function fallenStep(input: BrokenEventsInput): FallenStep | undefined {
  let worst: FallenStep | undefined;
  for (let step = 1; step < input.funnel.steps.length; step++) {
    const found = fallAt(input, step);
    if (found !== undefined && (worst === undefined || isWorse(found, worst))) worst = found;
  }
  return worst;
}

function isWorse(one: FallenStep, other: FallenStep): boolean {
  const broken = (fall: FallenStep): boolean => fall.deadLetters !== undefined;
  if (broken(one) !== broken(other)) return broken(one);
  return remaining(one) < remaining(other);
}

const rateOf = ({ part, whole }: Part): number => (whole > 0 ? part / whole : 0);
const remaining = ({ recent, settled }: FallenStep): number => rateOf(recent) / rateOf(settled);

function fallAt(input: BrokenEventsInput, step: number): FallenStep | undefined {
  const { funnel, now } = input;
  const to = Math.floor((now - ageOfStep(funnel, step)) / MINUTE) * MINUTE;
  const since = to - SPAN;
  const recent = sum(
    funnel.cohorts.filter(({ at }) => at >= since && at < to),
    step,
  );
  const settled = averageOf(input, step);
  const low = wilson(settled.part, settled.whole);
  const high = wilson(recent.part, recent.whole);
  if (low === null || high === null || high[1] >= low[0]) return undefined;
  return { step, settled, recent, since, deadLetters: risen(input, step, since) };
}

/**
 * Younger cohorts are low by nature. Times are told from step to step, cohorts by entry: a session may need the
 * 90% time of every step up to this one. Nobody needs longer than the time to convert.
 */
function ageOfStep(funnel: FunnelFrame, step: number): number {
  const steps = funnel.windows['24h'].slice(1, step + 1);
  const seconds = steps.reduce((all, { p90Seconds }) => all + (p90Seconds ?? funnel.windowSeconds), 0);
  return Math.min(seconds, funnel.windowSeconds) * 1000;
}

/** The settled average that the trend of this window shows. */
function averageOf({ funnel, window, now }: BrokenEventsInput, step: number): Part {
  const times = { now, windowMs: funnel.windowSeconds * 1000, ...trendSpans[window] };
  const cohorts = groupCohorts(funnel.cohorts, funnel.steps.length, times);
  return settledAverage(cohorts.map((cohort) => ratePoint(cohort, { from: step - 1, to: step })));
}

const sum = (cohorts: readonly { readonly reached: readonly number[] }[], step: number): Part => ({
  part: cohorts.reduce((all, { reached }) => all + (reached[step] ?? 0), 0),
  whole: cohorts.reduce((all, { reached }) => all + (reached[step - 1] ?? 0), 0),
});

/** More of them than their pace before `since` lets expect, beyond chance (two standard deviations of a count). */
function risen(input: BrokenEventsInput, step: number, since: number): FallenStep['deadLetters'] {
  const types = input.funnel.steps[step]?.types ?? [];
  const byType = new Map<string, number>();
  let before = 0;
  for (const { at, reasons } of input.deadLetterMinutes) {
    for (const { concerns, count } of reasons) {
      if (concerns === null || !types.includes(concerns)) continue;
      if (at < since) before += count;
      else byType.set(concerns, (byType.get(concerns) ?? 0) + count);
    }
  }
  const count = [...byType.values()].reduce((all, one) => all + one, 0);
  const counted = Math.max(0, since - input.countedSince);
  const expected = counted > 0 ? (before / counted) * (input.now - since) : before;
  if (count <= expected + 2 * Math.sqrt(Math.max(expected, 0.25))) return undefined;
  const [type = ''] = [...byType].sort((a, b) => b[1] - a[1])[0] ?? [];
  return { count, type };
}
