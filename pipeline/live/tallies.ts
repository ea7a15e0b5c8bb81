import type { DeliveredBy } from '../../ingest/event.ts';
import {
  type EntryWindow,
  entryWindows,
  type SourceCounters,
  type WindowCounters,
} from '../../live-dashboard/frames.ts';
import type { ArrivalCount, DeadLetterCount } from '../../sinks/warehouse.ts';
import { arrivedAt } from './arrival.ts';
import type { CommittedBatch, SettledEvent } from './committed.ts';
import type { DeadLetterMinutes } from './dead-letter-minutes.ts';
import { createWindowRing } from './window-ring.ts';

export const deliveredBy = [
  'tracking',
  'collector',
  'rabbitmq',
  'replay',
] as const satisfies readonly DeliveredBy[];

const windows = Object.keys(entryWindows) as EntryWindow[];
const kinds = ['events', 'natural', 'synthetic', 'late', 'deadLetters'] as const;
const BOTS = deliveredBy.length * kinds.length;

/** A row of another program may name a source that has no column here, and must not count in another's. */
const isKnown = (source: string): source is DeliveredBy => deliveredBy.some((one) => one === source);

const columnOf = (source: DeliveredBy, kind: (typeof kinds)[number]): number =>
  deliveredBy.indexOf(source) * kinds.length + kinds.indexOf(kind);

/**
 * The counters of each entry window: what is not in the funnel but tells how far it may be trusted. What leaves a row
 * is counted in the minute of the row's received_at and under the row's source, so that after a restart the rows give
 * the same; a duplicate leaves none, and counts when it was settled.
 */
export interface Tallies {
  observe(batch: CommittedBatch): void;
  /** Letters that came, or with a minus went, in rows that somebody else may have written. */
  addLetters(changes: readonly DeadLetterCount[], now: number): void;
  /** Counts the rows of before this process; once, before anything is observed. */
  restore(rows: StoredArrivals, now: number): void;
  advance(now: number): void;
  counters(now: number): Readonly<Record<EntryWindow, WindowCounters>>;
}

/** What the warehouse says came before. */
export interface StoredArrivals {
  readonly events: readonly ArrivalCount[];
  readonly deadLetters: readonly DeadLetterCount[];
}

const conflict = 'event_id_conflict';

export function createTallies(options: {
  readonly now: number;
  readonly horizonMs: number;
  readonly deadLetters: DeadLetterMinutes;
  /** nothing comes in by this process: what leaves no row is not known here */
  readonly rowsOnly?: boolean;
}): Tallies {
  const { horizonMs, deadLetters } = options;
  const ring = createWindowRing(BOTS + 1, Object.values(entryWindows), options.now);

  function addEvents(at: number, source: DeliveredBy, events: number, late: number, bots: number): void {
    if (!isKnown(source)) return;
    ring.add(at, columnOf(source, 'events'), events);
    if (late > 0) ring.add(at, columnOf(source, 'late'), late);
    if (bots > 0) ring.add(at, BOTS, bots);
  }

  function addLetters(at: number, { source, reason, concerns, letters }: Omit<DeadLetterCount, 'at'>): void {
    if (!isKnown(source)) return;
    ring.add(at, columnOf(source, 'deadLetters'), letters);
    if (reason === conflict) ring.add(at, columnOf(source, 'synthetic'), letters);
    deadLetters.add(at, reason, concerns, letters);
  }

  function count(now: number, settled: SettledEvent): void {
    const { via, outcome, event, reason, concerns, letterReceivedAt } = settled;
    switch (outcome) {
      case 'stored': {
        if (event === undefined) return;
        const { received_at, event_timestamp, source, is_bot } = event;
        const late = event_timestamp < received_at - horizonMs ? 1 : 0;
        addEvents(arrivedAt(received_at, now), source, 1, late, is_bot);
        return;
      }
      case 'duplicate':
        ring.add(now, columnOf(via, 'natural'), 1);
        return;
      case 'dead-lettered':
        if (settled.isCounted === true) return;
        // Its row was there already: it is the same broken event again, and leaves none of its own.
        if (letterReceivedAt === undefined) ring.add(now, columnOf(via, 'natural'), 1);
        else
          addLetters(arrivedAt(letterReceivedAt, now), {
            source: via,
            reason: reason ?? 'unknown',
            concerns: concerns ?? null,
            letters: 1,
          });
        return;
      case 'rejected':
        return;
    }
  }

  function countersOf(window: EntryWindow, index: number, now: number): WindowCounters {
    const bySource = deliveredBy.map((source): SourceCounters => {
      const total = (kind: (typeof kinds)[number]): number => ring.total(index, columnOf(source, kind));
      return {
        source,
        events: total('events'),
        natural: options.rowsOnly === true ? null : total('natural'),
        synthetic: total('synthetic'),
        late: total('late'),
        deadLetters: total('deadLetters'),
      };
    });
    const sum = (kind: Exclude<(typeof kinds)[number], 'natural'>): number =>
      bySource.reduce((all, one) => all + one[kind], 0);
    return {
      natural: options.rowsOnly === true ? null : bySource.reduce((all, one) => all + (one.natural ?? 0), 0),
      synthetic: sum('synthetic'),
      late: sum('late'),
      deadLetters: sum('deadLetters'),
      bots: ring.total(index, BOTS),
      bySource,
      deadLettersByReason: deadLetters.byReason(entryWindows[window], now),
    };
  }

  return {
    observe({ at, settled }) {
      ring.advance(at);
      deadLetters.advance(at);
      for (const one of settled) count(at, one);
    },
    restore(rows, now) {
      ring.advance(now);
      deadLetters.advance(now);
      for (const { at, source, events, late, is_bot } of rows.events)
        addEvents(arrivedAt(at, now), source, events, late, is_bot * events);
      for (const letters of rows.deadLetters) addLetters(arrivedAt(letters.at, now), letters);
    },
    addLetters(changes, now) {
      ring.advance(now);
      deadLetters.advance(now);
      for (const change of changes) addLetters(arrivedAt(change.at, now), change);
    },
    advance(now) {
      ring.advance(now);
      deadLetters.advance(now);
    },
    counters(now) {
      const [quarter, hour, day] = windows.map((window, index) => countersOf(window, index, now));
      if (quarter === undefined || hour === undefined || day === undefined) throw new Error('three windows');
      return { '15m': quarter, '1h': hour, '24h': day };
    },
  };
}
