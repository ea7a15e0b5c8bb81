import { minuteMs, minuteNumber } from './minutes.ts';

/** Sessions that the cap let go: all of them, and those whose absence still shows. */
export interface Evictions {
  /** @param silentSince ms; time of the session's last event */
  add(silentSince: number): void;
  /** Events before `keepFrom` can matter no more: what was let go with them is missed no longer. */
  passTime(keepFrom: number): void;
  /** since the start */
  readonly count: number;
  /** those that would be kept still; while there are any, equality is not promised */
  readonly missed: number;
}

export function createEvictions(): Evictions {
  /** by the minute number of their last event */
  const minutes = new Map<number, number>();
  let count = 0;
  let missed = 0;

  return {
    add(silentSince) {
      const minute = minuteNumber(silentSince);
      minutes.set(minute, (minutes.get(minute) ?? 0) + 1);
      count += 1;
      missed += 1;
    },
    passTime(keepFrom) {
      for (const [minute, gone] of minutes) {
        if ((minute + 1) * minuteMs > keepFrom) continue;
        minutes.delete(minute);
        missed -= gone;
      }
    },
    get count() {
      return count;
    },
    get missed() {
      return missed;
    },
  };
}
