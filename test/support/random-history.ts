import type { AnalyticsEvent, DeadLetter } from '../../ingest/event.ts';
import type { Batch } from '../../sinks/warehouse.ts';
import { batchOf } from './bronze-rows.ts';
import { amqpOrigin, collectorOrigin, eventOf, judge, letterFrom, trackOrigin } from './ingesting.ts';
import { createRandom, type Random } from './random.ts';
import {
  alphabet,
  logBody,
  orderBody,
  orderKinds,
  reviewBody,
  reviewKinds,
  type Thread,
  type Told,
  type WebType,
  webBody,
} from './random-bodies.ts';
import { type Bronze, bronzeOf } from './recount-bronze.ts';
import { createDays } from './recount-days.ts';
import type { Funnel } from './recount-funnel.ts';

/**
 * A random history of a small shop in the order in which it reached us. Events go through the product's own
 * decoding and normalisation, so that they are what the product would store; each id comes once, as behind the
 * claims. Times cluster where a rule turns: windows, graces, the look-back, midnights, a change of the clocks.
 */
export interface History {
  readonly timeZone: string;
  readonly showSeeds: boolean;
  readonly funnels: readonly (Funnel & { readonly title: string })[];
  readonly slices: readonly Slice[];
}

/** What was committed between two cycles; may be empty. */
export interface Slice {
  readonly events: readonly AnalyticsEvent[];
  readonly letters: readonly DeadLetter[];
  /** ms; of the commit, and so the letters' failed_at */
  readonly committedAt: number;
  /** ms; the start of the cycle that follows */
  readonly asOf: number;
}

export interface HistoryOptions {
  /** stories told: a walk through a funnel, an order's life, a review's, or a few loose events. Default 14 */
  readonly stories?: number;
  /** default 4 */
  readonly slices?: number;
  readonly timeZone?: string;
  /** whether seeds and real events share sessions, orders and reviews now and then. Default yes */
  readonly mixSeeds?: boolean;
}

const second = 1_000;
const hour = 3_600_000;
const day = 24 * hour;
/** how far ahead of its receipt an event may be dated */
const early = 600_000;

/** A date of 2026 on which the zone's clocks change, where they do. */
const zones = [
  ['UTC', '2026-04-05'],
  ['Asia/Colombo', '2026-04-05'],
  ['Europe/Berlin', '2026-03-29'],
  ['Europe/Berlin', '2026-10-25'],
  ['America/New_York', '2026-03-08'],
  ['Australia/Lord_Howe', '2026-04-05'],
  ['America/Santiago', '2026-04-04'],
  ['America/Santiago', '2026-09-06'],
  ['Asia/Kathmandu', '2026-04-05'],
] as const;

const step = (label: string, type: string, pagePath?: string) =>
  pagePath === undefined ? { label, type } : { label, type, pagePath };
const purchaseSteps = [
  step('View', 'page_view'),
  step('Cart', 'add_to_cart'),
  step('Checkout', 'begin_checkout'),
  step('Purchase', 'purchase'),
];
const browseSteps = [
  step('Home', 'page_view', '/'),
  step('Catalogue', 'page_view', '/products'),
  step('Product', 'page_view', '/products/*'),
  step('Cart', 'add_to_cart'),
  step('Checkout', 'begin_checkout'),
  step('Purchase', 'purchase'),
];
const oddSteps = [
  step('Search', 'search'),
  step('Bought', 'purchase'),
  step('Thanks', 'page_view', '/thanks'),
  step('Read', 'scroll'),
];
const funnel = (name: string, windowSeconds: number, steps: Funnel['steps']) => ({
  name,
  title: name,
  windowSeconds,
  steps,
});
const funnelSettings = [
  [funnel('purchase', 3_600, purchaseSteps), funnel('browse', 3_600, browseSteps)],
  [funnel('purchase', 120, purchaseSteps), funnel('odd', 1_800, oddSteps)],
  [funnel('purchase', 43_200, purchaseSteps), funnel('browse', 7, browseSteps)],
] as const;

export function randomHistory(seed: number, options: HistoryOptions = {}): History {
  const random = createRandom(seed);
  const [timeZone, date] = random.pick(
    options.timeZone === undefined ? zones : zones.filter(([name]) => name === options.timeZone),
  );
  const funnels = random.pick(funnelSettings);
  const clock = createClock(random.fork(), timeZone, date, funnels);
  const showSeeds = random.oneIn(4);
  const stories = random.fork();
  const happened = Array.from({ length: options.stories ?? 14 }, () => {
    const own = stories.fork();
    return { own, story: storyOf(own, clock, funnels, options.mixSeeds ?? true) };
  });
  const newest = Math.max(
    clock.nextMidnight,
    ...happened.flatMap(({ story }) => story.map(({ time }) => time)),
  );
  const asOfs = asOfMoments(random.fork(), clock, options.slices ?? 4, newest);
  const quiet = asOfs.map((_asOf, index) => index < asOfs.length - 1 && random.oneIn(5));

  const events = asOfs.map((): AnalyticsEvent[] => []);
  for (const { own, story } of happened) {
    for (const { time, told } of story) {
      // It comes at any time that is not more than 10 minutes before it happened, or a year after.
      const possible = asOfs.flatMap((asOf, index) =>
        asOf >= time - early && asOf <= time + 360 * day && !quiet[index] ? [index] : [],
      );
      const arrival = possible.length === 0 ? asOfs.length - 1 : own.pick(possible);
      const delay = own.pick([0, 5, 5, 1_234, hour, day, 300 * day]);
      const receivedAt = Math.max(time - early, Math.min(asOfs[arrival] as number, time + delay));
      events[arrival]?.push(eventOf(judge(told.body, told.origin, { at: receivedAt })));
    }
  }
  const bins = random.fork();
  return {
    timeZone,
    showSeeds,
    funnels,
    slices: asOfs.map((asOf, index) => ({
      events: events[index] ?? [],
      letters: Array.from({ length: bins.int(0, 2) }, () => letterOf(bins, asOf)),
      committedAt: bins.pick([asOf, asOf - 1, clock.midnight, clock.midnight - 1]),
      asOf,
    })),
  };
}

/** What Bronze and the letters hold when slice `last` (from 0) was committed. */
export function bronzeAt({ slices }: History, last = slices.length - 1): Bronze {
  const held = slices.slice(0, last + 1);
  return bronzeOf(
    held.flatMap(({ events }) => events),
    held.flatMap(({ letters, committedAt }) =>
      letters.map(({ source }) => ({ failed_at: committedAt, source })),
    ),
  );
}

/** One batch for Warehouse.commit, numbered from firstSeq on. */
export const batchOfSlice = ({ events, letters, committedAt }: Slice, firstSeq: number): Batch =>
  batchOf(events, firstSeq, { deadLetters: letters, at: committedAt });

interface Clock {
  /** the local midnight with which the chosen date begins */
  readonly midnight: number;
  /** the first such midnight after it */
  readonly nextMidnight: number;
  /** a moment near one that was used before, or near a midnight */
  near(random: Random, earlier: readonly number[]): number;
}

function createClock(random: Random, timeZone: string, date: string, funnels: readonly Funnel[]): Clock {
  const days = createDays(timeZone);
  const nextMidnight = days.endOf(date);
  const midnight = days.endOf(days.dateOf(nextMidnight - 26 * hour));
  const utcMidnight = Math.floor(nextMidnight / day) * day;
  const windows = funnels.map(({ windowSeconds }) => windowSeconds * second);
  const anchors = [
    midnight,
    nextMidnight,
    nextMidnight,
    utcMidnight,
    nextMidnight - random.int(0, 20) * hour,
  ];
  const units = [0, 0, 0, ...windows, 24 * hour, 30 * second, 5 * 60 * second, hour];
  const farUnits = [31 * day, 120 * day];
  const jitters = [0, 0, 0, 0, 1, -1, 2_000, -2_000, 2_001, -2_001, 700, 60_000];
  return {
    midnight,
    nextMidnight,
    near(own, earlier) {
      const place = own.pick([...anchors, ...earlier.slice(-12), ...earlier.slice(-6)]);
      const unit = own.pick(own.oneIn(20) ? farUnits : units);
      return place + own.pick([-1, 0, 1]) * unit + own.pick(jitters);
    },
  };
}

/** Starts of cycles: at edges of days and windows, minutes or months apart; the last when all has happened. */
function asOfMoments(random: Random, clock: Clock, slices: number, newest: number): readonly number[] {
  const last = newest + random.pick([-early, 0, 1, hour, day]);
  const moments: number[] = [];
  for (let i = 1; i < slices; i += 1) {
    const later = random.pick([0, 0, 1, hour, hour, 6 * hour, 26 * hour, 40 * day]);
    moments.push(Math.min(last, clock.near(random, moments) + later));
  }
  return [...moments.sort((a, b) => a - b), last];
}

interface TimedTold {
  readonly time: number;
  readonly told: Told;
}

const webTypes: readonly WebType[] = [
  'page_view',
  'page_view',
  'page_view',
  'click',
  'click',
  'add_to_cart',
  'begin_checkout',
  'scroll',
  'search',
  'form_interaction',
];

function storyOf(
  random: Random,
  clock: Clock,
  funnels: readonly Funnel[],
  mixSeeds: boolean,
): readonly TimedTold[] {
  const isSeed = random.oneIn(8);
  const mark = isSeed && !mixSeeds ? 'seed-' : '';
  const session = random.pick(alphabet.sessions);
  const thread: Thread = {
    session: session === null ? null : `${mark}${session}`,
    user: random.pick(alphabet.users),
    order: `${mark}${random.pick(alphabet.orders)}`,
    isSeed,
    isBot: random.oneIn(12),
  };
  const times: number[] = [];
  const at = (): number => {
    const time = clock.near(random, times);
    times.push(time);
    return time;
  };
  switch (random.pick(['walk', 'walk', 'walk', 'order', 'order', 'review', 'loose'] as const)) {
    case 'walk':
      return walk(random, random.pick(funnels), at(), thread);
    case 'order':
      return Array.from({ length: random.int(1, 7) }, () => {
        const time = at();
        return { time, told: orderBody(random, random.pick(orderKinds), time, thread) };
      });
    case 'review':
      // reviews share their ids with those of seeds only where that is asked for
      if (isSeed && !mixSeeds) return [];
      return Array.from({ length: random.int(1, 4) }, () => {
        const time = at();
        return { time, told: reviewBody(random, random.pick(reviewKinds), time, thread) };
      });
    case 'loose':
      return Array.from({ length: random.int(1, 6) }, () => {
        const time = at();
        if (random.oneIn(4)) return { time, told: logBody(random, time) };
        return {
          time,
          told: webBody(random, random.pick(webTypes), time, thread, {
            order: random.oneIn(3) ? thread.order : undefined,
          }),
        };
      });
  }
}

/** A session that walks a funnel; its gaps fall on both sides of each rule. */
function walk(random: Random, { steps, windowSeconds }: Funnel, start: number, thread: Thread): TimedTold[] {
  const window = windowSeconds * second;
  const namesOrder = random.oneIn(2);
  const walked: TimedTold[] = [];
  let time = start;
  for (const { type, pagePath } of steps.slice(0, random.int(1, steps.length))) {
    if (time !== start || walked.length > 0) {
      const gaps = [0, 0, 1, 700, 10_000, 60_000, -700, -2_000, -2_001];
      time = random.oneIn(7) ? start + window + random.pick([0, 1]) : time + random.pick(gaps);
    }
    const path = pagePath === undefined || pagePath === null ? undefined : pagePath.replace('*', 'p-1');
    walked.push({
      time,
      told:
        type === 'purchase'
          ? orderBody(random, random.pick(['payment.completed', 'order.paid', 'order.created']), time, thread)
          : webBody(random, type as WebType, time, thread, {
              path,
              order: namesOrder ? thread.order : undefined,
            }),
    });
    if (random.oneIn(6)) {
      walked.push({ time, told: webBody(random, random.pick(webTypes), time, thread) });
    }
  }
  return walked;
}

/** A dead letter of any road; each is another. */
function letterOf(random: Random, at: number): DeadLetter {
  const text = `{"broken ${random.uuid()}`;
  const origin = random.pick([amqpOrigin('order.created'), trackOrigin(), collectorOrigin()]);
  return { ...letterFrom(judge(text, origin, { at })), id: random.uuid() };
}
