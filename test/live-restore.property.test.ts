import fc from 'fast-check';
import { NEVER } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { SnapshotFrame } from '../live-dashboard/frames.ts';
import type { SettledEvent } from '../pipeline/live/committed.ts';
import { createLiveView, type LiveView } from '../pipeline/live/live-view.ts';
import { restoreLive } from '../pipeline/live/restore.ts';
import type { ArrivalCount, DeadLetterCount, StoredEvent, Warehouse } from '../sinks/warehouse.ts';
import { letter, stored } from './support/live-events.ts';
import { createScriptedFold, purchaseFunnel } from './support/scripted-fold.ts';

/**
 * # Counters after a restart
 * Whatever came, in whatever order and however long it was on its way: what a process says of the rows that it wrote
 * is what the next one says of them, at the same moment.
 */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const start = Date.UTC(2026, 10, 24, 12, 0, 3, 217);

/** What Bronze and the dead letters' table hold, counted plainly: apart from the product's SQL. */
function plainWarehouse(events: readonly StoredEvent[], letters: readonly SettledEvent[]) {
  const groups = <T extends object>(keys: readonly string[], add: (key: string) => T): readonly T[] =>
    [...new Set(keys)].map(add);
  const source: Pick<Warehouse, 'countArrivals' | 'countDeadLetters' | 'newestBySource'> = {
    async countArrivals({ from, sliceMs, lateMs }) {
      const key = (one: StoredEvent): string => {
        const { source, canonical_type, is_bot, is_seed, received_at } = one;
        return JSON.stringify([
          received_at - (received_at % sliceMs),
          source,
          canonical_type,
          is_bot,
          is_seed,
        ]);
      };
      const since = events.filter((one) => one.received_at >= from);
      return groups(since.map(key), (wanted): ArrivalCount => {
        const own = since.filter((one) => key(one) === wanted);
        const [first] = own as [StoredEvent];
        const { source, canonical_type, is_bot, is_seed } = first;
        const late = own.filter((one) => one.event_timestamp < one.received_at - lateMs).length;
        const at = first.received_at - (first.received_at % sliceMs);
        return { at, source, canonical_type, is_bot, is_seed, events: own.length, late };
      });
    },
    async countDeadLetters({ from, sliceMs }) {
      const arrived = (one: SettledEvent): number => one.letterReceivedAt ?? Number.NaN;
      return letters
        .filter((one) => arrived(one) >= from)
        .map(
          (one): DeadLetterCount => ({
            at: arrived(one) - (arrived(one) % sliceMs),
            source: one.via,
            reason: one.reason ?? '',
            concerns: one.concerns ?? null,
            letters: 1,
          }),
        );
    },
    async newestBySource(from) {
      const near = events.filter((one) => one.event_timestamp >= from);
      return groups(
        near.map((one) => one.source),
        (source) => ({
          source: source as StoredEvent['source'],
          newest: Math.max(
            ...near
              .filter((one) => one.source === source)
              .map((one) => Math.min(one.event_timestamp, one.received_at)),
          ),
        }),
      );
    },
  };
  return source;
}

const horizonMs = 24 * HOUR;
const viewAt = (now: () => number, seeds: boolean): LiveView =>
  createLiveView({
    fold: createScriptedFold([purchaseFunnel]),
    funnels: [purchaseFunnel],
    now,
    countersSince: start,
    horizonMs,
    maxSessions: 1_000,
    included: { bots: false, seeds },
    state: () => ({ kind: 'live' }),
    sources: () =>
      ['tracking', 'collector', 'rabbitmq'].map((source) => ({
        source,
        state: 'on',
        detail: null,
        url: null,
      })),
    warehouse: () => 'ready',
    queueDepth: () => null,
    ticks$: NEVER,
  });

/** What rows can say: natural duplicates, commits and the last events are of the process. */
function rowsSay(frame: SnapshotFrame) {
  const { counters, deadLetterMinutes, rates, sources, newestEvent } = frame;
  const withoutNatural = Object.entries(counters).map(([window, { bySource, natural: _, ...rest }]) => ({
    window,
    ...rest,
    bySource: bySource.map(({ natural: __, ...source }) => source),
  }));
  return { counters: withoutNatural, deadLetterMinutes, rates, sources, newestEvent };
}

const via = fc.constantFrom(
  'tracking' as const,
  'collector' as const,
  'rabbitmq' as const,
  'replay' as const,
);
/** how long before its commit it was received; a few by a clock that is ahead */
const onItsWay = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 400 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 20 * MINUTE }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 40 * HOUR }) },
  { weight: 1, arbitrary: fc.integer({ min: -50 * MINUTE, max: 0 }) },
);
const one = fc.record({
  via,
  kind: fc.constantFrom('stored', 'stored', 'stored', 'letter', 'again', 'duplicate', 'rejected'),
  source: fc.constantFrom('tracking' as const, 'collector' as const, 'rabbitmq' as const),
  onItsWay,
  age: fc.oneof(
    fc.integer({ min: -9 * MINUTE, max: HOUR }),
    fc.constantFrom(horizonMs, horizonMs + 1, horizonMs - 1),
    fc.integer({ min: 0, max: 60 * HOUR }),
  ),
  type: fc.constantFrom('page_view' as const, 'click' as const, 'order_paid' as const),
  is_bot: fc.constantFrom(0 as const, 0 as const, 1 as const),
  is_seed: fc.constantFrom(0 as const, 0 as const, 1 as const),
  reason: fc.constantFrom(
    'event_id_conflict' as const,
    'invalid_json' as const,
    'validation_error:click' as const,
    'unknown_event_type' as const,
  ),
  concerns: fc.constantFrom(
    undefined,
    'click',
    'order.paid',
    'Order.Paid',
    'a name of its own',
    'another one',
  ),
});
const streams = fc.record({
  batches: fc.array(
    fc.record({
      step: fc.oneof(
        fc.integer({ min: 1, max: 6 * SECOND }),
        fc.integer({ min: 0, max: 3 * MINUTE }),
        fc.constantFrom(40 * MINUTE, 9 * HOUR),
      ),
      settled: fc.array(one, { maxLength: 6 }),
    }),
    { maxLength: 25 },
  ),
  rest: fc.oneof(fc.integer({ min: 0, max: 20 * SECOND }), fc.integer({ min: 0, max: 26 * HOUR })),
  seeds: fc.boolean(),
});

describe('the live counters', () => {
  it('say after a restart what they said before it', async () => {
    await fc.assert(
      fc.asyncProperty(streams, async ({ batches, rest, seeds }) => {
        let now = start;
        const view = viewAt(() => now, seeds);
        const rows: StoredEvent[] = [];
        const letters: SettledEvent[] = [];
        for (const { step, settled } of batches) {
          now += step;
          const told = settled.map((drawn): SettledEvent => {
            const received_at = now - drawn.onItsWay;
            if (drawn.kind === 'stored') {
              const { source, is_bot, is_seed, type: canonical_type } = drawn;
              const event_timestamp = received_at - drawn.age;
              const made = stored(
                { event_timestamp, received_at, source, is_bot, is_seed, canonical_type },
                drawn.via,
              );
              if (made.event !== undefined) rows.push(made.event);
              return made;
            }
            if (drawn.kind === 'duplicate') return { via: drawn.via, outcome: 'duplicate' };
            const { letterReceivedAt: _, ...again } = letter(
              drawn.via,
              drawn.reason,
              received_at,
              drawn.concerns,
            );
            if (drawn.kind === 'rejected') return { ...again, outcome: 'rejected' };
            if (drawn.kind === 'again') return again;
            const written = { ...again, letterReceivedAt: received_at };
            letters.push(written);
            return written;
          });
          view.observe({ at: now, commitMs: 1, settled: told });
        }
        now += rest;
        const restarted = viewAt(() => now, seeds);
        await restoreLive(restarted, plainWarehouse(rows, letters), { now, horizonMs });
        expect(rowsSay(restarted.snapshot())).toEqual(rowsSay(view.snapshot()));

        // and they go on alike
        now += 17 * MINUTE;
        const more = [stored({ event_timestamp: now }), letter('collector', 'invalid_json', now)];
        for (const each of [view, restarted]) each.observe({ at: now, commitMs: 1, settled: more });
        now += 6 * SECOND;
        expect(rowsSay(restarted.snapshot())).toEqual(rowsSay(view.snapshot()));
      }),
      { numRuns: 400 },
    );
  });
});
