import type { DeadLetterMinute } from '../../live-dashboard/frames.ts';
import { MINUTE, minuteOf, windowStart } from './window-ring.ts';

/** Kinds told apart in one minute; the rest is counted under its reason with the concern `other`. */
const KINDS_A_MINUTE = 64;

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

/** Dead letters by the minute of their arrival, over the horizon. */
export interface DeadLetterMinutes {
  add(at: number, reason: string, concerns: string | null): void;
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

  function minuteAt(at: number): Minute {
    const newest = held.at(-1);
    const start = minuteOf(at);
    if (newest !== undefined && newest.at >= start) return newest;
    const minute: Minute = { at: start, kinds: new Map(), version };
    held.push(minute);
    return minute;
  }

  return {
    add(at, reason, concerns) {
      const minute = minuteAt(at);
      minute.version = ++version;
      const crowded = minute.kinds.size >= KINDS_A_MINUTE && !minute.kinds.has(`${reason}|${concerns ?? ''}`);
      const told = crowded ? 'other' : concerns;
      const key = `${reason}|${told ?? ''}`;
      const kind = minute.kinds.get(key);
      if (kind === undefined) minute.kinds.set(key, { reason, concerns: told, count: 1 });
      else kind.count++;
    },

    advance(now) {
      const start = windowStart(now, horizonMinutes);
      let gone = 0;
      while (gone < held.length && (held[gone]?.at ?? start) < start) gone++;
      if (gone > 0) held.splice(0, gone);
    },

    minutes(sinceVersion = -1) {
      return held
        .filter((minute) => minute.version > sinceVersion)
        .map((minute) => ({
          at: minute.at,
          reasons: [...minute.kinds.values()].map(({ reason, concerns, count }) => ({
            reason,
            concerns,
            count,
          })),
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
