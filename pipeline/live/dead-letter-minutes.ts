import { countedConcern } from '../../ingest/event-types.ts';
import type { DeadLetterMinute } from '../../live-dashboard/frames.ts';
import { MINUTE, minuteOf, windowStart } from './window-ring.ts';

interface Minute {
  readonly at: number;
  readonly kinds: Map<string, Kind>;
  version: number;
}

interface Kind {
  readonly reason: string;
  readonly concerns: string | null;
  count: number;
}

/**
 * Dead letters by the minute of their arrival, over the horizon. Reasons and what they concern are of closed lists, so
 * that a minute holds few kinds, and the same ones in whatever order they came.
 */
export interface DeadLetterMinutes {
  /** `at`: ms; one from before the horizon counts nowhere. A negative `count` takes letters back. */
  add(at: number, reason: string, concerns: string | null, count?: number): void;
  advance(now: number): void;
  /** Oldest first; only minutes changed after `sinceVersion` when it is given. */
  minutes(sinceVersion?: number): readonly DeadLetterMinute[];
  /** Most frequent first; equal ones by name, so that rows do not change places. */
  byReason(
    windowMinutes: number,
    now: number,
  ): readonly { readonly reason: string; readonly count: number }[];
  version(): number;
}

export function createDeadLetterMinutes(horizonMinutes: number): DeadLetterMinutes {
  const held: Minute[] = [];
  let version = 0;
  let horizonStart = Number.NEGATIVE_INFINITY;

  function minuteAt(start: number): Minute {
    let place = held.length;
    while (place > 0 && (held[place - 1]?.at ?? start) > start) place--;
    const before = held[place - 1];
    if (before?.at === start) return before;
    const minute: Minute = { at: start, kinds: new Map(), version };
    held.splice(place, 0, minute);
    return minute;
  }

  return {
    add(at, reason, concerns, count = 1) {
      if (minuteOf(at) < horizonStart) return;
      const minute = minuteAt(minuteOf(at));
      minute.version = ++version;
      const told = concerns === null ? null : countedConcern(concerns);
      const key = `${reason}|${told ?? ''}`;
      const kind = minute.kinds.get(key);
      if (kind === undefined) minute.kinds.set(key, { reason, concerns: told, count });
      else kind.count += count;
      if (kind?.count === 0) minute.kinds.delete(key);
    },

    advance(now) {
      horizonStart = Math.max(horizonStart, windowStart(now, horizonMinutes));
      let gone = 0;
      while (gone < held.length && (held[gone]?.at ?? horizonStart) < horizonStart) gone++;
      if (gone > 0) held.splice(0, gone);
    },

    minutes(sinceVersion = -1) {
      return held
        .filter((minute) => minute.version > sinceVersion)
        .map((minute) => ({
          at: minute.at,
          reasons: [...minute.kinds]
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([, { reason, concerns, count }]) => ({ reason, concerns, count })),
        }));
    },

    byReason(windowMinutes, now) {
      const start = windowStart(now, windowMinutes);
      const counts = new Map<string, number>();
      for (let i = held.length - 1; i >= 0; i--) {
        const minute = held[i];
        if (minute === undefined || minute.at < start) break;
        for (const { reason, count } of minute.kinds.values()) {
          counts.set(reason, (counts.get(reason) ?? 0) + count);
        }
      }
      return [...counts]
        .map(([reason, count]) => ({ reason, count }))
        .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
    },

    version: () => version,
  };
}

export const minutesHeld = (horizonMs: number): number => Math.ceil(horizonMs / MINUTE);
