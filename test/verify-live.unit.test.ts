import { describe, expect, it } from 'vitest';
import { lookAt, lookAtOrders } from '../pipeline/verify/live-compare.ts';
import type { LiveFunnel } from '../pipeline/verify/live-frame.ts';
import type { Entries } from '../pipeline/verify/live-sql.ts';

const minute = 60_000;
const now = 1_000 * minute + 30_000;
const moment = { now, horizonStart: 0 };
const [old, recent] = [900 * minute, 999 * minute];

/** Two steps; the old minute's windows are closed, one of the recent ones closes in a second. */
const entries: readonly Entries[] = [
  { at: old, depth: 1, closesAt: 0, count: 3 },
  { at: old, depth: 2, closesAt: 0, count: 2 },
  { at: recent, depth: 1, closesAt: Number.POSITIVE_INFINITY, count: 4 },
  { at: recent, depth: 1, closesAt: now + 1_000, count: 1 },
  { at: recent, depth: 1, closesAt: now, count: 1 },
];
const counts = (sessions: number, stillInTime: number, dropped: number) => ({
  sessions,
  stillInTime,
  dropped,
});
const funnel = (given: Partial<LiveFunnel> = {}): LiveFunnel => ({
  name: 'purchase',
  windows: {
    '15m': [counts(6, 0, 0), counts(0, 5, 1)],
    '1h': [counts(6, 0, 0), counts(0, 5, 1)],
    '24h': [counts(11, 0, 0), counts(2, 5, 4)],
  },
  cohorts: [
    { at: old, reached: [5, 2], stillInTime: [0, 0] },
    { at: recent, reached: [6, 0], stillInTime: [0, 5] },
  ],
  ...given,
});
const withOld = (reached: readonly number[], stillInTime: readonly number[] = [0, 0]): LiveFunnel =>
  funnel({
    cohorts: [
      { at: old, reached: [...reached], stillInTime: [...stillInTime] },
      ...funnel().cohorts.filter(({ at }) => at !== old),
    ],
  });

describe('live held against SQL', () => {
  it('finds nothing where they agree', () => {
    expect(lookAt(funnel(), funnel(), entries, moment)).toEqual({ held: 2, moved: 0, differences: [] });
  });

  it('tells a step, a session in time and a window that differ', () => {
    expect(lookAt(withOld([5, 1]), withOld([5, 1]), entries, moment).differences.join()).toContain(
      'live 5 1, SQL 5 2',
    );
    expect(lookAt(funnel(), withOld([5, 2], [0, 1]), entries, moment).differences.join()).toContain(
      'still in time: live 0 1, SQL 0 0',
    );
    const windows = { ...funnel().windows, '1h': [counts(6, 0, 0), counts(0, 6, 0)] };
    expect(lookAt(funnel(), funnel({ windows }), entries, moment).differences).toEqual([
      '1h, step 2: live 0 reached, 6 still in time, 0 dropped; SQL 0, 5, 1',
    ]);
  });

  it('tells what only one of them has', () => {
    const without = funnel({ cohorts: funnel().cohorts.filter(({ at }) => at !== old) });
    expect(lookAt(without, without, entries, moment).differences.join()).toContain('live 0 0, SQL 5 2');
    expect(lookAt(funnel(), funnel(), entries.slice(2), moment).differences.join()).toContain(
      'live 5 2, SQL 0 0',
    );
  });

  it('leaves out what moved, what lies before the horizon, and then the windows', () => {
    const before = withOld([4, 2]);
    expect(lookAt(before, funnel(), entries.slice(2), moment)).toEqual({
      held: 1,
      moved: 1,
      differences: [],
    });
    const after = { now, horizonStart: old + minute };
    expect(lookAt(funnel(), funnel(), entries, after)).toMatchObject({ held: 1, moved: 0 });
  });

  it('compares orders and money to the cent, unless they moved', () => {
    const orders = { orders: 2, unattributed: 1, revenue: [{ currency: 'LKR', amount: 1_001 }] };
    const cent = { ...orders, revenue: [{ currency: 'LKR', amount: 1_002 }] };
    expect(lookAtOrders(orders, orders, orders)).toEqual([]);
    expect(lookAtOrders(orders, orders, cent)).toEqual([
      'orders of 24h: live 2 orders, 1 unattributed, 10.01 LKR; SQL 2 orders, 1 unattributed, 10.02 LKR',
    ]);
    expect(lookAtOrders(orders, cent, cent)).toBeUndefined();
  });
});
