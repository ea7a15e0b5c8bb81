import type { Logger } from 'pino';
import type { MonoTypeOperatorFunction } from 'rxjs';
import type { Resolution } from '../commit/committer.ts';
import type { Entry } from '../commit/entry.ts';
import { factOf } from '../facts.ts';
import type { SettledEvent } from '../live/committed.ts';
import type { LiveView } from '../live/live-view.ts';
import type { Metrics } from '../metrics.ts';
import { observe } from './observe.ts';

/** Every outcome is counted, in the metrics and on the page. */
export function count(
  metrics: Metrics,
  live: Pick<LiveView, 'observe'>,
  horizonMs: number,
  log: Logger,
): MonoTypeOperatorFunction<Resolution> {
  return observe('count', log, function countResolution({ at, commitMs, stored, members }) {
    if (commitMs !== undefined) metrics.batch(stored.length, commitMs / 1_000);
    const settled: SettledEvent[] = [];
    for (const member of members) {
      for (const entry of member.entries) {
        const fact = countEntry(metrics, entry, at, horizonMs);
        if (fact !== undefined) settled.push(fact);
      }
    }
    live.observe({ at, commitMs, settled });
  });
}

function countEntry(metrics: Metrics, entry: Entry, at: number, horizonMs: number): SettledEvent | undefined {
  const { outcome, event, letter, member } = entry;
  const { via } = member.delivery;
  if (outcome === undefined || outcome.kind === 'published') return undefined;
  const known = factOf(entry);
  const fact = known === undefined ? {} : { event: known };
  switch (outcome.kind) {
    case 'stored': {
      if (event === undefined) return undefined;
      const { event_timestamp, received_at } = event.row;
      metrics.stored(event.table, 1);
      metrics.lag(via, (at - event_timestamp) / 1_000);
      if (event_timestamp < received_at - horizonMs) metrics.late(via, 1);
      return { via, outcome: 'stored', ...fact };
    }
    case 'duplicate':
      metrics.duplicate('natural', 1);
      return { via, outcome: 'duplicate', ...fact };
    case 'dead-lettered':
      metrics.deadLettered(outcome.stage, outcome.reason, 1);
      if (outcome.reason === 'event_id_conflict') metrics.duplicate('synthetic', 1);
      break;
    case 'rejected':
      break;
  }
  const concerns = letter?.concerns ?? event?.row.canonical_type;
  return {
    via,
    outcome: outcome.kind,
    reason: outcome.reason,
    ...fact,
    ...(concerns === undefined ? {} : { concerns }),
  };
}
