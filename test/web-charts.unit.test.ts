import { describe, expect, it } from 'vitest';
import type { CohortMinute } from '../live-dashboard/frames.ts';
import { groupCohorts, joinCohorts } from '../live-dashboard/web/cohorts.ts';
import { ratePoint, settledAverage } from '../live-dashboard/web/conversion.ts';
import { createScaleTop } from '../live-dashboard/web/scale-top.ts';
import { silentFor } from '../live-dashboard/web/silence.ts';
import { stackUp } from '../live-dashboard/web/stack.ts';
import { wilson } from '../live-dashboard/web/wilson.ts';

const MINUTE = 60_000;
const now = Date.UTC(2026, 10, 24, 12, 7, 30);
const times = { now, windowMs: 60 * MINUTE, span: 360 * MINUTE, bin: 5 * MINUTE };
const at = (hour: number, minute: number): number => Date.UTC(2026, 10, 24, hour, minute);
const cohort = (start: number, reached: readonly number[]): CohortMinute => ({
  at: start,
  reached,
  stillInTime: reached.map(() => 0),
});

describe('cohorts for the eye', () => {
  it('begin at whole multiples, and the first one is whole', () => {
    const groups = groupCohorts([cohort(at(6, 8), [9, 9]), cohort(at(6, 10), [4, 1])], 2, times);
    expect(groups[0]).toMatchObject({ from: at(6, 10), to: at(6, 15), reached: [4, 1] });
    expect(groups.at(-1)).toMatchObject({ from: at(12, 5), to: at(12, 10), open: true });
  });

  it('are open from the first that is not wholly settled', () => {
    const groups = groupCohorts([], 2, times);
    expect(groups.filter((group) => group.open)[0]?.from).toBe(at(11, 5));
    expect(groups.every((group) => group.open === group.to > now - 60 * MINUTE)).toBe(true);
  });

  it('keep what a revised minute was, beside minutes that nobody revised', () => {
    const revised = { at: at(12, 1), why: 'replay', events: 3, before: [10, 2] } as const;
    const late = { at: at(11, 59), why: 'late', events: 9, before: [1, 1] } as const;
    const again = { ...revised, at: at(12, 0), events: 4 };
    const twice = [revised, late, again].map((mark, i) => ({ ...cohort(at(8, i), [10, 6]), revised: mark }));
    expect(groupCohorts(twice, 2, times).find((group) => group.revised)?.revised).toMatchObject({
      why: 'replay',
      events: 7,
    });
    const minutes = [
      cohort(at(8, 0), [5, 1]),
      { ...cohort(at(8, 2), [10, 6]), revised },
      cohort(at(8, 5), [7, 3]),
    ];
    const groups = groupCohorts(minutes, 2, times);
    expect(groups.find((group) => group.from === at(8, 0))?.revised).toEqual({ ...revised, before: [15, 3] });
    const joined = joinCohorts(groups).find((group) => group.revised !== undefined);
    expect(joined?.reached).toEqual([22, 10]);
    expect(joined?.revised?.before).toEqual([22, 6]);
  });
});

describe('the rate of a cohort', () => {
  const settled = { from: at(8, 0), to: at(8, 5), reached: [400, 213, 96], open: false };

  it('is of the step before, with its interval', () => {
    const point = ratePoint(settled, { from: 1, to: 2 });
    expect(point).toMatchObject({ part: 96, whole: 213, rate: 96 / 213, interval: wilson(96, 213) });
  });

  it('is a gap when nobody reached the step before', () => {
    expect(ratePoint({ ...settled, reached: [3, 0, 0] }, { from: 1, to: 2 })).toMatchObject({
      rate: null,
      interval: null,
    });
  });

  it('has no interval and enters no average while it is open', () => {
    const open = ratePoint({ ...settled, open: true }, { from: 1, to: 2 });
    expect(open.interval).toBeNull();
    const average = settledAverage([ratePoint(settled, { from: 0, to: 2 }), open]);
    expect(average).toEqual({ part: 96, whole: 400, rate: 0.24 });
    expect(settledAverage([open]).rate).toBeNull();
  });

  it('is revised only where the revision changed it', () => {
    const revised = { at: now, why: 'late', events: 1, before: [400, 213, 60] } as const;
    expect(ratePoint({ ...settled, revised }, { from: 1, to: 2 }).revised?.was).toBeCloseTo(60 / 213);
    expect(ratePoint({ ...settled, revised }, { from: 0, to: 1 }).revised).toBeNull();
  });
});

describe('the top of an axis', () => {
  it('grows at once and shrinks after a minute in which less was enough', () => {
    const top = createScaleTop();
    expect(top.of(9, 0, 'a')).toBe(10);
    expect(top.of(11, 1_000, 'a')).toBe(15);
    expect(top.of(2, 2_000, 'a')).toBe(15);
    expect(top.of(5, 30_000, 'a')).toBe(15);
    expect(top.of(2, 61_999, 'a')).toBe(15);
    expect(top.of(2, 62_000, 'a')).toBe(5);
    expect(top.of(2, 62_001, 'b')).toBe(2);
  });

  it('starts the minute anew when the old top was needed in between', () => {
    const top = createScaleTop();
    top.of(10, 0, 'a');
    top.of(2, 1_000, 'a');
    top.of(10, 50_000, 'a');
    expect(top.of(2, 61_000, 'a')).toBe(10);
    expect(top.of(2, 121_000, 'a')).toBe(2);
  });
});

describe('a stack', () => {
  it('sums from the lowest up', () => {
    expect(
      stackUp([
        [1, 0],
        [2, 5],
        [4, 0],
      ]),
    ).toEqual([
      [1, 0],
      [3, 5],
      [7, 5],
    ]);
    expect(stackUp([])).toEqual([]);
  });
});

describe('silence of a type', () => {
  const groups = (...active: number[]): number[] =>
    Array.from({ length: 180 }, (_, i) => (active.includes(i) ? 1 : 0));
  const end = 900_000;

  it('is told when the pause is far longer than it usually is', () => {
    // every 30 s until 4 minutes ago
    const steady = groups(...Array.from({ length: 22 }, (_, i) => 131 - i * 6));
    expect(silentFor(steady, 5_000, end, end)).toBe(240_000);
    expect(silentFor(steady, 5_000, end, end + 3_000)).toBe(243_000);
  });

  it('is none in a line that often pauses so, in one that goes on, or where nothing is known', () => {
    expect(silentFor(groups(10, 60, 100, 130), 5_000, end, end)).toBeNull();
    expect(silentFor(groups(...Array.from({ length: 30 }, (_, i) => 168 - i)), 5_000, end, end)).toBeNull();
    expect(silentFor(groups(3, 4), 5_000, end, end)).toBeNull();
    expect(silentFor(groups(), 5_000, end, end)).toBeNull();
  });
});
