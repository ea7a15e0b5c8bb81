/**
 * Rules 2 to 4 of funnel.md over one session's events in one funnel, as two questions: which entries are there,
 * and can one more event change them? Everything is ms.
 */

/** Clocks and transports jitter: a step may stand this much before the one it follows (rule 3). */
export const tieGraceMs = 2_000;

/** The entries found last, oldest first; reused by the next search. */
export interface FoundEntries {
  count: number;
  readonly at: number[];
  readonly last: number[];
  readonly depth: number[];
  /** ms from entry to step k (0-based) at [entry × (steps − 1) + k − 1] */
  readonly offsets: number[];
}

export const noEntries = (): FoundEntries => ({ count: 0, at: [], last: [], depth: [], offsets: [] });

/**
 * @param times of the session's events that are steps of the funnel, ascending
 * @param stepOf 0-based step of each
 */
export function findEntries(
  times: readonly number[],
  stepOf: readonly number[],
  events: number,
  steps: number,
  window: number,
  into: FoundEntries,
): void {
  into.count = 0;
  let previous = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < events; i += 1) {
    if (stepOf[i] !== 0) continue;
    const time = times[i] as number;
    if (time - previous > window) {
      into.at[into.count] = time;
      into.count += 1;
    }
    into.last[into.count - 1] = time;
    previous = time;
  }
  let first = 0;
  for (let entry = 0; entry < into.count; entry += 1) {
    const at = into.at[entry] as number;
    // What an earlier entry could have used serves no later one (rule 2).
    if (entry > 0) {
      const spent = (into.at[entry - 1] as number) + window;
      while (first < events && (times[first] as number) <= spent) first += 1;
    }
    let depth = 1;
    let stepTime = at;
    for (let step = 1; step < steps; step += 1) {
      const found = earliest(times, stepOf, events, first, step, stepTime - tieGraceMs, at + window);
      if (found < 0) break;
      stepTime = times[found] as number;
      into.offsets[entry * (steps - 1) + step - 1] = stepTime - at;
      depth += 1;
    }
    into.depth[entry] = depth;
  }
}

function earliest(
  times: readonly number[],
  stepOf: readonly number[],
  events: number,
  first: number,
  step: number,
  from: number,
  until: number,
): number {
  for (let i = first; i < events; i += 1) {
    const time = times[i] as number;
    if (time > until) return -1;
    if (stepOf[i] === step && time >= from) return i;
  }
  return -1;
}
