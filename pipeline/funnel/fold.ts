import type { CohortMinute, OrdersInWindow, StepCounts } from '../../live-dashboard/frames.ts';
import type { StoredEvent } from '../../sinks/warehouse.ts';
import { createChanges, type FoldCause } from './changes.ts';
import { type CohortMinutes, createCohortMinutes } from './cohort-minutes.ts';
import { createCredits, type PurchaseCredit } from './credits.ts';
import type { FunnelDefinition } from './definitions.ts';
import { createEntries } from './entries.ts';
import { createEvictions } from './evictions.ts';
import { horizonStartOf, lookBackOf } from './look-back.ts';
import { minuteMs, minuteOf } from './minutes.ts';
import { createOrderMinutes } from './order-minutes.ts';
import { createOrders } from './orders.ts';
import { createSessions } from './sessions.ts';
import { createStepSignatures } from './step-signatures.ts';
import { createUserEvents } from './user-events.ts';
import { createWebEventFold } from './web-event-fold.ts';

export interface FunnelFoldOptions {
  readonly funnels: readonly FunnelDefinition[];
  readonly horizonHours: number;
  /** LIVE_MAX_SESSIONS: beyond it those silent for longest go, and equality is not promised */
  readonly maxSessions: number;
  readonly showSeeds: boolean;
}

export interface FoldContext {
  /** ms; the server's clock. It may not go back. */
  readonly now: number;
  readonly cause: FoldCause;
}

export interface FoldStats {
  readonly sessions: number;
  readonly users: number;
  readonly orders: number;
  /** since the start */
  readonly evicted: number;
  /** of the whole state, in the heap and outside it */
  readonly bytesEstimate: number;
}

/**
 * The live funnel: a fold of committed events over the last `horizonHours` (funnel.md). Whatever the order in
 * which events come, the numbers are those of the set of events, to the unit.
 */
export interface FunnelFold {
  /** Folds events, each once. Orders whose first purchase event was among them are then in `needsOrders`. */
  apply(events: Iterable<StoredEvent>, context: FoldContext): void;
  /** Orders that count as soon as `provideOrder` told all their events; ask after each `apply`. */
  needsOrders(): readonly string[];
  /** All business events, of any age, that name the order. Those applied too, before or after, count once. */
  provideOrder(orderId: string, events: readonly StoredEvent[]): void;
  /** Lets time pass: what ran out of time is closed, and what nothing can need any more is let go. */
  advance(now: number): void;
  /** Per step, of the sessions that entered since the whole minute of now − windowMinutes. */
  windowCounts(funnel: string, windowMinutes: number, now: number): readonly StepCounts[];
  /**
   * By minute of entry, oldest first, over the horizon. With `sinceVersion` only what was touched after it, and
   * then also minutes that have no session left. A minute whose sessions run out of time is touched.
   */
  cohorts(funnel: string, now: number, sinceVersion?: number): readonly CohortMinute[];
  /** Purchases by event time since the whole minute of now − windowMinutes (funnel.md 10). */
  orders(windowMinutes: number, now: number): OrdersInWindow;
  /** Which session each purchase of the look-back belongs to, and why. */
  purchases(): readonly PurchaseCredit[];
  /** Goes up with every change of what the readers above return, other than by the passing of a minute. */
  version(): number;
  /** Sessions let go at the cap whose events could still count; 0 again when time has passed over all of them. */
  evictedSessions(): number;
  /** Web events and purchases before this time cannot matter at `now` (ms): where a rebuild begins. */
  rebuildFrom(now: number): number;
  stats(): FoldStats;
}

/**
 * An event that comes within this time (ms) hardly ever changes a cohort that is closed: its change is counted with
 * those of the others that came with it, which is faster.
 */
const onTimeMs = 1_000;

/** In this time (ms) the sweep has been round all sessions, users and orders once. */
const sweepMs = 300_000;

export function createFunnelFold(options: FunnelFoldOptions): FunnelFold {
  const { funnels, horizonHours, maxSessions } = options;
  const lookBack = lookBackOf(funnels);
  const changes = createChanges();
  const signatures = createStepSignatures(funnels);
  const entries = createEntries(Math.max(...funnels.map((funnel) => funnel.steps.length)));
  const cohortsOf = funnels.map((funnel) => createCohortMinutes(funnel, entries, changes));
  const byName = new Map(funnels.map((funnel, index) => [funnel.name, cohortsOf[index] as CohortMinutes]));
  const sessions = createSessions(funnels, entries, cohortsOf, signatures);
  const users = createUserEvents((session, generation) => sessions.generation(session) === generation);
  const orderMinutes = createOrderMinutes(changes);
  const credits = createCredits(sessions, users, orderMinutes);
  const orders = createOrders(credits, options);
  const foldWebEvent = createWebEventFold({ sessions, users, orders, credits, signatures }, options);
  const evictions = createEvictions();
  let keepFrom = Number.NEGATIVE_INFINITY;
  let sweptAt: number | undefined;
  let horizonStart = Number.NEGATIVE_INFINITY;
  let lastCause: FoldCause = 'live';

  return {
    apply,
    needsOrders: orders.awaited,
    provideOrder,
    advance,
    windowCounts(funnel, windowMinutes, now) {
      passTime(now);
      return cohortMinutes(funnel).windowCounts(minuteOf(now - windowMinutes * minuteMs), now);
    },
    cohorts(funnel, now, sinceVersion) {
      passTime(now);
      return cohortMinutes(funnel).cohorts(now, sinceVersion);
    },
    orders(windowMinutes, now) {
      passTime(now);
      return orderMinutes.since(minuteOf(now - windowMinutes * minuteMs));
    },
    purchases: credits.list,
    version: () => changes.version,
    evictedSessions: () => evictions.missed,
    rebuildFrom: (now) => now - horizonHours * 3_600_000 - minuteMs - lookBack,
    stats,
  };

  function apply(events: Iterable<StoredEvent>, context: FoldContext): void {
    passTime(context.now);
    lastCause = context.cause;
    changes.begin(context.now, lastCause);
    const onTime = lastCause === 'live' ? context.now - onTimeMs : Number.POSITIVE_INFINITY;
    for (const event of events) {
      if (event.table === 'business_events') orders.onOrderEvent(event, keepFrom, lastCause);
      else if (event.table !== 'api_request_logs' && event.table !== 'db_query_perf') {
        foldWebEvent(event, keepFrom);
      }
      if (event.event_timestamp < onTime && lastCause !== 'rebuild') settle();
    }
    finish();
  }

  function provideOrder(orderId: string, events: readonly StoredEvent[]): void {
    changes.begin(changes.now, orders.causeOf(orderId) ?? lastCause);
    orders.provide(orderId, events, keepFrom);
    finish();
  }

  /** One event's change is counted before the next one's, so that a revision knows how many made it. */
  function settle(): void {
    sessions.settle();
    for (const cohort of cohortsOf) cohort.finishChange();
  }

  function finish(): void {
    settle();
    // What the cap lets go is told as evicted; no late event revised those cohorts.
    changes.begin(changes.now, 'rebuild');
    const gone = sessions.evict(maxSessions, (silentSince) => {
      // nobody can miss one that had only not been swept yet
      if (silentSince >= keepFrom) evictions.add(silentSince);
    });
    if (gone > 0) {
      changes.touch();
      credits.replaceStale();
      sessions.settle();
    }
    changes.end();
  }

  /** Moves the clock. Every reader does, so that no number is of two moments. */
  function passTime(now: number): void {
    const from = changes.now;
    if (now <= from) return;
    changes.begin(now, changes.cause);
    const start = horizonStartOf(now, horizonHours);
    for (const cohort of cohortsOf) cohort.passTime(from, now, start);
    if (start !== horizonStart) {
      horizonStart = start;
      keepFrom = start - lookBack;
      evictions.passTime(keepFrom);
      orderMinutes.dropBefore(start);
    }
    changes.end();
  }

  function advance(now: number): void {
    passTime(now);
    const part = sweptAt === undefined ? 0 : Math.min(1, (now - sweptAt) / sweepMs);
    sweptAt = Math.max(now, sweptAt ?? now);
    if (part <= 0) return;
    changes.begin(now, 'rebuild');
    sessions.sweep(keepFrom, part);
    users.sweep(keepFrom, part);
    orders.sweep(keepFrom, part);
    finish();
  }

  function cohortMinutes(funnel: string): CohortMinutes {
    const found = byName.get(funnel);
    if (found === undefined) throw new RangeError(`There is no funnel named ${funnel}.`);
    return found;
  }

  function stats(): FoldStats {
    const cohortBytes = cohortsOf.reduce((sum, cohort) => sum + cohort.bytes, 0);
    return {
      sessions: sessions.size,
      users: users.size,
      orders: orders.size,
      evicted: evictions.count,
      bytesEstimate: sessions.bytes + users.bytes + orders.bytes + cohortBytes,
    };
  }
}
