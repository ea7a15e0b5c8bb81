import { describe, expect, it } from 'vitest';
import { createFunnelFold } from '../pipeline/funnel/fold.ts';
import { provideOrders } from '../pipeline/funnel/rebuild.ts';
import type { StoredEvent } from '../sinks/warehouse.ts';
import { storedEvent as event, storedEvents } from './support/funnel-events.ts';
import { browseFunnel, purchaseFunnel } from './support/purchase-funnel.ts';
import { recount } from './support/recount.ts';

/*
 * The rules of the funnel, one table each. Every case is folded in the order of the table and backwards, and
 * recounted: the recount is what larger tests trust, so it is held to the same tables.
 */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const now = Date.UTC(2026, 5, 15, 12, 0, 0);
/** of an entry whose window has closed */
const start = now - 3 * hour;
const window = hour;
const s = (session_id: string | null, fields: Partial<StoredEvent> = {}) => ({ session_id, ...fields });

interface Case {
  readonly title: string;
  readonly events: readonly StoredEvent[];
  /** sessions that reached each step of the purchase funnel, over the horizon */
  readonly reached?: readonly number[];
  readonly stillInTime?: readonly number[];
  readonly browse?: readonly number[];
  /** order → session and rule */
  readonly credits?: Readonly<Record<string, string>>;
  readonly orders?: readonly [
    orders: number,
    unattributed: number,
    revenue: Readonly<Record<string, number>>,
  ];
  readonly showSeeds?: boolean;
}

const funnels = [purchaseFunnel, browseFunnel];

async function foldOf(events: readonly StoredEvent[], showSeeds: boolean) {
  const fold = createFunnelFold({ funnels, horizonHours: 24, maxSessions: 100, showSeeds });
  const stored: StoredEvent[] = [];
  for (const one of events) {
    stored.push(one);
    fold.apply([one], { now, cause: 'live' });
    await provideOrders(fold, storedEvents(stored), fold.needsOrders());
  }
  const counts = (name: string) => fold.windowCounts(name, 1440, now);
  return {
    reached: counts('purchase').map((step) => step.sessions),
    stillInTime: counts('purchase').map((step) => step.stillInTime),
    dropped: counts('purchase').map((step) => step.dropped),
    browse: counts('browse').map((step) => step.sessions),
    orders: fold.orders(1440, now),
    credits: Object.fromEntries(
      fold
        .purchases()
        .filter(({ facts }) => facts.at >= now - day)
        .map(({ orderId, sessionId, rule }) => [orderId, `${sessionId} ${rule}`]),
    ),
  };
}

function recountOf(events: readonly StoredEvent[], showSeeds: boolean) {
  const truth = recount(events, funnels, now, 24, { showSeeds });
  const counts = (name: string) => truth.windowCounts(name, 1440);
  return {
    reached: counts('purchase').map((step) => step.sessions),
    stillInTime: counts('purchase').map((step) => step.stillInTime),
    dropped: counts('purchase').map((step) => step.dropped),
    browse: counts('browse').map((step) => step.sessions),
    orders: truth.orders(1440),
    credits: Object.fromEntries(
      truth.purchases
        .filter(({ at }) => at >= now - day)
        .map(({ orderId, session, rule }) => [orderId, `${session} ${rule}`]),
    ),
  };
}

function table(rule: string, cases: readonly Case[]): void {
  describe(rule, () => {
    it.each(cases.map((one) => [one.title, one] as const))('%s', async (_title, one) => {
      const showSeeds = one.showSeeds ?? false;
      const results = {
        'in order': await foldOf(one.events, showSeeds),
        backwards: await foldOf(one.events.toReversed(), showSeeds),
        recount: recountOf(one.events, showSeeds),
      };
      for (const [how, result] of Object.entries(results)) {
        if (one.reached) expect(result.reached, how).toEqual(one.reached);
        if (one.stillInTime) expect(result.stillInTime, how).toEqual(one.stillInTime);
        if (one.browse) expect(result.browse, how).toEqual(one.browse);
        if (one.credits) expect(result.credits, how).toEqual(one.credits);
        if (one.orders) {
          const [orders, unattributed, revenue] = one.orders;
          const money = Object.entries(revenue).map(([currency, amount]) => ({ currency, amount }));
          expect(result.orders, how).toEqual({ orders, unattributed, revenue: money });
        }
      }
      expect(results['in order']).toEqual(results.recount);
      expect(results.backwards).toEqual(results.recount);
    });
  });
}

const view = (at: number, fields: Partial<StoredEvent> = s('s1')) => event('page_view', at, fields);
const cart = (at: number, fields: Partial<StoredEvent> = s('s1')) => event('add_to_cart', at, fields);
const checkout = (at: number, fields: Partial<StoredEvent> = s('s1')) => event('begin_checkout', at, fields);
const paid = (at: number, fields: Partial<StoredEvent> = {}) =>
  event('order_paid', at, { order_id: 'o1', amount: 5_00, currency: 'LKR', ...fields });

table('1: the unit is the session', [
  {
    title: 'two sessions of one user are two',
    events: [view(start, s('s1', { user_id: 'u1' })), view(start, s('s2', { user_id: 'u1' }))],
    reached: [2, 0, 0, 0],
  },
  {
    title: 'blank and derived sessions are in no funnel',
    events: [view(start, s(null, { user_id: 'u1' })), view(start, s('derived:u1:2026-06-15'))],
    reached: [0, 0, 0, 0],
  },
]);

table('2: entry', [
  {
    title: 'a second view within the window is no entry',
    events: [view(start), view(start + window)],
    reached: [1, 0, 0, 0],
  },
  {
    title: 'a view 1 ms past the window is one',
    events: [view(start), view(start + window + 1)],
    reached: [2, 0, 0, 0],
  },
  {
    title: 'views that follow each other within the window are one entry, however long',
    events: [view(start - 2 * hour), view(start - hour), view(start), view(start + hour)],
    reached: [1, 0, 0, 0],
  },
  {
    title: 'a view between two entries merges them',
    events: [view(start), view(start + window + minute), view(start + minute)],
    reached: [1, 0, 0, 0],
  },
  {
    title: 'a view before an entry, within the window, takes its place; its window is its own',
    events: [view(start), cart(start + window), view(start - minute)],
    reached: [1, 0, 0, 0],
  },
  {
    title: 'two views at the same ms are one entry',
    events: [view(start), view(start)],
    reached: [1, 0, 0, 0],
  },
  {
    title: 'an event that the earlier entry could use serves no later one, to the ms',
    events: [view(start), view(start + window + 2 * second), cart(start + window)],
    reached: [2, 1, 0, 0],
  },
  {
    title: 'an event past the earlier window serves the later entry by the tie grace',
    events: [view(start), view(start + window + 2 * second), cart(start + window + 1)],
    reached: [2, 1, 0, 0],
  },
  {
    title: 'an event at the end of the earlier window, which it could not use, serves no later entry',
    events: [
      view(start),
      checkout(start + window),
      view(start + window + second),
      cart(start + window + second),
    ],
    reached: [2, 1, 0, 0],
  },
]);

table('3 and 4: order and window', [
  {
    title: 'a cart 2 s before the view counts',
    events: [cart(start - 2 * second), view(start)],
    reached: [1, 1, 0, 0],
  },
  {
    title: 'a cart 2.001 s before does not',
    events: [cart(start - 2001), view(start)],
    reached: [1, 0, 0, 0],
  },
  {
    title: 'each step may stand 2 s before the one before it',
    events: [
      view(start),
      cart(start - 2 * second),
      checkout(start - 4 * second),
      paid(start - 6 * second, s('s1')),
    ],
    reached: [1, 1, 1, 1],
  },
  {
    title: 'equal times convert',
    events: [view(start), cart(start), checkout(start)],
    reached: [1, 1, 1, 0],
  },
  {
    title: 'an early step is not taken when a later one is in order',
    events: [checkout(start - minute), view(start), cart(start + minute), checkout(start + 2 * minute)],
    reached: [1, 1, 1, 0],
  },
  {
    title: 'a step skipped stops all later ones',
    events: [view(start), checkout(start + minute)],
    reached: [1, 0, 0, 0],
  },
  {
    title: 'the end of the window is in it',
    events: [view(start), cart(start + window)],
    reached: [1, 1, 0, 0],
  },
  {
    title: '1 ms past it is not, without grace',
    events: [view(start), cart(start + window + 1)],
    reached: [1, 0, 0, 0],
  },
  {
    title: 'paths: exact, and a prefix that needs a character after the slash',
    events: [
      view(start, s('s1', { page_path: '/' })),
      view(start + 1, s('s1', { page_path: '/products' })),
      view(start + 2, s('s1', { page_path: '/products/' })),
      view(start, s('s2', { page_path: '/' })),
      view(start + 1, s('s2', { page_path: '/products' })),
      view(start + 2, s('s2', { page_path: '/products/p1' })),
      view(start, s('s3', { page_path: '/products' })),
      view(start, s('s4')),
    ],
    browse: [2, 2, 1, 0, 0, 0],
  },
]);

table('5: three states', [
  {
    title: 'not converted and in the window is in time, of the step after the last reached',
    events: [view(now - 30 * minute), view(now - minute, s('s2')), cart(now, s('s2'))],
    reached: [2, 1, 0, 0],
    stillInTime: [0, 1, 1, 0],
  },
  {
    title: 'in time until 1 ms before the window closes',
    events: [view(now - window + 1)],
    stillInTime: [0, 1, 0, 0],
  },
  { title: 'dropped as it closes', events: [view(now - window)], stillInTime: [0, 0, 0, 0] },
  {
    title: 'a view from the future counts',
    events: [view(now + 9 * minute)],
    reached: [1, 0, 0, 0],
    stillInTime: [0, 1, 0, 0],
  },
]);

table('6: purchases belong to sessions by what names them', [
  {
    title: 'a: its own session',
    events: [view(start), paid(start + minute, s('s1'))],
    credits: { o1: 's1 a' },
  },
  { title: 'a: 24 h after it', events: [cart(start + day), paid(start, s('s1'))], credits: { o1: 's1 a' } },
  {
    title: 'a: not 24 h and 1 ms after',
    events: [cart(start + day + 1), paid(start, s('s1'))],
    credits: { o1: 'null e' },
  },
  {
    title: 'a: 24 h before it',
    events: [checkout(start - day), paid(start, s('s1'))],
    credits: { o1: 's1 a' },
  },
  {
    title: 'a: not 24 h and 1 ms before',
    events: [checkout(start - day - 1), paid(start, s('s1'))],
    credits: { o1: 'null e' },
  },
  {
    title: 'a: a search owns no purchase',
    events: [event('search', start, s('s1')), paid(start, s('s1'))],
    credits: { o1: 'null e' },
  },
  {
    title: 'a goes before b, b before c, c before d',
    events: [
      view(start, s('s1')),
      checkout(start + 1, s('s2', { order_id: 'o1', user_id: 'u1' })),
      paid(start + 2, s('s1', { user_id: 'u1' })),
      checkout(start + 1, s('s3', { order_id: 'o2' })),
      checkout(start + 2, s('s4', { user_id: 'u2' })),
      paid(start + 2, { order_id: 'o2', user_id: 'u2' }),
      checkout(start, s('s5', { user_id: 'u3' })),
      view(start + 1, s('s6', { user_id: 'u3' })),
      paid(start + 2, { order_id: 'o3', user_id: 'u3' }),
      view(start, s('s7', { user_id: 'u4' })),
      paid(start + 2, { order_id: 'o4', user_id: 'u4' }),
      cart(start, s('s8', { user_id: 'u5' })),
      paid(start + 2, { order_id: 'o5', user_id: 'u5' }),
    ],
    credits: { o1: 's1 a', o2: 's3 b', o3: 's5 c', o4: 's7 d', o5: 'null e' },
    orders: [5, 1, { LKR: 25_00 }],
  },
  {
    title: 'b: the newest; ties by event id',
    events: [
      checkout(start, s('s1', { order_id: 'o1' })),
      checkout(start + 1, s('s2', { order_id: 'o1', event_id: '00000000-0000-4000-8000-00000000000a' })),
      checkout(start + 1, s('s3', { order_id: 'o1', event_id: '00000000-0000-4000-8000-000000000009' })),
      paid(start + 2),
    ],
    credits: { o1: 's2 b' },
  },
  {
    title: 'c: ties by event id in every part of it',
    events: [
      checkout(start, s('s1', { user_id: 'u1', event_id: '90000000-0000-4000-8000-000000000001' })),
      checkout(start, s('s2', { user_id: 'u1', event_id: 'a0000000-0000-4000-8000-000000000000' })),
      paid(start, { user_id: 'u1' }),
      checkout(start, s('s3', { user_id: 'u2', event_id: 'a0000000-ffff-4000-8000-000000000000' })),
      checkout(start, s('s4', { user_id: 'u2', event_id: 'a0000000-00ff-4000-8000-ffffffffffff' })),
      paid(start, { order_id: 'o2', user_id: 'u2' }),
    ],
    credits: { o1: 's2 c', o2: 's3 c' },
  },
  ...(['b', 'c', 'd'] as const).flatMap((rule): Case[] => {
    const names = (at: number) =>
      rule === 'd'
        ? view(at, s('s1', { user_id: 'u1' }))
        : checkout(at, s('s1', rule === 'b' ? { order_id: 'o1' } : { user_id: 'u1' }));
    const order = paid(start, { user_id: 'u1' });
    return [
      { title: `${rule}: 24 h before`, events: [names(start - day), order], credits: { o1: `s1 ${rule}` } },
      { title: `${rule}: not 1 ms more`, events: [names(start - day - 1), order], credits: { o1: 'null e' } },
      { title: `${rule}: 2 s after`, events: [names(start + 2000), order], credits: { o1: `s1 ${rule}` } },
      {
        title: `${rule}: not 1 ms more after`,
        events: [names(start + 2001), order],
        credits: { o1: 'null e' },
      },
    ];
  }),
  {
    title: 'b: a click that says it began a checkout names no order, but may name its user',
    events: [
      checkout(start, s('s1', { table: 'click_events', order_id: 'o1' })),
      paid(start),
      checkout(start, s('s2', { table: 'click_events', user_id: 'u1' })),
      paid(start, { order_id: 'o2', user_id: 'u1' }),
    ],
    credits: { o1: 'null e', o2: 's2 c' },
  },
  {
    title: 'the purchase is the last step of its session, at its own time',
    events: [
      view(start),
      cart(start + minute),
      checkout(start + 2 * minute, s('s1', { order_id: 'o1' })),
      paid(start + window),
      view(start, s('s2')),
      cart(start + minute, s('s2')),
      checkout(start + 2 * minute, s('s2', { order_id: 'o2' })),
      paid(start + window + 1, { order_id: 'o2' }),
    ],
    reached: [2, 2, 2, 1],
    orders: [2, 0, { LKR: 10_00 }],
  },
  {
    title: 'bots and blank sessions give no credit',
    events: [
      checkout(start, s('s1', { order_id: 'o1', is_bot: 1 })),
      checkout(start, s(null, { order_id: 'o1', user_id: 'u1' })),
      paid(start, { user_id: 'u1' }),
    ],
    credits: { o1: 'null e' },
  },
]);

table('6 and events.md 4: the purchase of an order', [
  {
    title: 'once per order, by event time the first of paid and created with cash',
    events: [
      event('order_created', start, {
        order_id: 'o1',
        payment_method: 'ONLINE',
        amount: 1_00,
        currency: 'USD',
      }),
      paid(start + 2 * minute),
      paid(start + minute, { amount: 7_00 }),
      event('order_created', start + minute, { order_id: 'o2', payment_method: 'COD', amount: 2_00 }),
      paid(start + 2 * minute, { order_id: 'o2', amount: 9_00 }),
      event('payment_pending', start, { order_id: 'o3', amount: 3_00 }),
    ],
    orders: [2, 2, { LKR: 9_00 }],
  },
  {
    title: 'an older purchase event of long ago takes the purchase out of the horizon',
    events: [paid(start), paid(start - 40 * day)],
    orders: [0, 0, {}],
  },
  {
    title: 'user and session of the earliest event when the purchase event has none',
    events: [
      view(start, s('s1', { user_id: 'u1' })),
      view(start, s('s2', { user_id: 'u2' })),
      event('payment_pending', start - 30 * day, { order_id: 'o1', user_id: 'u1' }),
      event('order_status', start + day, { order_id: 'o1', user_id: 'u2' }),
      paid(start + minute),
      view(start, s('s3')),
      event('order_created', start, { order_id: 'o2', session_id: 's3', payment_method: 'ONLINE' }),
      paid(start + minute, { order_id: 'o2' }),
    ],
    credits: { o1: 's1 d', o2: 's3 a' },
  },
  {
    title:
      'amount of the event, else of order_created, else of order_paid, else of the earliest payment event',
    events: [
      paid(start, { amount: null, currency: 'EUR' }),
      event('payment_pending', start - 1, { order_id: 'o1', amount: 1_00, currency: 'USD' }),
      event('order_created', start + 5, { order_id: 'o1', amount: 2_00, currency: null }),
      paid(start, { order_id: 'o2', amount: null }),
      event('payment_failed', start - 2, { order_id: 'o2', amount: null, currency: 'USD' }),
      event('payment_pending', start - 1, { order_id: 'o2', amount: 4_00, currency: 'USD' }),
      event('payment_failed', start, { order_id: 'o2', amount: 8_00, currency: 'GBP' }),
      paid(start, { order_id: 'o3', amount: null }),
    ],
    orders: [3, 3, { LKR: 2_00, USD: 4_00 }],
  },
]);

table('8: bots and seeds', [
  {
    title: 'are left out',
    events: [
      view(start, s('s1', { is_bot: 1 })),
      view(start, s('s2', { is_seed: 1 })),
      paid(start, { is_seed: 1 }),
    ],
    reached: [0, 0, 0, 0],
    orders: [0, 0, {}],
  },
  {
    title: 'a purchase is a seed when any event of its order is',
    events: [paid(start), event('order_status', start + 9 * hour, { order_id: 'o1', is_seed: 1 })],
    orders: [0, 0, {}],
  },
  {
    title: 'shown seeds count, and give credit to seeds only',
    showSeeds: true,
    events: [
      view(start, s('s1', { is_seed: 1, user_id: 'u1' })),
      paid(start, { user_id: 'u1' }),
      paid(start, { order_id: 'o2', user_id: 'u1', is_seed: 1 }),
      paid(start, { order_id: 'o3', session_id: 's1' }),
    ],
    reached: [1, 0, 0, 0],
    credits: { o1: 'null e', o2: 's1 d', o3: 'null e' },
    orders: [3, 2, { LKR: 15_00 }],
  },
]);

table('10: orders of a window', [
  {
    title: 'by event time, the edge is a whole minute, currencies apart',
    events: [
      paid(now - day, { order_id: 'o1' }),
      paid(now - day - 1, { order_id: 'o2' }),
      paid(now, { order_id: 'o3', currency: 'USD' }),
      paid(now + minute, { order_id: 'o4', currency: null, amount: 1 }),
    ],
    orders: [3, 3, { LKR: 5_01, USD: 5_00 }],
  },
]);
