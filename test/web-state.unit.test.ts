import { describe, expect, it } from 'vitest';
import type { DeltaFrame, RatesFrame, RecentEvent, SnapshotFrame } from '../live-dashboard/frames.ts';
import { groupCohorts, joinCohorts } from '../live-dashboard/web/cohorts.ts';
import {
  age,
  clock,
  duration,
  integer,
  milliseconds,
  money,
  rate,
  share,
} from '../live-dashboard/web/format.ts';
import { funnelFigures } from '../live-dashboard/web/funnel-figures.ts';
import { activeNames, lastMinuteRate, mergeRates } from '../live-dashboard/web/rates.ts';
import { niceTop } from '../live-dashboard/web/scale-top.ts';
import { applyFrame } from '../live-dashboard/web/state.ts';
import { wilson } from '../live-dashboard/web/wilson.ts';
import { emptySnapshot } from './support/frames.ts';
import { purchaseFunnel } from './support/scripted-fold.ts';

const MINUTE = 60_000;
const start = Date.UTC(2026, 10, 24, 12, 0, 0);
const step = (sessions: number, stillInTime = 0, dropped = 0) => ({
  sessions,
  stillInTime,
  dropped,
  medianSeconds: null,
  p90Seconds: null,
});
const four = [step(48_263), step(8_394, 3_315, 36_554), step(3_807, 401, 4_186), step(2_349, 122, 1_336)];

const snapshot = (fields: Partial<SnapshotFrame> = {}): SnapshotFrame =>
  emptySnapshot({
    seq: 5,
    funnels: [
      {
        ...purchaseFunnel,
        windows: { '15m': four, '1h': four, '24h': four },
        cohorts: [
          { at: start - 2 * MINUTE, reached: [4, 1, 0, 0], stillInTime: [0, 3, 1, 0] },
          { at: start - MINUTE, reached: [2, 0, 0, 0], stillInTime: [0, 2, 0, 0] },
        ],
      },
    ],
    ...fields,
  });
const delta = (fields: Partial<DeltaFrame> = {}): DeltaFrame => ({
  kind: 'delta',
  seq: 6,
  now: start + 250,
  horizonStart: start - 1440 * MINUTE,
  ...fields,
});
const recentEvent = (n: number): RecentEvent => ({
  n,
  at: start,
  eventTime: start,
  source: 'tracking',
  type: 'page_view',
  sessionId: 's',
  outcome: 'stored',
  reason: null,
});
function applied(...frames: Parameters<typeof applyFrame>[1][]): SnapshotFrame {
  let state: SnapshotFrame | undefined;
  for (const frame of frames) {
    const result = applyFrame(state, frame);
    if (result.kind === 'gap') throw new Error('gap');
    state = result.state;
  }
  if (state === undefined) throw new Error('no frame');
  return state;
}

describe('applying frames', () => {
  it('asks for a snapshot when there is none, or when a frame was missed', () => {
    expect(applyFrame(undefined, delta())).toEqual({ kind: 'gap' });
    expect(applyFrame(snapshot(), delta({ seq: 7 }))).toEqual({ kind: 'gap' });
    expect(applyFrame(snapshot(), delta({ seq: 6 })).kind).toBe('applied');
  });

  it('leaves a state alone that holds the delta already', () => {
    const held = snapshot({ queueDepth: 3 });
    expect(applied(held, delta({ seq: 5, queueDepth: 1 }))).toBe(held);
  });

  it('lays small parts over, and keeps what the delta does not name', () => {
    const state = applied(snapshot({ commitP95: 8.4 }), delta({ queueDepth: 9 }));
    expect(state).toMatchObject({
      kind: 'snapshot',
      seq: 6,
      now: start + 250,
      queueDepth: 9,
      commitP95: 8.4,
    });
  });

  it('replaces touched cohort minutes and lets those before the horizon go', () => {
    const touched = { at: start - MINUTE, reached: [3, 1, 0, 0], stillInTime: [0, 2, 1, 0] };
    const added = { at: start, reached: [1, 0, 0, 0], stillInTime: [0, 1, 0, 0] };
    const held = snapshot();
    const [funnel] = held.funnels;
    if (funnel === undefined) throw new Error('no funnel');
    const state = applied(
      held,
      delta({ horizonStart: start - MINUTE, funnels: [{ ...funnel, cohorts: [touched, added] }] }),
    );
    expect(state.funnels[0]?.cohorts).toEqual([touched, added]);
    // a delta without funnels moves the horizon too
    expect(applied(held, delta({ horizonStart: start - MINUTE })).funnels[0]?.cohorts).toHaveLength(1);
    expect(held.funnels[0]?.cohorts).toHaveLength(2);
  });

  it('puts new events first, each once, and keeps 50', () => {
    const state = applied(
      snapshot({ recent: [recentEvent(2), recentEvent(1)] }),
      delta({ recent: [recentEvent(3), recentEvent(2)] }),
      delta({ seq: 7, recent: Array.from({ length: 49 }, (_, i) => recentEvent(52 - i)) }),
    );
    expect(state.recent.map((event) => event.n)).toEqual(Array.from({ length: 50 }, (_, i) => 52 - i));
  });
});

describe('rates on the page', () => {
  const group = (at: number, byType: RatesFrame['byType'], groups = 1): RatesFrame => ({
    groupSeconds: 5,
    from: at,
    groups,
    byType,
    bySource: {},
  });
  const none = snapshot().rates;

  it('takes groups that nobody sent for 0 and slides by the clock', () => {
    const first = mergeRates(none, group(start, { click: [2] }));
    expect(lastMinuteRate(first, first.byType, 'click', start + 5_000)).toBeCloseTo(2 / 12);
    expect(lastMinuteRate(first, first.byType, 'click', start + 64_999)).toBeCloseTo(2 / 12);
    expect(lastMinuteRate(first, first.byType, 'click', start + 65_000)).toBe(0);
    expect(activeNames(first, first.byType, start + 900_000)).toEqual(['click']);
    expect(activeNames(first, first.byType, start + 905_000)).toEqual([]);
  });

  it('lays a group over one that is held already, once', () => {
    const once = mergeRates(none, group(start, { click: [2] }));
    const twice = mergeRates(once, group(start, { click: [2], search: [1] }));
    expect(lastMinuteRate(twice, twice.byType, 'click', start + 5_000)).toBeCloseTo(2 / 12);
    expect(lastMinuteRate(twice, twice.byType, 'search', start + 5_000)).toBeCloseTo(1 / 12);
    const later = mergeRates(twice, group(start + 10_000, { click: [6] }));
    expect(lastMinuteRate(later, later.byType, 'click', start + 15_000)).toBeCloseTo(8 / 12);
    expect(later.byType.click).toHaveLength(180);
  });
});

describe('figures of a funnel', () => {
  it('finds the biggest loss by count and adds up who can still convert', () => {
    const [funnel] = snapshot().funnels;
    if (funnel === undefined) throw new Error('no funnel');
    const figures = funnelFigures(funnel, '24h');
    expect(figures).toMatchObject({
      entered: 48_263,
      converted: 2_349,
      stillInTime: 3_838,
      biggestLoss: { step: 1, dropped: 36_554 },
    });
    expect(figures.rows.map((row) => row.before)).toEqual([48_263, 48_263, 8_394, 3_807]);
  });

  it('calls nothing a loss while nobody dropped', () => {
    const open = [step(10), step(4, 6), step(0, 4), step(0)];
    const [funnel] = snapshot().funnels;
    if (funnel === undefined) throw new Error('no funnel');
    expect(
      funnelFigures({ ...funnel, windows: { ...funnel.windows, '15m': open } }, '15m').biggestLoss,
    ).toBeUndefined();
  });
});

describe('number formats', () => {
  it.each([
    [17.4, '17.4%'],
    [7.894, '7.89%'],
    [0.416, '0.42%'],
    [0, '0%'],
    [0.001, '<0.01%'],
    [9.996, '10.0%'],
    [99.97, '99.9%'],
    [100, '100%'],
    [130, '100%'],
  ])('share of %f %', (percent, text) => expect(share(percent, 100)).toBe(text));

  it('has no share of nothing', () => expect(share(0, 0)).toBe('–'));

  it.each([
    [0, '0s'],
    [14.4, '14s'],
    [59.6, '1m 00s'],
    [127, '2m 07s'],
    [3_840, '1h 04m'],
    [3_599.9, '1h 00m'],
    [200_000, '2d 07h'],
  ])('duration of %f s', (seconds, text) => expect(duration(seconds)).toBe(text));

  it.each([
    [400, '0.4s'],
    [-50, '0.0s'],
    [9_960, '10s'],
    [12_300, '12s'],
    [103_000, '1m 43s'],
  ])('age of %d ms', (ms, text) => expect(age(ms)).toBe(text));

  it('writes whole numbers with all digits, rates, money and milliseconds as designed', () => {
    expect(integer(1_567_248)).toBe('1,567,248');
    expect(integer(-5)).toBe('−5');
    expect(integer(null)).toBe('–');
    expect([8.2, 11.64, 24_600.4, 9.999].map(rate)).toEqual(['8.20', '11.6', '24,600', '10.0']);
    expect(money('LKR', 1_567_248_049)).toBe('LKR 15,672,480');
    expect([8.44, 99.97, 1_204].map(milliseconds)).toEqual(['8.4', '100', '1,204']);
    expect(duration(null)).toBe('–');
    expect(clock(new Date(2026, 10, 24, 7, 5, 9).getTime())).toBe('07:05:09');
  });
});

describe('cohorts', () => {
  const minute = (ago: number, entered: number, converted: number) => ({
    at: start - ago * MINUTE,
    reached: [entered, converted],
    stillInTime: [0, 0],
  });
  const times = { now: start, windowMs: 60 * MINUTE, span: 120 * MINUTE, bin: 2 * MINUTE };

  it('are grouped without losing a session, and open while someone can still convert', () => {
    const minutes = Array.from({ length: 120 }, (_, i) => minute(119 - i, 10, 1));
    const groups = groupCohorts(minutes, 2, times);
    expect(groups.reduce((sum, group) => sum + (group.reached[0] ?? 0), 0)).toBe(1_200);
    expect(groups.find((group) => group.open)?.from).toBe(start - 60 * MINUTE);
    const joined = joinCohorts(groups);
    expect(joined.reduce((sum, group) => sum + (group.reached[0] ?? 0), 0)).toBe(1_200);
    expect(joined.every((group) => (group.to - group.from) / (2 * MINUTE) <= 4)).toBe(true);
    expect(joined.find((group) => group.open)?.from).toBe(start - 60 * MINUTE);
  });

  it('are not joined beyond 500 who entered', () => {
    const groups = groupCohorts([minute(100, 600, 30), minute(98, 600, 30)], 2, times);
    expect(joinCohorts(groups).filter((group) => (group.reached[0] ?? 0) === 600)).toHaveLength(2);
  });

  it('carry an interval that holds the rate and axis tops that are round', () => {
    const interval = wilson(50, 1_000);
    expect(interval?.[0]).toBeCloseTo(0.0381, 3);
    expect(interval?.[1]).toBeCloseTo(0.0653, 3);
    expect(wilson(0, 0)).toBeNull();
    expect([0.05, 0.051, 7, 8, 8.1].map(niceTop)).toEqual([0.05, 0.06, 8, 8, 10]);
  });
});
