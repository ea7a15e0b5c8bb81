import { type RecentEvent, recentLimit } from '../../live-dashboard/frames.ts';
import type { SettledEvent } from './committed.ts';

/** The last 50 settled events. */
export interface Recent {
  add(at: number, settled: readonly SettledEvent[]): void;
  /** Newest first; only those after number `n` when it is given. */
  newest(afterN?: number): readonly RecentEvent[];
  /** number of the newest; 0 before the first */
  lastN(): number;
}

export function createRecent(): Recent {
  let held: RecentEvent[] = [];
  let n = 0;

  return {
    add(at, settled) {
      const skipped = Math.max(0, settled.length - recentLimit);
      n += skipped;
      const newer: RecentEvent[] = [];
      for (const one of settled.slice(skipped)) newer.push(toRecent(++n, at, one));
      held = [...newer.reverse(), ...held].slice(0, recentLimit);
    },
    newest: (afterN = 0) => held.filter((event) => event.n > afterN),
    lastN: () => n,
  };
}

const toRecent = (
  n: number,
  at: number,
  { via, outcome, event, reason, concerns }: SettledEvent,
): RecentEvent => ({
  n,
  at,
  eventTime: event?.event_timestamp ?? null,
  source: via,
  type: event?.canonical_type ?? concerns ?? 'unknown',
  sessionId: event?.session_id ?? null,
  outcome,
  reason: reason ?? null,
});
