import fc from 'fast-check';
import type { FunnelDefinition } from '../../pipeline/funnel/definitions.ts';
import type { StoredEvent } from '../../sinks/warehouse.ts';
import { storedEvent } from './funnel-events.ts';

/** One random history of a small shop, and one way in which it reached us. */
export interface Stream {
  readonly events: readonly StoredEvent[];
  readonly funnels: readonly FunnelDefinition[];
  readonly horizonHours: number;
  readonly showSeeds: boolean;
  readonly now: number;
  /** the events in the order of arrival, cut into commits */
  readonly commits: readonly { readonly events: readonly StoredEvent[]; readonly now: number }[];
  /** the commit after which the process was started anew, if any */
  readonly restartAfter: number | undefined;
  /** whether a look-up of an order sees what is committed but not folded yet */
  readonly lookUpSeesNext: boolean;
  /** whether look-ups are answered only after the next commit was folded */
  readonly lookUpsAreSlow: boolean;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const now = Date.UTC(2026, 5, 15, 12, 34, 56, 789);

const step = (type: FunnelDefinition['steps'][number]['type'], pagePath: string | null = null) => ({
  label: `${type} ${pagePath ?? ''}`.trim(),
  type,
  pagePath,
});

const purchaseSteps = [
  step('page_view'),
  step('add_to_cart'),
  step('begin_checkout'),
  step('purchase'),
] as const;
const funnel = (name: string, windowSeconds: number, steps: FunnelDefinition['steps']): FunnelDefinition => ({
  name,
  title: name,
  windowSeconds,
  steps,
});
const browseSteps = [
  step('page_view', '/'),
  step('page_view', '/products'),
  step('page_view', '/products/*'),
  step('add_to_cart'),
  step('begin_checkout'),
  step('purchase'),
];
/** a purchase between two steps, and steps that own no purchase */
const oddSteps = [step('search'), step('purchase'), step('page_view', '/thanks'), step('scroll')];

interface Setting {
  readonly horizonHours: number;
  readonly funnels: readonly FunnelDefinition[];
}
const settings: readonly Setting[] = [
  {
    horizonHours: 2,
    funnels: [funnel('purchase', 3600, purchaseSteps), funnel('browse', 3600, browseSteps)],
  },
  { horizonHours: 2, funnels: [funnel('purchase', 120, purchaseSteps), funnel('odd', 1800, oddSteps)] },
  { horizonHours: 24, funnels: [funnel('purchase', 3600, purchaseSteps), funnel('odd', 43_200, oddSteps)] },
  {
    horizonHours: 48,
    funnels: [funnel('purchase', 86_400, purchaseSteps), funnel('browse', 7, browseSteps)],
  },
];

interface RawEvent {
  readonly kind: number;
  readonly reference: number;
  readonly delta: { readonly unit: number; readonly times: number; readonly jitter: number };
  readonly session: number;
  readonly user: number;
  readonly order: number;
  readonly path: number;
  readonly flag: number;
  readonly amount: number;
  readonly id: number;
  readonly arrival: number;
}

const rawEvent: fc.Arbitrary<RawEvent> = fc.record({
  kind: fc.nat(31),
  reference: fc.nat(40),
  delta: fc.record({
    unit: fc.nat(8),
    times: fc.integer({ min: -1, max: 1 }),
    jitter: fc.constantFrom(0, 0, 0, 1, -1, 2_000, -2_000, 2_001, -2_001, 700, 60_000),
  }),
  session: fc.nat(7),
  user: fc.nat(4),
  order: fc.nat(5),
  path: fc.nat(7),
  flag: fc.nat(23),
  amount: fc.nat(5),
  id: fc.nat(3),
  arrival: fc.nat(1000),
});

/** A session that walks a funnel, so that deep steps are common and their gaps fall on both sides of each rule. */
interface Journey {
  readonly start: RawEvent;
  readonly funnel: number;
  readonly depth: number;
  readonly gaps: readonly number[];
  /** what names the purchase: its session, the order on the checkout, the user, in bits */
  readonly names: number;
  readonly arrivals: readonly number[];
}

const toWindowEnd = 1e9;
const pastWindowEnd = 1e9 + 1;

const journey: fc.Arbitrary<Journey> = fc.record({
  start: rawEvent,
  funnel: fc.nat(1),
  depth: fc.integer({ min: 2, max: 6 }),
  gaps: fc.array(
    fc.constantFrom(0, 0, 1, 700, 1_000, 10_000, 60_000, -700, -2_000, -2_001, toWindowEnd, pastWindowEnd),
    { minLength: 6, maxLength: 6 },
  ),
  names: fc.nat(7),
  arrivals: fc.array(fc.nat(1000), { minLength: 6, maxLength: 6 }),
});

const webTypes = [
  ...new Array<'page_view'>(8).fill('page_view'),
  ...new Array<'add_to_cart'>(4).fill('add_to_cart'),
  ...new Array<'begin_checkout'>(5).fill('begin_checkout'),
  'search',
  'search',
  'scroll',
  'click',
] as const;
const orderTypes = [
  'order_paid',
  'order_paid',
  'order_paid',
  'order_created',
  'order_created',
  'order_created',
  'payment_pending',
  'payment_failed',
  'order_status',
  'order_cancelled',
] as const;
const paths = ['/', '/products', '/products/p1', '/products/', '/cart', '/thanks', null, '/products/a/b'];
const sessions = ['s1', 's1', 's1', 's2', 's2', 's3', null, 'derived:u1:2026-06-15'];
const users = ['u1', 'u1', 'u2', null, null];
const orders = ['o1', 'o1', 'o2', 'o3', null, null];

/** Random streams; times cluster where a rule turns: windows, graces, credit ranges, the horizon, ties. */
export const streams: fc.Arbitrary<Stream> = fc
  .record({
    raw: fc.array(rawEvent, { maxLength: 24, size: 'max' }),
    journeys: fc.array(journey, { maxLength: 5, size: 'max' }),
    setting: fc.nat(settings.length - 1),
    showSeeds: fc.boolean(),
    cuts: fc.array(fc.nat(1000), { maxLength: 6 }),
    clock: fc.array(fc.constantFrom(0, 1, minute, 20 * minute, hour, 3 * hour, 26 * hour), {
      minLength: 7,
      maxLength: 7,
    }),
    restart: fc.nat(9),
    lookUpSeesNext: fc.boolean(),
    lookUpsAreSlow: fc.boolean(),
  })
  .map((draw) => {
    const setting = settings[draw.setting] as Setting;
    const times: number[] = [];
    const arrivals: { readonly event: StoredEvent; readonly at: number }[] = [];
    const add = (event: StoredEvent, at: number) => {
      times.push(event.event_timestamp);
      arrivals.push({ event, at });
    };
    for (const walk of draw.journeys) {
      for (const [k, event] of eventsOf(walk, times, setting).entries()) add(event, walk.arrivals[k] ?? 0);
    }
    for (const raw of draw.raw) {
      add(eventOf(raw, arrivals.length, timeOf(raw, times, setting)), raw.arrival);
    }
    arrivals.sort((a, b) => a.at - b.at);
    const cuts = [...draw.cuts].sort((a, b) => a - b);
    const commits = [...cuts, 1001].map((until, index) => ({
      events: arrivals
        .filter(({ at }) => at < until && at >= (index === 0 ? 0 : (cuts[index - 1] as number)))
        .map(({ event }) => event),
      // The last commit may be long before the moment at which all is compared, or at it.
      now: now - draw.clock.slice(index).reduce((sum, step) => sum + step, 0),
    }));
    return {
      events: arrivals.map(({ event }) => event),
      funnels: setting.funnels,
      horizonHours: setting.horizonHours,
      showSeeds: draw.showSeeds,
      now,
      commits,
      restartAfter: draw.restart < commits.length ? draw.restart : undefined,
      lookUpSeesNext: draw.lookUpSeesNext,
      lookUpsAreSlow: draw.lookUpsAreSlow,
    };
  });

function timeOf(raw: RawEvent, earlier: readonly number[], setting: Setting): number {
  const horizonStart = Math.floor((now - setting.horizonHours * hour) / minute) * minute;
  const windows = setting.funnels.map((one) => one.windowSeconds * second);
  const anchors = [now, horizonStart, now - (windows[0] ?? 0), now - 5 * minute, now - (windows[1] ?? 0)];
  const places = [...anchors, ...earlier, ...earlier, ...earlier];
  const units = [0, windows[0] ?? 0, windows[1] ?? 0, 24 * hour, 0, 30 * second, minute, 5 * second, 0];
  const { unit, times, jitter } = raw.delta;
  return (places[raw.reference % places.length] as number) + times * (units[unit] ?? 0) + jitter;
}

function eventsOf(walk: Journey, times: readonly number[], setting: Setting): StoredEvent[] {
  const { steps, windowSeconds } = setting.funnels[walk.funnel] as FunnelDefinition;
  const at = timeOf(walk.start, times, setting);
  const session = sessions[walk.start.session] ?? 's1';
  const user = users[walk.start.user] ?? 'u2';
  const order = orders[walk.start.order] ?? 'o2';
  const is_seed = walk.start.flag === 0 ? 1 : 0;
  let time = at;
  return steps.slice(0, walk.depth).map(({ type, pagePath }, k) => {
    const gap = walk.gaps[k] ?? 0;
    if (k > 0) time = gap >= toWindowEnd ? at + windowSeconds * second + gap - toWindowEnd : time + gap;
    const id = { event_id: eventId(walk.start.id, times.length + k), is_seed } as const;
    if (type === 'purchase') {
      return storedEvent('order_paid', time, {
        ...id,
        order_id: order,
        session_id: (walk.names & 1) > 0 ? session : null,
        user_id: (walk.names & 4) > 0 ? user : null,
        amount: 10_00,
      });
    }
    return storedEvent(type, time, {
      ...id,
      session_id: session,
      page_path: pagePath === null ? '/' : pagePath.replace('*', 'p1'),
      user_id: (walk.names & 4) > 0 ? user : null,
      order_id: (walk.names & 2) > 0 && type === 'begin_checkout' ? order : null,
    });
  });
}

/** The random part comes first, last, or not at all: ties of time fall out any way. */
const eventId = (random: number, index: number): string =>
  `0000000${random}-0000-4000-8000-00000000${random % 2}${index.toString(16).padStart(3, '0')}`;

function eventOf(raw: RawEvent, index: number, time: number): StoredEvent {
  const event_id = eventId(raw.id, index);
  const isSeed = raw.flag === 0 || raw.flag === 1;
  const common = { event_id, is_seed: isSeed ? 1 : 0, user_id: users[raw.user] ?? null } as const;
  if (raw.kind < webTypes.length) {
    const type = webTypes[raw.kind] as (typeof webTypes)[number];
    const wasClick = type !== 'page_view' && raw.flag === 2;
    return storedEvent(type, time, {
      ...common,
      session_id: sessions[raw.session] ?? null,
      page_path: paths[raw.path] ?? null,
      is_bot: raw.flag === 3 ? 1 : 0,
      ...(wasClick ? { table: 'click_events' } : {}),
      ...(type === 'begin_checkout' && !wasClick ? { order_id: orders[raw.order] ?? null } : {}),
    });
  }
  return storedEvent(orderTypes[raw.kind - webTypes.length] as StoredEvent['canonical_type'], time, {
    ...common,
    session_id: raw.flag > 14 ? (sessions[raw.session] ?? null) : null,
    order_id: orders[raw.order] ?? 'o1',
    payment_method: raw.flag % 2 === 0 ? 'COD' : 'ONLINE',
    amount: [null, 1_00, 2_50, 100_00, 0, null][raw.amount] ?? null,
    currency: raw.path < 4 ? 'LKR' : raw.path < 6 ? 'USD' : null,
  });
}
