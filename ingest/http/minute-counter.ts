import { LRUCache } from 'lru-cache';

const MINUTE_MS = 60_000;

/** Counts by key within the running minute of the clock; all begin again when the minute turns. No timers. */
export interface MinuteCounter {
  used(key: string, now: number): number;
  add(key: string, count: number, now: number): void;
}

/** @param maxKeys beyond it the least recently seen key is forgotten, and counts from zero when it comes again */
export function createMinuteCounter(maxKeys: number): MinuteCounter {
  const counts = new LRUCache<string, number>({ max: maxKeys });
  let minute = -1;

  function turn(now: number): void {
    const current = Math.floor(now / MINUTE_MS);
    if (current === minute) return;
    minute = current;
    counts.clear();
  }

  function used(key: string, now: number): number {
    turn(now);
    return counts.get(key) ?? 0;
  }

  function add(key: string, count: number, now: number): void {
    counts.set(key, used(key, now) + count);
  }

  return { used, add };
}

/** Seconds until the minute turns, at least 1: the Retry-After of a 429. */
export function secondsToNextMinute(now: number): number {
  return Math.max(1, Math.ceil((MINUTE_MS - (now % MINUTE_MS)) / 1_000));
}
