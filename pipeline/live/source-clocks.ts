import type { SourceProgress, StoredEvent } from '../../sinks/warehouse.ts';

/**
 * The newest event time of each source and of all. The source is the row's, so that a replayed event, or one of /track
 * that came through the broker, counts where it first came from, before and after a restart. An event dated in the
 * future counts as of its arrival, so that one wrong clock does not hide an outage for ten minutes; a replayed one
 * arrived when its letter did, and can only tell what the source had reached then.
 */
export interface SourceClocks {
  see(event: StoredEvent): void;
  restore(reached: readonly SourceProgress[]): void;
  /** ms since 1970; null while nothing came */
  watermark(source: string): number | null;
  newest(): number | null;
}

export function createSourceClocks(): SourceClocks {
  const marks = new Map<string, number>();
  let newest: number | null = null;

  function reach(source: string, time: number): void {
    if (time > (marks.get(source) ?? Number.NEGATIVE_INFINITY)) marks.set(source, time);
    if (newest === null || time > newest) newest = time;
  }

  return {
    see: ({ source, event_timestamp, received_at }) => reach(source, Math.min(event_timestamp, received_at)),
    restore(reached) {
      for (const one of reached) reach(one.source, one.newest);
    },
    watermark: (source) => marks.get(source) ?? null,
    newest: () => newest,
  };
}
