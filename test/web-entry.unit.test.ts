import { describe, expect, it } from 'vitest';
import type { CohortMinute, FunnelFrame } from '../live-dashboard/frames.ts';
import { deadLetterContent, enteredContent, rateContent } from '../live-dashboard/web/entry-content.ts';
import { middleOf, spanAt, stepFrom } from '../live-dashboard/web/entry-span.ts';
import { entryTimes } from '../live-dashboard/web/entry-times.ts';
import { clock } from '../live-dashboard/web/format.ts';
import { purchaseFunnel } from './support/scripted-fold.ts';

const MINUTE = 60_000;
const now = Date.UTC(2026, 10, 24, 12, 7, 30);
const at = (hour: number, minute: number): number => Date.UTC(2026, 10, 24, hour, minute);
const text = (time: number): string => clock(time, { seconds: false });
const cohort = (
  start: number,
  reached: readonly number[],
  revised?: CohortMinute['revised'],
): CohortMinute => ({ at: start, reached, stillInTime: [0, 0, 0, 0], ...(revised && { revised }) });
const funnel = (cohorts: readonly CohortMinute[]): FunnelFrame => ({
  ...purchaseFunnel,
  windows: { '15m': [], '1h': [], '24h': [] },
  cohorts,
});

describe('the time axis of the charts', () => {
  it('begins and ends at whole minutes and holds every bar', () => {
    const times = entryTimes(funnel([]), '1h', now);
    expect([times.from, times.until]).toEqual([at(6, 7), at(12, 7)]);
    expect(times.bins[0]?.from).toBe(at(6, 10));
    expect(times.openFrom).toBe(at(11, 5));
    expect(entryTimes(funnel([]), '1h', now + 29_000)).toEqual(times);
  });

  it('keeps every point where it is while older ones leave', () => {
    const minutes = Array.from({ length: 400 }, (_, i) =>
      cohort(at(5, 30) + i * MINUTE, [30 + (i % 7), 9, 4, 2]),
    );
    const settled = (later: number) =>
      entryTimes(funnel(minutes), '1h', now + later * MINUTE).points.filter(
        ({ from, open }) => !open && from >= at(7, 0) && from < at(10, 30),
      );
    const first = settled(0);
    expect(first.length).toBeGreaterThan(8);
    for (let later = 1; later <= 20; later++) expect(settled(later)).toEqual(first);
  });
});

describe('what a chart shows', () => {
  it('of a rate: point, interval, average of the settled, and what is still open', () => {
    const minutes = [cohort(at(8, 0), [400, 213, 96, 40]), cohort(at(12, 6), [30, 12, 3, 0])];
    const content = rateContent(funnel(minutes), entryTimes(funnel(minutes), '1h', now), { from: 1, to: 2 });
    const [settled, open] = content.points.filter(({ value }) => value !== null);
    expect(settled).toMatchObject({ from: at(8, 0), value: 96 / 213, open: false, revised: '' });
    expect(settled?.says).toBe(`${text(at(8, 0))} 45.1%, 96 of 213`);
    expect(settled?.interval?.[0]).toBeLessThan(96 / 213);
    expect(open?.says).toMatch(/ 25\.0%, 3 of 12, so far$/);
    expect(open?.interval).toBeNull();
    expect(content.average).toBe(96 / 213);
    expect(content.summary).toBe('Cart → Checkout by entry time: 45.1% settled average, 96 of 213 sessions');
    expect(content.points.some(({ value }) => value === null)).toBe(true);
  });

  it('of a revised rate: when, why, and what it was; a rate there was none of is new', () => {
    const revised = { at: at(12, 1), why: 'late', events: 1, before: [400, 213, 60, 40] } as const;
    const fromNothing = { at: at(12, 1), why: 'late', events: 1, before: [0, 0, 0, 0] } as const;
    const minutes = [
      cohort(at(8, 0), [400, 213, 96, 40], revised),
      cohort(at(9, 0), [50, 20, 9, 4], fromNothing),
    ];
    const times = entryTimes(funnel(minutes), '1h', now);
    const marks = (points: readonly { readonly revised: string }[]) =>
      points.map((point) => point.revised).filter((mark) => mark !== '');
    expect(marks(rateContent(funnel(minutes), times, { from: 1, to: 2 }).points)).toEqual([
      `revised ${text(at(12, 1))} by late events, was 28.2%`,
    ]);
    expect(marks(rateContent(funnel(minutes), times, { from: 0, to: 1 }).points)).toEqual([]);
    expect(marks(enteredContent(times).points)).toEqual([]);
  });

  it('of dead letters: their sum a bar, by arrival', () => {
    const times = entryTimes(funnel([]), '1h', now);
    const letters = (time: number, ...counts: number[]) => ({
      at: time,
      reasons: counts.map((count, i) => ({ reason: `r${i}`, concerns: null, count })),
    });
    const content = deadLetterContent(times, [
      letters(at(5, 0), 99),
      letters(at(9, 0), 2, 3),
      letters(at(9, 4), 4),
      letters(at(9, 5), 1),
    ]);
    expect(content.points.filter(({ value }) => value !== 0).map(({ from, value }) => [from, value])).toEqual(
      [
        [at(9, 0), 9],
        [at(9, 5), 1],
      ],
    );
    expect(content.summary).toBe(
      `Dead letters, by arrival: 10, most from ${text(at(9, 0))} to ${text(at(9, 5))}: 9`,
    );
    expect(deadLetterContent(times, [])).toMatchObject({ nothing: true, told: 'nothing in this window' });
  });
});

describe('the pointer', () => {
  const spans = [
    { from: 0, to: 10 },
    { from: 10, to: 20 },
    { from: 20, to: 30 },
  ];

  it('is in the span that holds it, or in the nearest', () => {
    expect([-5, 0, 9.9, 10, 25, 99].map((time) => spanAt(spans, time))).toEqual([0, 0, 0, 1, 2, 2]);
    expect(spanAt([], 5)).toBeUndefined();
  });

  it('goes from middle to middle and stops at the ends', () => {
    expect(middleOf({ from: 20, to: 30 }, 24)).toBe(22);
    expect(stepFrom(spans, null, -1, 24)).toBe(22);
    expect(stepFrom(spans, 22, -1, 24)).toBe(15);
    expect(stepFrom(spans, 22, 1, 24)).toBe(22);
    expect(stepFrom(spans, 3, -1, 24)).toBe(5);
    expect(stepFrom([], null, 1, 24)).toBeNull();
  });
});
