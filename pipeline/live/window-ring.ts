import { mostAhead } from './arrival.ts';

/** The minutes of a window: from the minute of now − minutes on (funnel.md, "Live state"). */
export const windowStart = (now: number, minutes: number): number => minuteOf(now - minutes * MINUTE);

export const MINUTE = 60_000;
export const minuteOf = (at: number): number => Math.floor(at / MINUTE) * MINUTE;

/**
 * Whole-number counters in one row a minute, with a running total for each window, so that reading a window costs
 * nothing however long it is. The clock only goes forward; what is counted may stand in any minute of the longest
 * window, or up to an hour ahead of the clock. Older counts nowhere.
 */
export interface WindowRing {
  /** `at`: ms; at most `mostAhead` after what `advance` was told last */
  add(at: number, column: number, count: number): void;
  /** Lets minutes leave the windows; to be called before `add` and before reading. True when a total changed. */
  advance(now: number): boolean;
  total(window: number, column: number): number;
}

/** @param windows lengths in minutes; the longest decides how many rows are held */
export function createWindowRing(columns: number, windows: readonly number[], now: number): WindowRing {
  const ahead = mostAhead / MINUTE + 1;
  const rows = Math.max(...windows) + 2 + ahead;
  const cells = new Float64Array(rows * columns);
  const totals = windows.map(() => new Float64Array(columns));
  /** first minute that is still in each window */
  const starts = windows.map((minutes) => windowStart(now, minutes));
  /** the last minute that has a row */
  let newest = minuteOf(now) + ahead * MINUTE;

  const rowAt = (minute: number): number => (((minute / MINUTE) % rows) + rows) % rows;

  function leave(window: number, until: number): boolean {
    const totalsOfWindow = totals[window];
    let start = starts[window];
    if (totalsOfWindow === undefined || start === undefined || start >= until) return false;
    let changed = false;
    for (; start < until && start <= newest; start += MINUTE) {
      const base = rowAt(start) * columns;
      for (let column = 0; column < columns; column++) {
        const count = cells[base + column] ?? 0;
        if (count === 0) continue;
        totalsOfWindow[column] = (totalsOfWindow[column] ?? 0) - count;
        changed = true;
      }
    }
    starts[window] = until;
    return changed;
  }

  function advance(now: number): boolean {
    const minute = minuteOf(now) + ahead * MINUTE;
    if (minute <= newest) return false;
    let changed = false;
    for (const [window, minutes] of windows.entries()) {
      if (leave(window, windowStart(now, minutes))) changed = true;
    }
    const emptied = Math.min(rows, (minute - newest) / MINUTE);
    for (let i = 0; i < emptied; i++) {
      const base = rowAt(minute - i * MINUTE) * columns;
      cells.fill(0, base, base + columns);
    }
    newest = minute;
    return changed;
  }

  return {
    advance,
    add(at, column, count) {
      const minute = Math.min(minuteOf(at), newest);
      if (minute < Math.min(...starts)) return;
      const cell = rowAt(minute) * columns + column;
      cells[cell] = (cells[cell] ?? 0) + count;
      for (const [window, total] of totals.entries()) {
        if (minute >= (starts[window] ?? 0)) total[column] = (total[column] ?? 0) + count;
      }
    },
    total: (window, column) => totals[window]?.[column] ?? 0,
  };
}
