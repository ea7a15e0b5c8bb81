import type { DeliveredBy } from '../../ingest/event.ts';
import type { StoredEvent } from '../../sinks/warehouse.ts';

/**
 * The newest event time of each source and of all. An event dated in the future counts as of its arrival, so that
 * one wrong clock does not hide an outage for ten minutes.
 */
export interface SourceClocks {
  see(via: DeliveredBy, event: StoredEvent, at: number): void;
  /** ms since 1970; null while nothing came */
  watermark(source: string): number | null;
  newest(): number | null;
}

export function createSourceClocks(): SourceClocks {
  const marks = new Map<string, number>();
  let newest: number | null = null;

  return {
    see(via, event, at) {
      const time = Math.min(event.event_timestamp, at);
      if (time > (marks.get(via) ?? Number.NEGATIVE_INFINITY)) marks.set(via, time);
      if (newest === null || time > newest) newest = time;
    },
    watermark: (source) => marks.get(source) ?? null,
    newest: () => newest,
  };
}
