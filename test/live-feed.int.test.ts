import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { NEVER, type Subscription } from 'rxjs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AnalyticsEvent, DeadLetter, WebTable } from '../ingest/event.ts';
import type { SnapshotFrame } from '../live-dashboard/frames.ts';
import { createAvailability } from '../pipeline/commit/availability.ts';
import { createFunnelFold } from '../pipeline/funnel/fold.ts';
import { type LiveFeed, startLiveFeed } from '../pipeline/live/feed.ts';
import { createLiveView, type LiveView } from '../pipeline/live/live-view.ts';
import { createOrderLookUps } from '../pipeline/steps/fold.ts';
import { openDuckDbWarehouse } from '../sinks/duckdb/open.ts';
import type { Warehouse } from '../sinks/warehouse.ts';
import { batchOf, businessEvent, businessRow, deadLetter, webEvent, webRow } from './support/bronze-rows.ts';
import { eventually } from './support/eventually.ts';
import { browseFunnel, purchaseFunnel } from './support/purchase-funnel.ts';
import { createRandom, type Random } from './support/random.ts';
import { type RecountEvent, recount } from './support/recount.ts';

/**
 * # A live view that reads what others commit
 * Begun in the middle of a day, it shows what a plain recount of Bronze shows, and what a view shows that begins
 * afterwards. The warehouse is the embedded one, written beside the view as another process would write it.
 */

const log = pino({ level: 'silent' });
const now = Date.now();
const minute = 60_000;
const horizonMs = 24 * 60 * minute;
const funnels = [purchaseFunnel, browseFunnel];

let folder = '';
let warehouse: Warehouse;
const subscriptions: Subscription[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kada-feed-'));
  warehouse = await openDuckDbWarehouse({ dataDir: folder, log });
});
afterEach(async () => {
  for (const subscription of subscriptions.splice(0)) subscription.unsubscribe();
  await warehouse.close();
  await rm(folder, { recursive: true, force: true });
});

const events: RecountEvent[] = [];

const webKinds: readonly (readonly [WebTable, 'page_view' | 'click' | 'add_to_cart' | 'begin_checkout'])[] = [
  ['page_view_events', 'page_view'],
  ['page_view_events', 'page_view'],
  ['click_events', 'click'],
  ['cart_events', 'add_to_cart'],
  ['checkout_events', 'begin_checkout'],
];

/** An event of a few shoppers within the last hours, some late, some of robots. */
function eventOf(random: Random): AnalyticsEvent {
  const received_at = now - random.int(0, 90) * minute;
  const event_timestamp =
    received_at - (random.oneIn(5) ? random.int(0, 30) * 60 * minute : random.int(0, 900));
  const shopper = random.int(1, 12);
  const common = {
    event_id: random.uuid(),
    event_timestamp,
    received_at,
    user_id: random.oneIn(2) ? `user-${shopper}` : null,
    meta: JSON.stringify({ user_agent: 'x', ...(random.oneIn(6) ? { replayed_at: now } : {}) }),
  };
  if (random.oneIn(5)) {
    const type = random.oneIn(2) ? ('order_created' as const) : ('order_paid' as const);
    return businessEvent(
      businessRow({
        ...common,
        session_id: null,
        canonical_type: type,
        order_id: `order-${random.int(1, 15)}`,
        amount: random.int(1, 90_000),
        currency: 'LKR',
        payment_method: random.pick(['COD', 'ONLINE']),
      }),
    );
  }
  const [table, canonical_type] = random.pick(webKinds);
  return webEvent(
    webRow({
      ...common,
      canonical_type,
      session_id: `session-${shopper}-${random.int(1, 3)}`,
      page_path: random.pick(['/', '/products', '/products/rice', '/cart']),
      order_id: canonical_type === 'begin_checkout' && random.oneIn(2) ? `order-${random.int(1, 15)}` : null,
      is_bot: random.oneIn(15) ? 1 : 0,
      is_seed: random.oneIn(15) ? 1 : 0,
    }),
    table,
  );
}

function letterOf(random: Random): DeadLetter {
  return deadLetter({
    receivedAt: now - random.int(0, 30) * minute,
    source: random.pick(['tracking', 'rabbitmq']),
    reason: random.pick(['invalid_json', 'event_id_conflict', 'unknown_event_type']),
    context: random.oneIn(2) ? '{"concerns":"click"}' : '{}',
  });
}

interface Shown {
  readonly view: LiveView;
  readonly feed: LiveFeed | undefined;
}

/** What a dashboard process begins with. */
async function show(): Promise<Shown> {
  const fold = createFunnelFold({ funnels, horizonHours: 24, maxSessions: 10_000, showSeeds: false });
  const view = createLiveView({
    fold,
    funnels: funnels.map(({ name, title, windowSeconds, steps }) => ({
      name,
      title,
      windowSeconds,
      steps: steps.map(({ label }) => ({ label, rule: label, types: [] })),
    })),
    now: () => now,
    countersSince: now,
    horizonMs,
    maxSessions: 10_000,
    rowsOnly: true,
    included: { bots: false, seeds: false },
    state: () => ({ kind: 'live' }),
    sources: () =>
      ['tracking', 'collector', 'rabbitmq'].map((source) => ({
        source,
        state: 'off',
        detail: null,
        url: null,
      })),
    warehouse: () => 'ready',
    queueDepth: () => null,
    ticks$: NEVER,
  });
  const feed = await startLiveFeed({
    source: 'warehouse',
    fold,
    live: view,
    warehouse,
    orders: createOrderLookUps({ funnels: fold, warehouse, log }),
    availability: createAvailability({
      now: Date.now,
      giveBackAfterMs: 60_000,
      canRead: () => warehouse.ping(),
      canWrite: () => warehouse.probe(),
      onAway: () => undefined,
      onGiveBack: () => undefined,
      onBack: () => undefined,
    }),
    horizonMs,
    onProgress: () => undefined,
    now: () => now,
    log,
  });
  if (feed === undefined) throw new Error('nothing is followed');
  subscriptions.push(feed.followed$.subscribe());
  return { view, feed };
}

/** All that rows can say; the last events and the marks of late cohorts are of the process. */
function rowsSay({
  funnels: shown,
  orders,
  counters,
  deadLetterMinutes,
  rates,
  sources,
  newestEvent,
}: SnapshotFrame) {
  return {
    funnels: shown.map(({ name, windows, cohorts }) => ({
      name,
      windows,
      cohorts: cohorts
        .filter(({ reached }) => reached[0] !== 0)
        .map(({ at, reached, stillInTime }) => ({ at, reached, stillInTime })),
    })),
    orders,
    counters,
    deadLetterMinutes,
    rates,
    sources,
    newestEvent,
  };
}

for (const seed of [1, 2, 3]) {
  test(`what others commit is shown once, seed ${seed}`, { timeout: 240_000 }, async () => {
    const random = createRandom(seed);
    events.length = 0;
    let seq = 0;
    const letters: DeadLetter[] = [];
    async function commit(): Promise<void> {
      const made = Array.from({ length: random.int(1, 60) }, () => eventOf(random));
      const newLetters = Array.from({ length: random.int(0, 4) }, () => letterOf(random));
      // one that a replay failed has another reason now
      const failed = letters.length > 0 && random.oneIn(2) ? [random.pick(letters)] : [];
      const result = await warehouse.commit(
        batchOf(made, seq + 1, {
          deadLetters: newLetters,
          letterChanges: failed.map(({ id }) => ({
            kind: 'failed',
            letterId: id,
            stage: 'validate',
            reason: 'missing_event_type',
            detail: '{}',
          })),
        }),
      );
      expect(result).toEqual({ kind: 'committed', lost: [] });
      seq += made.length;
      letters.push(...newLetters);
      for (const { table, row } of made)
        events.push({
          page_path: null,
          order_id: null,
          amount: null,
          currency: null,
          payment_method: null,
          ...row,
          table,
        });
    }

    for (let n = 0; n < 5; n += 1) await commit();
    const early = await show();
    for (let n = 0; n < 12; n += 1) await commit();

    const truth = () => {
      const counted = recount(events, funnels.map(plain), now, 24);
      return {
        cohorts: funnels.map(({ name }) => counted.cohorts[name]),
        orders: [15, 60, 1_440].map((minutes) => counted.orders(minutes)),
      };
    };
    const told = ({ funnels: shown, orders }: ReturnType<typeof rowsSay>) => ({
      cohorts: shown.map(({ cohorts }) => cohorts),
      orders: Object.values(orders),
    });
    await eventually(() => expect(told(rowsSay(early.view.snapshot()))).toEqual(truth()));
    const late = await show();
    await eventually(() => expect(rowsSay(early.view.snapshot())).toEqual(rowsSay(late.view.snapshot())));
    const { counters } = late.view.snapshot();
    expect(counters['24h'].natural).toBeNull();
    expect(counters['24h'].deadLetters).toBe(letters.length);
    expect(counters['24h'].bySource.reduce((sum, source) => sum + source.events, 0)).toBe(events.length);
    expect(early.view.snapshot().recent[0]?.outcome).toBe('stored');
  });
}

const plain = ({ name, windowSeconds, steps }: (typeof funnels)[number]) => ({
  name,
  windowSeconds,
  steps: steps.map(({ type, pagePath }) => ({ type, pagePath })),
});
