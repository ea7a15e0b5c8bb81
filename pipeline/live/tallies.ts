import type { DeliveredBy } from '../../ingest/event.ts';
import {
  type EntryWindow,
  entryWindows,
  type SourceCounters,
  type WindowCounters,
} from '../../live-dashboard/frames.ts';
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

const columnOf = (source: DeliveredBy, kind: (typeof kinds)[number]): number =>
  deliveredBy.indexOf(source) * kinds.length + kinds.indexOf(kind);

/** The counters of each entry window: what is not in the funnel but tells how far it may be trusted. */
export interface Tallies {
  observe(batch: CommittedBatch): void;
  advance(now: number): void;
  counters(now: number): Readonly<Record<EntryWindow, WindowCounters>>;
}

export function createTallies(options: {
  readonly now: number;
  readonly horizonMs: number;
  readonly deadLetters: DeadLetterMinutes;
}): Tallies {
  const { horizonMs, deadLetters } = options;
  const ring = createWindowRing(BOTS + 1, Object.values(entryWindows), options.now);

  function count(at: number, { via, outcome, event, reason, concerns }: SettledEvent): void {
    switch (outcome) {
      case 'stored':
        ring.add(columnOf(via, 'events'), 1);
        if (event === undefined) return;
        if (event.is_bot === 1) ring.add(BOTS, 1);
        if (event.event_timestamp < event.received_at - horizonMs) ring.add(columnOf(via, 'late'), 1);
        return;
      case 'duplicate':
        ring.add(columnOf(via, 'natural'), 1);
        return;
      case 'dead-lettered':
        ring.add(columnOf(via, 'deadLetters'), 1);
        if (reason === 'event_id_conflict') ring.add(columnOf(via, 'synthetic'), 1);
        deadLetters.add(at, reason ?? 'unknown', concerns ?? null);
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
        natural: total('natural'),
        synthetic: total('synthetic'),
        late: total('late'),
        deadLetters: total('deadLetters'),
      };
    });
    const sum = (kind: (typeof kinds)[number]): number => bySource.reduce((all, one) => all + one[kind], 0);
    return {
      natural: sum('natural'),
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
      for (const one of settled) count(at, one);
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
