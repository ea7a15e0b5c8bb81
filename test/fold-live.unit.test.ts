import { describe, expect, it } from 'vitest';
import { createFunnelFold, type FunnelFold } from '../pipeline/funnel/fold.ts';
import { provideOrders, rebuildFold } from '../pipeline/funnel/rebuild.ts';
import type { StoredEvent } from '../sinks/warehouse.ts';
import { storedEvent as event, storedEvents } from './support/funnel-events.ts';
import { browseFunnel, purchaseFunnel } from './support/purchase-funnel.ts';

/*
 * What the live fold does beyond the counting: revised marks, deltas, look-ups of orders, expiry, the cap, and the
 * rebuild with exactly the look-back that it needs.
 */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const noon = Date.UTC(2026, 5, 15, 12, 0, 0);
const steps = 4;

const newFold = (maxSessions = 1_000): FunnelFold =>
  createFunnelFold({
    funnels: [purchaseFunnel, browseFunnel],
    horizonHours: 24,
    maxSessions,
    showSeeds: false,
  });

const view = (at: number, session_id = 's1', fields: Partial<StoredEvent> = {}) =>
  event('page_view', at, { session_id, ...fields });
const cart = (at: number, session_id = 's1') => event('add_to_cart', at, { session_id });
const paid = (at: number, fields: Partial<StoredEvent> = {}) =>
  event('order_paid', at, { order_id: 'o1', amount: 5_00, currency: 'LKR', ...fields });
const reached = (fold: FunnelFold, now: number, minutes = 1440) =>
  fold.windowCounts('purchase', minutes, now).map((step) => step.sessions);

describe('7: revised marks', () => {
  const closed = noon + hour + minute;
  const cohort = (fold: FunnelFold, now: number) => fold.cohorts('purchase', now)[0];

  it('stand on a closed cohort that a late event changed, with the counts before', () => {
    const fold = newFold();
    fold.apply([view(noon)], { now: noon, cause: 'live' });
    fold.apply([cart(noon + minute)], { now: closed, cause: 'live' });
    expect(cohort(fold, closed)?.revised).toEqual({
      at: closed,
      why: 'late',
      events: 1,
      before: [1, 0, 0, 0],
    });
    expect(cohort(fold, closed)?.reached).toEqual([1, 1, 0, 0]);
  });

  it('say when a replay did it, and what the cohort was before it', () => {
    const fold = newFold();
    fold.apply([view(noon), view(noon, 's2')], { now: noon, cause: 'live' });
    fold.apply([cart(noon + minute)], { now: closed, cause: 'live' });
    fold.apply([cart(noon + minute, 's2')], { now: closed + hour, cause: 'replay' });
    expect(cohort(fold, closed + hour)?.revised).toEqual({
      at: closed + hour,
      why: 'replay',
      events: 1,
      before: [2, 1, 0, 0],
    });
  });

  it('count an event that moves an entry to another minute once, where somebody was before', () => {
    const fold = newFold();
    fold.apply([view(noon + 5 * minute)], { now: noon + 5 * minute, cause: 'live' });
    const later = closed + 5 * minute;
    fold.apply([view(noon)], { now: later, cause: 'live' });
    const marks = fold
      .cohorts('purchase', later)
      .map(({ at, reached, revised }) => [at, reached[0], revised]);
    const mark = { at: later, why: 'late' };
    expect(marks).toEqual([
      [noon, 1, { ...mark, events: 0, before: [0, 0, 0, 0] }],
      [noon + 5 * minute, 0, { ...mark, events: 1, before: [1, 0, 0, 0] }],
    ]);
  });

  it('count the events of one kind that changed the cohort, each once, while they follow each other', () => {
    const fold = newFold();
    const sessions = Array.from({ length: 6 }, (_, i) => `s${i}`);
    fold.apply(
      sessions.map((id) => view(noon, id)),
      { now: noon, cause: 'live' },
    );
    const revised = (now: number) => {
      const { why, events, before } = cohort(fold, now)?.revised ?? {};
      return [why, events, before?.[1]];
    };
    // three carts in two batches, a fourth of a session that has one, one that is in time for another cohort
    fold.apply([cart(noon + 1, 's0'), cart(noon + 2, 's1'), cart(noon + 9, 's1')], {
      now: closed,
      cause: 'live',
    });
    fold.apply([cart(noon + 1, 's2'), view(closed, 's9'), cart(closed, 's9')], {
      now: closed + 1,
      cause: 'live',
    });
    expect(revised(closed + 1)).toEqual(['late', 3, 0]);
    const replays = [cart(noon + 1, 's3'), cart(noon + 1, 's4')];
    fold.apply(replays, { now: closed + 5 * minute, cause: 'replay' });
    expect(revised(closed + 5 * minute)).toEqual(['replay', 2, 3]);
    // long after: told on its own, and compared with what stood just before
    fold.apply([cart(noon + 1, 's5')], { now: closed + 15 * minute, cause: 'replay' });
    expect(revised(closed + 15 * minute)).toEqual(['replay', 1, 5]);
    expect(cohort(fold, closed + 15 * minute)?.reached).toEqual([6, 6, 0, 0]);
  });

  it('do not stand on a cohort that was still open', () => {
    const fold = newFold();
    fold.apply([view(noon)], { now: noon, cause: 'live' });
    fold.apply([cart(noon + minute)], { now: closed - 1, cause: 'live' });
    expect(cohort(fold, closed)?.revised).toBeUndefined();
  });

  it('do not stand where a late event changed nothing', () => {
    const fold = newFold();
    fold.apply([view(noon), cart(noon)], { now: noon, cause: 'live' });
    fold.apply([cart(noon + minute), view(noon + minute)], { now: closed, cause: 'live' });
    expect(cohort(fold, closed)?.revised).toBeUndefined();
  });

  it('name what brought an order, not what came while it was looked up', () => {
    const fold = newFold();
    const order = paid(noon + 3 * minute, { user_id: 'u1' });
    const begin = event('begin_checkout', noon + 2 * minute, { session_id: 's1', user_id: 'u1' });
    fold.apply([view(noon), cart(noon + minute), begin], { now: noon, cause: 'live' });
    fold.apply([order], { now: closed + 3 * minute, cause: 'replay' });
    fold.apply([view(closed, 's9')], { now: closed + 3 * minute, cause: 'live' });
    fold.provideOrder('o1', [order]);
    expect(cohort(fold, closed + 3 * minute)).toMatchObject({
      reached: [1, 1, 1, 1],
      revised: { why: 'replay', before: [1, 1, 1, 0] },
    });
  });

  it('do not come from the cap', () => {
    const fold = newFold(2);
    fold.apply([view(noon), view(noon, 's2')], { now: noon, cause: 'live' });
    fold.apply([view(closed, 's3')], { now: closed, cause: 'live' });
    expect(fold.evictedSessions()).toBe(1);
    expect(cohort(fold, closed)).toMatchObject({ reached: [1, 0, 0, 0] });
    expect(cohort(fold, closed)?.revised).toBeUndefined();
  });

  it('do not come from a rebuild', async () => {
    const fold = newFold();
    await rebuildFold(fold, storedEvents([view(noon), cart(noon)]), { now: closed });
    expect(cohort(fold, closed)).toEqual({
      at: noon,
      reached: [1, 1, 0, 0],
      stillInTime: [0, 0, 0, 0],
    });
  });

  it('stand on both cohorts when a credit moves, through a slow look-up too', () => {
    const fold = newFold();
    const events = [
      view(noon, 's1'),
      cart(noon, 's1'),
      event('begin_checkout', noon, { session_id: 's1', user_id: 'u1' }),
    ];
    fold.apply(events, { now: noon, cause: 'live' });
    const order = paid(noon + minute, { user_id: 'u1' });
    fold.apply([order], { now: closed, cause: 'replay' });
    fold.advance(closed + minute);
    fold.provideOrder('o1', [order]);
    expect(cohort(fold, closed + minute)).toEqual({
      at: noon,
      reached: [1, 1, 1, 1],
      stillInTime: [0, 0, 0, 0],
      revised: { at: closed + minute, why: 'replay', events: 1, before: [1, 1, 1, 0] },
    });
  });
});

describe('versions and touched minutes', () => {
  it('only touched minutes come after a version', () => {
    const fold = newFold();
    fold.apply([view(noon), view(noon + minute, 's2')], { now: noon + minute, cause: 'live' });
    const told = fold.version();
    expect(fold.cohorts('purchase', noon + minute, told)).toEqual([]);
    fold.apply([cart(noon + minute, 's2')], { now: noon + minute, cause: 'live' });
    expect(fold.version()).toBeGreaterThan(told);
    expect(fold.cohorts('purchase', noon + minute, told).map(({ at }) => at)).toEqual([noon + minute]);
  });

  it('an event that changes no number raises no version', () => {
    const fold = newFold();
    fold.apply([view(noon)], { now: noon, cause: 'live' });
    const told = fold.version();
    fold.apply([view(noon + second), event('search', noon, { session_id: 's9' })], {
      now: noon,
      cause: 'live',
    });
    fold.advance(noon + minute);
    expect(fold.version()).toBe(told);
  });

  it('a minute that lost its last session is told once more, empty', () => {
    const fold = newFold();
    fold.apply([view(noon)], { now: noon, cause: 'live' });
    const told = fold.version();
    fold.apply([view(noon - minute)], { now: noon, cause: 'live' });
    expect(fold.cohorts('purchase', noon, told)).toEqual([
      { at: noon - minute, reached: [1, 0, 0, 0], stillInTime: [0, 1, 0, 0] },
      { at: noon, reached: [0, 0, 0, 0], stillInTime: [0, 0, 0, 0] },
    ]);
    expect(fold.cohorts('purchase', noon).map(({ at }) => at)).toEqual([noon - minute]);
  });

  it('a minute is touched as the time of its sessions runs out, one by one', () => {
    const fold = newFold();
    fold.apply([view(noon + 1), view(noon + 30 * second, 's2')], { now: noon + minute, cause: 'live' });
    const inTime = () => {
      const told = fold.version();
      return (now: number) => fold.cohorts('purchase', now, told).map((one) => one.stillInTime[1]);
    };
    expect(inTime()(noon + hour)).toEqual([]);
    expect(inTime()(noon + hour + 1)).toEqual([1]);
    expect(inTime()(noon + hour + 2)).toEqual([]);
    expect(inTime()(noon + hour + 30 * second - 1)).toEqual([]);
    expect(inTime()(noon + hour + 30 * second)).toEqual([0]);
    expect(inTime()(noon + 2 * hour)).toEqual([]);
  });

  it('a cohort leaves with the minute that leaves the horizon', () => {
    const fold = newFold();
    fold.apply([view(noon)], { now: noon, cause: 'live' });
    expect(fold.cohorts('purchase', noon + day + minute - 1)).toHaveLength(1);
    expect(reached(fold, noon + day + minute - 1)).toEqual([1, 0, 0, 0]);
    expect(fold.cohorts('purchase', noon + day + minute)).toHaveLength(0);
    expect(reached(fold, noon + day + minute)).toEqual([0, 0, 0, 0]);
  });

  it('an unknown funnel is an error', () => {
    expect(() => newFold().cohorts('nonesuch', noon)).toThrow(RangeError);
  });
});

describe('windows', () => {
  it('begin at a whole minute', () => {
    const fold = newFold();
    const now = noon + 30 * second;
    fold.apply([view(noon - 15 * minute), view(noon - 15 * minute - 1, 's2')], { now, cause: 'live' });
    expect(reached(fold, now, 15)).toEqual([1, 0, 0, 0]);
    expect(reached(fold, now, 60)).toEqual([2, 0, 0, 0]);
  });

  it('tell how long a step took within 5 %, also after sessions left the horizon', () => {
    const fold = newFold();
    const seconds = Array.from({ length: 101 }, (_, i) => 1 + i * 7);
    const old = Array.from({ length: 50 }, (_, i) => [
      view(noon - day - hour + i, `old${i}`),
      cart(noon - day - hour + i + second, `old${i}`),
    ]);
    fold.apply(old.flat(), { now: noon - day, cause: 'live' });
    const events = seconds.flatMap((took, i) => [
      view(noon - hour + i, `s${i}`),
      cart(noon - hour + i + took * second, `s${i}`),
    ]);
    fold.apply(events, { now: noon, cause: 'live' });
    for (const minutes of [60, 1440]) {
      const step = fold.windowCounts('purchase', minutes, noon)[1];
      expect(step?.sessions).toBe(101);
      expect(Math.abs((step?.medianSeconds ?? 0) / 351 - 1)).toBeLessThan(0.05);
      expect(Math.abs((step?.p90Seconds ?? 0) / 631 - 1)).toBeLessThan(0.05);
    }
  });

  it('tell no time where nobody converted, and 0 where a step came before the one before it', () => {
    const fold = newFold();
    fold.apply([view(noon), cart(noon - second)], { now: noon, cause: 'live' });
    const counts = fold.windowCounts('purchase', 60, noon);
    expect(counts.map((step) => step.medianSeconds)).toEqual([null, 0, null, null]);
  });
});

describe('orders', () => {
  it('count when the warehouse has told all their events, and each event once', () => {
    const fold = newFold();
    const first = paid(noon, { amount: null });
    const created = event('order_created', noon - 90 * day, {
      order_id: 'o1',
      amount: 9_00,
      currency: 'LKR',
    });
    fold.apply([first, view(noon)], { now: noon, cause: 'live' });
    expect(fold.needsOrders()).toEqual(['o1']);
    expect(fold.orders(60, noon).orders).toBe(0);
    const between = event('order_status', noon + second, { order_id: 'o1', user_id: 'u1' });
    fold.apply([between], { now: noon, cause: 'live' });
    expect(fold.orders(60, noon).orders).toBe(0);
    fold.provideOrder('o1', [first, created, between]);
    expect(fold.needsOrders()).toEqual([]);
    expect(fold.orders(60, noon)).toEqual({
      orders: 1,
      revenue: [{ currency: 'LKR', amount: 9_00 }],
      unattributed: 1,
    });
    fold.apply([view(noon, 's1', { user_id: 'u1' })], { now: noon, cause: 'live' });
    expect(fold.orders(60, noon).unattributed).toBe(0);
  });

  it('are not asked for before their first purchase event, nor again after it', async () => {
    const fold = newFold();
    const created = event('order_created', noon, { order_id: 'o1', payment_method: 'ONLINE' });
    fold.apply([created], { now: noon, cause: 'live' });
    expect(fold.needsOrders()).toEqual([]);
    const first = paid(noon + second);
    fold.apply([first], { now: noon, cause: 'live' });
    const warehouse = storedEvents([created, first]);
    await provideOrders(fold, warehouse, fold.needsOrders());
    fold.apply([paid(noon + minute)], { now: noon, cause: 'live' });
    expect(fold.needsOrders()).toEqual([]);
    expect(warehouse.ordersRead).toEqual(['o1']);
  });

  it('an older purchase event, of any age, moves the purchase of a known order', () => {
    const fold = newFold();
    const first = paid(noon);
    fold.apply([view(noon - minute), first], { now: noon, cause: 'live' });
    fold.provideOrder('o1', [first]);
    fold.apply([paid(noon - 300 * day)], { now: noon, cause: 'replay' });
    expect(fold.orders(1440, noon).orders).toBe(0);
  });
});

describe('expiry', () => {
  const goRound = (fold: FunnelFold, now: number) => {
    fold.advance(now - hour);
    fold.advance(now);
  };

  it('lets everything go in time', () => {
    const fold = newFold();
    const order = paid(noon, { user_id: 'u1' });
    const named = { user_id: 'u1', order_id: 'o1', session_id: 's1' };
    fold.apply([view(noon), event('begin_checkout', noon, named), order], { now: noon, cause: 'live' });
    fold.provideOrder('o1', [order]);
    expect(fold.stats()).toMatchObject({ sessions: 1, users: 1, orders: 1 });
    goRound(fold, noon + 2 * day);
    expect(fold.stats()).toMatchObject({ sessions: 1, users: 1, orders: 1 });
    goRound(fold, noon + 2 * day + 2 * minute);
    goRound(fold, noon + 2 * day + 4 * hour);
    expect(fold.stats()).toMatchObject({ sessions: 0, users: 0, orders: 0, evicted: 0 });
  });

  it.each([
    ['b', { order_id: 'o1' }],
    ['c', { user_id: 'u1' }],
    ['d', { user_id: 'u1' }],
  ] as const)('keeps what may still give a purchase away by rule %s', (rule, names) => {
    // The oldest purchase of the oldest entry, and the event of 24 h before that owns it.
    const now = noon + 59 * second;
    const entry = noon - day;
    const fold = newFold();
    const owner = entry - 6 * second - day;
    const type = rule === 'd' ? 'page_view' : 'begin_checkout';
    fold.apply([event(type, owner, { session_id: 's1', ...names })], { now: owner, cause: 'live' });
    goRound(fold, now);
    const order = paid(entry - 6 * second, { user_id: 'u1' });
    const web = [
      view(entry),
      cart(entry - 2 * second),
      event('begin_checkout', entry - 4 * second, { session_id: 's1' }),
      order,
    ];
    fold.apply(web, { now, cause: 'live' });
    fold.provideOrder('o1', [order]);
    expect(fold.purchases().map((one) => `${one.sessionId} ${one.rule}`)).toEqual([`s1 ${rule}`]);
    expect(reached(fold, now)).toEqual([1, 1, 1, 1]);
  });
});

describe('the cap', () => {
  it('lets the sessions that are silent for longest go, and says how many', () => {
    const fold = newFold(2);
    fold.apply([view(noon, 's1'), view(noon + 1, 's2')], { now: noon, cause: 'live' });
    fold.apply([view(noon + 2, 's1'), view(noon + 3, 's3')], { now: noon, cause: 'live' });
    expect(fold.stats()).toMatchObject({ sessions: 2, evicted: 1 });
    expect(fold.evictedSessions()).toBe(1);
    // s1 is known still: its cart counts. s2 is not.
    fold.apply([cart(noon + 4, 's1')], { now: noon, cause: 'live' });
    expect(reached(fold, noon)).toEqual([2, 1, 0, 0]);
  });

  it('is told until what went could count no more, and what is older is no loss', () => {
    const fold = newFold(1);
    fold.apply([view(noon, 's1')], { now: noon, cause: 'live' });
    fold.apply([view(noon + 2 * minute, 's2')], { now: noon, cause: 'live' });
    fold.apply([view(noon + 3 * minute, 's3')], { now: noon, cause: 'live' });
    expect(fold.evictedSessions()).toBe(2);
    const lookBack = noon - fold.rebuildFrom(noon);
    fold.advance(noon + lookBack);
    expect(fold.evictedSessions()).toBe(2);
    fold.advance(noon + lookBack + 2 * minute);
    expect(fold.evictedSessions()).toBe(1);
    fold.advance(noon + lookBack + 4 * minute);
    expect(fold.evictedSessions()).toBe(0);
    expect(fold.stats().evicted).toBe(2);
    // s3 is over the age too, and stands there only until the sweep comes by
    const now = noon + lookBack + 10 * minute;
    fold.apply([view(now, 's4')], { now, cause: 'live' });
    expect(fold.stats()).toMatchObject({ sessions: 1, evicted: 2 });
    expect(fold.evictedSessions()).toBe(0);
  });

  it('gives the purchases of an evicted session to the next that may have them', () => {
    const fold = newFold(1);
    const order = paid(noon, { user_id: 'u1' });
    fold.apply([view(noon, 's1', { user_id: 'u1' }), order], { now: noon, cause: 'live' });
    fold.provideOrder('o1', [order]);
    fold.apply([view(noon + second, 's2')], { now: noon, cause: 'live' });
    expect(fold.orders(60, noon)).toMatchObject({ orders: 1, unattributed: 1 });
  });

  it('keeps 100 sessions out of 5,000 that come', () => {
    const fold = newFold(100);
    for (let i = 0; i < 50; i += 1) {
      const events = Array.from({ length: 100 }, (_, k) => view(noon + i, `s${i}-${k}`));
      fold.apply(events, { now: noon, cause: 'live' });
      expect(fold.stats().sessions).toBeLessThanOrEqual(100);
    }
    expect(reached(fold, noon)[0]).toBe(fold.stats().sessions);
    expect(fold.stats().sessions + fold.stats().evicted).toBe(5_000);
  });
});

describe('the rebuild', () => {
  const now = noon + 59 * second + 999;
  const horizonStart = noon - day;

  /** What is shown at `now`, from all of these events and from a warehouse that has them. */
  async function liveAndRebuilt(events: readonly StoredEvent[]) {
    const live = newFold();
    for (const one of events) {
      live.apply([one], { now: one.event_timestamp, cause: 'live' });
      await provideOrders(live, storedEvents(events), live.needsOrders());
    }
    const rebuilt = newFold();
    await rebuildFold(rebuilt, storedEvents(events), { now });
    const shown = (fold: FunnelFold) => ({
      cohorts: fold.cohorts('purchase', now).map(({ reached: counts, at }) => ({ at, counts })),
      orders: fold.orders(1440, now),
    });
    return { live: shown(live), rebuilt: shown(rebuilt) };
  }

  it('sees that a session had entered before the horizon', async () => {
    const { live, rebuilt } = await liveAndRebuilt([view(horizonStart - hour), view(horizonStart)]);
    expect(rebuilt).toEqual(live);
    expect(rebuilt.cohorts).toEqual([]);
  });

  it('sees what gave the oldest purchase of the oldest entry its session', async () => {
    const grace = 2 * second * (steps - 1);
    const { live, rebuilt } = await liveAndRebuilt([
      event('begin_checkout', horizonStart - grace - day, { session_id: 's1', user_id: 'u1' }),
      paid(horizonStart - grace, { user_id: 'u1' }),
      event('begin_checkout', horizonStart - 4 * second, { session_id: 's1' }),
      cart(horizonStart - 2 * second),
      view(horizonStart),
    ]);
    expect(rebuilt).toEqual(live);
    expect(rebuilt.cohorts).toEqual([{ at: horizonStart, counts: [1, 1, 1, 1] }]);
  });

  it('reads all events of an order, however old', async () => {
    const { live, rebuilt } = await liveAndRebuilt([
      paid(noon - 200 * day),
      event('order_created', noon - 100 * day, { order_id: 'o2', user_id: 'u1', amount: 3_00 }),
      view(noon - minute, 's1', { user_id: 'u1' }),
      paid(noon),
      paid(noon, { order_id: 'o2', amount: null }),
    ]);
    expect(rebuilt).toEqual(live);
    expect(rebuilt.orders).toEqual({
      orders: 1,
      revenue: [{ currency: 'LKR', amount: 3_00 }],
      unattributed: 0,
    });
  });

  it('begins one minute, and the look-back, before the horizon', () => {
    expect(newFold().rebuildFrom(now)).toBe(now - day - minute - (day + 2 * second * (6 - 1)));
  });

  it('with a window of half a long horizon, sees which entry had spent an event', async () => {
    const long = { ...purchaseFunnel, windowSeconds: 86_400 };
    const options = { funnels: [long], horizonHours: 48, maxSessions: 9, showSeeds: false };
    const start = noon - 2 * day;
    const events = [
      view(start - 2 * day + hour),
      view(start - day - second),
      cart(start - 1.5 * second),
      view(start),
    ];
    const live = createFunnelFold(options);
    live.apply(events, { now: noon, cause: 'rebuild' });
    const rebuilt = createFunnelFold(options);
    await rebuildFold(rebuilt, storedEvents(events), { now: noon });
    expect(rebuilt.cohorts('purchase', noon)).toEqual([
      { at: start, reached: [1, 1, 0, 0], stillInTime: [0, 0, 0, 0] },
    ]);
    expect(live.cohorts('purchase', noon)).toEqual(rebuilt.cohorts('purchase', noon));
  });

  it('shows its progress', async () => {
    const events = Array.from({ length: 20 }, (_, i) => view(noon - i, `s${i}`));
    const progress: (readonly [number, number])[] = [];
    const fold = newFold();
    const done = await rebuildFold(fold, storedEvents(events), {
      now,
      onProgress: (count, total) => progress.push([count, total]),
    });
    expect(progress).toEqual([
      [0, 20],
      [7, 20],
      [14, 20],
      [20, 20],
    ]);
    expect(done).toEqual({ webEvents: 20, orders: 0 });
  });
});
