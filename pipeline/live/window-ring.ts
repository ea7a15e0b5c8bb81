/** The minutes of a window: from the minute of now − minutes to the newest (funnel.md, "Live state"). */
export const windowStart = (now: number, minutes: number): number => minuteOf(now - minutes * MINUTE);

export const MINUTE = 60_000;
export const minuteOf = (at: number): number => Math.floor(at / MINUTE) * MINUTE;

/**
 * Whole-number counters in one row a minute, with a running total for each window, so that reading a window costs
 * nothing however long it is. Time only goes forward; what comes with an older time counts in the newest minute.
 */
export interface WindowRing {
  add(column: number, count: number): void;
  /** Lets minutes leave the windows; to be called before `add` and before reading. True when a total changed. */
  advance(now: number): boolean;
  total(window: number, column: number): number;
}

/** @param windows lengths in minutes; the longest decides how many rows are held */
export function createWindowRing(columns: number, windows: readonly number[], now: number): WindowRing {
  const rows = Math.max(...windows) + 2;
  const cells = new Float64Array(rows * columns);
  const totals = windows.map(() => new Float64Array(columns));
  /** first minute that is still in each window */
  const starts = windows.map((minutes) => windowStart(now, minutes));
  let newest = minuteOf(now);

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
    const minute = minuteOf(now);
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
    add(column, count) {
      const cell = rowAt(newest) * columns + column;
      cells[cell] = (cells[cell] ?? 0) + count;
      for (const total of totals) total[column] = (total[column] ?? 0) + count;
    },
    total: (window, column) => totals[window]?.[column] ?? 0,
  };
}
