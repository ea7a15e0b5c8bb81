import type { Logger } from 'pino';
import type { MonoTypeOperatorFunction } from 'rxjs';
import type { DeadLetterReason } from '../../ingest/event.ts';
import type { Resolution } from '../commit/committer.ts';
import type { Entry } from '../commit/entry.ts';
import { factOf } from '../facts.ts';
import type { SettledEvent } from '../live/committed.ts';
import type { LiveView } from '../live/live-view.ts';
import { botOfMeta } from '../live/newest-bot.ts';
import type { Metrics, ReplayOutcome } from '../metrics.ts';
import { observe } from './observe.ts';

export interface Counting {
  readonly horizonMs: number;
  /** the page hears of rows by this process's commits; else it reads them from the warehouse (steps/follow.ts) */
  readonly showRows: boolean;
}

/**
 * Every outcome is counted, in the metrics and on the page. What left a row is counted by the row, also when the rest
 * of its request has no outcome yet or never gets one, so that a restart, which knows only rows, counts the same.
 */
export function count(
  metrics: Metrics,
  live: Pick<LiveView, 'observe'>,
  { horizonMs, showRows }: Counting,
  log: Logger,
): MonoTypeOperatorFunction<Resolution> {
  return observe('count', log, function countResolution({ at, commitMs, stored, letters, members }) {
    if (commitMs !== undefined) metrics.batch(stored.length, commitMs / 1_000);
    const settled: SettledEvent[] = [];
    const add = (one: SettledEvent | undefined, isShown = true): void => {
      if (one !== undefined && isShown) settled.push(one);
    };
    for (const entry of stored) add(countStored(metrics, entry, at, horizonMs), showRows);
    for (const entry of letters) add(countLetter(metrics, entry), showRows);
    for (const member of members) for (const entry of member.entries) add(countRowless(metrics, entry));
    const newestBot = showRows ? botOf(stored.findLast(({ event }) => event?.row.is_bot === 1)) : undefined;
    live.observe({ at, commitMs, settled, ...(newestBot === undefined ? {} : { newestBot }) });
  });
}

const botOf = (entry: Entry | undefined): string | undefined =>
  entry?.event === undefined ? undefined : botOfMeta(entry.event.row.meta);

function countStored(
  metrics: Metrics,
  entry: Entry,
  at: number,
  horizonMs: number,
): SettledEvent | undefined {
  const { event, member } = entry;
  const fact = factOf(entry);
  if (event === undefined || fact === undefined) return undefined;
  const { via } = member.delivery;
  const { event_timestamp, received_at } = fact;
  if (via === 'replay') metrics.replayed('stored', 1);
  metrics.stored(event.table, 1);
  metrics.lag(via, (at - event_timestamp) / 1_000);
  if (event_timestamp < received_at - horizonMs) metrics.late(via, 1);
  return { via, outcome: 'stored', event: fact };
}

function countLetter(metrics: Metrics, entry: Entry): SettledEvent | undefined {
  const { outcome, letter } = entry;
  if (outcome?.kind !== 'dead-lettered') return undefined;
  metrics.deadLettered(outcome.stage, outcome.reason, 1);
  if (outcome.reason === 'event_id_conflict') metrics.duplicate('synthetic', 1);
  return {
    ...refusedFact(entry),
    outcome: 'dead-lettered',
    reason: outcome.reason,
    ...(letter === undefined ? {} : { letterReceivedAt: letter.receivedAt }),
  };
}

/** What neither `stored` nor `letters` of any resolution holds. */
function countRowless(metrics: Metrics, entry: Entry): SettledEvent | undefined {
  const { outcome, member } = entry;
  if (member.delivery.via === 'replay' && entry.state !== 'led') {
    // The letter of one that failed again was counted when it first came, and stays one.
    if (outcome?.kind === 'dead-lettered') return replayedAs(metrics, 'dead_lettered');
    if (outcome?.kind === 'rejected') return replayedAs(metrics, 'rejected');
    if (outcome?.kind === 'duplicate') metrics.replayed('duplicate', 1);
  }
  switch (outcome?.kind) {
    case 'duplicate': {
      metrics.duplicate('natural', 1);
      const fact = factOf(entry);
      return {
        via: member.delivery.via,
        outcome: 'duplicate',
        ...(fact === undefined ? {} : { event: fact }),
      };
    }
    case 'dead-lettered':
      return entry.state === 'led' ? undefined : countLetterAgain(metrics, entry, outcome.reason);
    case 'rejected':
      return { ...refusedFact(entry), outcome: 'rejected', reason: outcome.reason };
    default:
      return undefined;
  }
}

/** Its row was there already: the same broken event again, one that leaves no row of its own. */
function countLetterAgain(metrics: Metrics, entry: Entry, reason: DeadLetterReason): SettledEvent {
  metrics.duplicate('natural', 1);
  return { ...refusedFact(entry), outcome: 'dead-lettered', reason };
}

function replayedAs(metrics: Metrics, outcome: ReplayOutcome): undefined {
  metrics.replayed(outcome, 1);
}

function refusedFact(entry: Entry): Pick<SettledEvent, 'via' | 'event' | 'concerns'> {
  const { letter, event, member } = entry;
  const fact = factOf(entry);
  const concerns = letter?.concerns ?? event?.row.canonical_type;
  return {
    via: member.delivery.via,
    ...(fact === undefined ? {} : { event: fact }),
    ...(concerns === undefined ? {} : { concerns }),
  };
}
