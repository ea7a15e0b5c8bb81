import { describe, expect, it } from 'vitest';
import type { CohortMinute, DeadLetterMinute, FunnelFrame, StepCounts } from '../live-dashboard/frames.ts';
import { fallenStep } from '../live-dashboard/web/broken-events.ts';
import { clock } from '../live-dashboard/web/format.ts';
import { dataNotice } from '../live-dashboard/web/notices.ts';
import { createReasonOrder } from '../live-dashboard/web/reason-order.ts';
import { newestRevision } from '../live-dashboard/web/revision.ts';
import { emptySnapshot } from './support/frames.ts';
import { purchaseFunnel } from './support/scripted-fold.ts';

const MINUTE = 60_000;
const now = Date.UTC(2026, 10, 24, 16, 17, 12);
const thisMinute = Math.floor(now / MINUTE) * MINUTE;
const counts = (p90Seconds: number | null): StepCounts => ({
  sessions: 0,
  stillInTime: 0,
  dropped: 0,
  medianSeconds: null,
  p90Seconds,
});
/** 90% times of the steps: 2, 3 and 1 minutes; the third step's cohorts are mature after 5 */
const times = [counts(null), counts(120), counts(180), counts(60)];

/** `ago` minutes before now: 100 viewed, 40 put into the cart, `checkouts` went to checkout. */
const minute = (ago: number, checkouts: number, entered = 100): CohortMinute => ({
  at: thisMinute - ago * MINUTE,
  reached: [entered, entered * 0.4, checkouts, checkouts * 0.5],
  stillInTime: [0, 0, 0, 0],
});
/** checkouts by age of the cohort in minutes, over six hours */
const minutes = (checkouts: (ago: number) => number, entered = 100): readonly CohortMinute[] =>
  Array.from({ length: 360 }, (_, i) => minute(359 - i, checkouts(359 - i), entered));
const funnel = (cohorts: readonly CohortMinute[]): FunnelFrame => ({
  ...purchaseFunnel,
  windows: { '15m': times, '1h': times, '24h': times },
  cohorts,
});
const letters = (ago: number, count: number, concerns = 'begin_checkout'): DeadLetterMinute => ({
  at: thisMinute - ago * MINUTE,
  reasons: [{ reason: `validation_error:${concerns}`, concerns, count }],
});
const find = (cohorts: readonly CohortMinute[], deadLetterMinutes: readonly DeadLetterMinute[] = []) =>
  fallenStep({
    funnel: funnel(cohorts),
    window: '1h',
    deadLetterMinutes,
    countedSince: now - 360 * MINUTE,
    now,
  });

describe('a step that fell', () => {
  const steady = minutes(() => 18);
  const fallen = minutes((ago) => (ago <= 60 ? 9 : 18));
  const few = minutes((ago) => (ago <= 60 ? 1 : 2), 10).filter((_, i) => i % 10 === 0);

  it.each([
    ['nothing fell', steady, undefined],
    ['only cohorts too young to tell are low', minutes((ago) => (ago <= 5 ? 0 : 18)), undefined],
    ['the mature half hour is low', fallen, 2],
    [
      'only the youngest mature minutes are low, within chance',
      minutes((ago) => (ago <= 7 ? 12 : 18)),
      undefined,
    ],
    ['too few sessions to tell', few, undefined],
    ['nothing came at all', [], undefined],
    ['no cohort is settled', steady.filter(({ at }) => at > now - 60 * MINUTE), undefined],
  ])('%s', (_, cohorts, step) => {
    expect(find(cohorts)?.step).toBe(step);
  });

  it('compares the last thirty minutes older than the 90% times up to the step with the settled average', () => {
    const found = find(fallen);
    expect(found?.since).toBe(thisMinute - 35 * MINUTE);
    expect(found?.recent).toEqual({ part: 30 * 9, whole: 30 * 40 });
    const settled = found?.settled ?? { part: 0, whole: 1 };
    expect(settled.part / settled.whole).toBeCloseTo(0.45, 2);
  });

  it.each([
    ['none', [], undefined],
    ['of another type', [letters(10, 500, 'add_to_cart')], undefined],
    ['before the fall only', [letters(100, 500)], undefined],
    ['as many as ever', Array.from({ length: 360 }, (_, ago) => letters(ago, 3)), undefined],
    ['one more than chance allows', [letters(10, 2)], { count: 2, type: 'begin_checkout' }],
    ['many', [letters(20, 200), letters(3, 46)], { count: 246, type: 'begin_checkout' }],
  ])('with dead letters of its type: %s', (_, deadLetterMinutes, expected) => {
    expect(find(fallen, deadLetterMinutes)?.deadLetters).toEqual(expected);
  });
});

describe('the notice line', () => {
  const fallen = minutes((ago) => (ago <= 60 ? 9 : 18));
  const revised = minutes(() => 18).map((cohort, i) =>
    i === 100
      ? {
          ...cohort,
          reached: [100, 40, 30, 9],
          revised: { at: now - 6 * MINUTE, why: 'replay' as const, events: 43, before: [100, 40, 5, 5] },
        }
      : cohort,
  );
  const state = (fields: Parameters<typeof emptySnapshot>[0] = {}) =>
    emptySnapshot({
      now,
      horizonStart: now - 1440 * MINUTE,
      countersSince: now - 360 * MINUTE,
      ...fields,
    });

  it('says both clauses when dead letters rose with the fall', () => {
    const notice = dataNotice(state({ deadLetterMinutes: [letters(12, 246)] }), funnel(fallen), '1h', now);
    const since = clock(thisMinute - 35 * MINUTE, { seconds: false });
    expect(notice).toMatchObject({ kind: 'broken', word: 'Broken events', fallen: 2 });
    expect(notice?.text).toMatch(
      new RegExp(
        `^Cart → Checkout fell from 4\\d\\.\\d% to 22\\.5% for sessions that entered since ${since}\\. ` +
          'In that time 246 begin_checkout events became dead letters\\. ' +
          'The loss may be in the data, not in the shop\\.$',
      ),
    );
  });

  it('stops after the numbers when they did not', () => {
    const notice = dataNotice(state(), funnel(fallen), '1h', now);
    expect(notice?.kind).toBe('fell');
    expect(notice?.text).toMatch(/ since \d\d:\d\d\.$/);
    expect(notice?.text).not.toContain('dead letter');
  });

  it('says how many sessions were let go', () => {
    const notice = dataNotice(state({ evictedSessions: 12_004 }), funnel(minutes(() => 18)), '1h', now);
    expect(notice?.word).toBe('Counts incomplete');
    expect(notice?.text).toBe('12,004 oldest sessions were let go at the limit of 1,000,000.');
  });

  it('tells a revision with the rate before and after, for ten minutes', () => {
    const shown = dataNotice(state(), funnel(revised), '1h', now);
    expect(shown?.word).toBe('Revised');
    expect(shown?.text).toMatch(
      /^\d\d:\d\d: 43 replayed events changed the cohort of \d\d:\d\d to \d\d:\d\d: Cart → Checkout was \d\d\.\d%, is now \d\d\.\d%\.$/,
    );
    expect(dataNotice(state(), funnel(revised), '1h', now + 4 * MINUTE - 1)?.kind).toBe('revised');
    expect(dataNotice(state(), funnel(revised), '1h', now + 4 * MINUTE)).toBeUndefined();
  });

  it('counts the events of its kind over the cohort, a single one too, and none of before the ten minutes', () => {
    const marked = (marks: Readonly<Record<number, NonNullable<CohortMinute['revised']>>>) =>
      minutes(() => 18).map((cohort, i) => {
        const revised = marks[i];
        return revised === undefined ? cohort : { ...cohort, reached: [100, 40, 30, 9], revised };
      });
    const before = [100, 40, 5, 5];
    const late = { at: now - MINUTE, why: 'late' as const, events: 2, before };
    const text = (cohorts: readonly CohortMinute[]) => dataNotice(state(), funnel(cohorts), '1h', now)?.text;
    // the cohort of the trend that holds minute 100, by its own words
    const from = newestRevision(funnel(marked({ 100: late })), '1h', now)?.from ?? 0;
    const first = minutes(() => 18).findIndex(({ at }) => at === from);
    const replay = { ...late, at: now - 2 * MINUTE, why: 'replay' as const, events: 50 };
    const old = { ...late, at: now - 11 * MINUTE, events: 1_000 };
    const others = {
      [first]: late,
      [first + 1]: { ...late, events: 3 },
      [first + 2]: replay,
      [first + 3]: old,
    };
    expect(text(marked(others))).toMatch(/: 5 late events changed the cohort/);
    expect(text(marked({ [first]: { ...late, events: 1 } }))).toMatch(/: 1 late event changed the cohort/);
    expect(text(marked({ [first]: { ...replay, events: 1_086 } }))).toMatch(
      /: 1,086 replayed events changed/,
    );
    // one event that moved an entry between two cohorts is told at that in which it counts
    const away = { ...late, events: 0 };
    expect(text(marked({ [first]: away, [first + 20]: { ...late, events: 1 } }))).toMatch(
      /: 1 late event changed the cohort .* 1 more cohort changed\.$/,
    );
    expect(text(marked({ [first]: away }))).toMatch(/: late events changed the cohort/);
  });

  it.each([
    [{ deadLetterMinutes: [letters(12, 246)], evictedSessions: 5 }, fallen, 'broken'],
    [{ evictedSessions: 5 }, fallen, 'incomplete'],
    [{ evictedSessions: 5 }, revised, 'incomplete'],
    [{}, revised, 'revised'],
    [{}, minutes(() => 18), undefined],
  ])('is one, the worst: case %#', (fields, cohorts, kind) => {
    expect(dataNotice(state(fields), funnel(cohorts), '1h', now)?.kind).toBe(kind);
  });

  it('compares the whole cohort of the trend before and after, not the one minute', () => {
    const revision = newestRevision(funnel(revised), '1h', now);
    expect(revision?.step).toBe(2);
    expect((revision?.after.part ?? 0) - (revision?.before.part ?? 0)).toBe(25);
    expect(revision?.after.whole).toBeGreaterThan(40);
  });

  it('is silent of a cohort that came as a whole: it is new, nothing is taken back', () => {
    const revisedAt = { at: now - 6 * MINUTE, why: 'late' as const, events: 200, before: [0, 0, 0, 0] };
    const alone = { ...minute(200, 20), revised: revisedAt };
    expect(newestRevision(funnel([alone]), '1h', now)).toBeUndefined();
    expect(newestRevision(funnel([minute(201, 20), alone, minute(199, 20)]), '1h', now)).toBeDefined();
  });
});

describe('the places of dead-letter reasons', () => {
  const of = (...pairs: [string, number][]) => pairs.map(([reason, count]) => ({ reason, count }));

  it('stay while counts move, and are sorted again when the window changes', () => {
    const arrange = createReasonOrder();
    expect(arrange(of(['a', 5], ['b', 3]), '1h')).toEqual(of(['a', 5], ['b', 3]));
    expect(arrange(of(['b', 9], ['a', 5], ['c', 1]), '1h')).toEqual(of(['a', 5], ['b', 9], ['c', 1]));
    expect(arrange(of(['b', 9], ['a', 5], ['c', 1]), '24h')).toEqual(of(['b', 9], ['a', 5], ['c', 1]));
  });

  it('are four; the rest is summed, and a place that is empty is given on', () => {
    const arrange = createReasonOrder();
    const five = of(['a', 5], ['b', 4], ['c', 3], ['d', 2], ['e', 1]);
    expect(arrange(five, '1h').at(-1)).toEqual({ reason: 'other', count: 1 });
    expect(arrange(five.slice(1), '1h').map(({ reason }) => reason)).toEqual(['b', 'c', 'd', 'e']);
  });
});
