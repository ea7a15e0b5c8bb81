import { grown, grownLength } from './session-events.ts';

/**
 * Entries of all sessions in all funnels (funnel.md 2) as rows of typed columns. A row is linked into its
 * session's list for one funnel (`next`, by time) and into its cohort minute (`minuteNext`, `minutePrevious`).
 */
export interface Entries {
  /** time of entry t1, ms */
  at: Float64Array;
  /** the last step-1 event of the same run: each at most one window after the one before */
  last: Float64Array;
  /** steps reached, from 1 */
  depth: Uint8Array;
  next: Int32Array;
  minuteNext: Int32Array;
  minutePrevious: Int32Array;
  /** ms from t1 to step k (0-based) at row × stride + k − 1; may be negative by the tie grace */
  offsets: Int32Array;
  readonly stride: number;
  take(): number;
  free(row: number): void;
  readonly bytes: number;
}

export function createEntries(mostSteps: number): Entries {
  const stride = mostSteps - 1;
  let end = 0;
  let firstFree = -1;
  const entries: Entries = {
    at: new Float64Array(512),
    last: new Float64Array(512),
    depth: new Uint8Array(512),
    next: new Int32Array(512),
    minuteNext: new Int32Array(512),
    minutePrevious: new Int32Array(512),
    offsets: new Int32Array(512 * stride),
    stride,
    take,
    free,
    get bytes() {
      return entries.at.length * (29 + 4 * stride);
    },
  };
  return entries;

  function take(): number {
    if (firstFree >= 0) {
      const row = firstFree;
      firstFree = entries.next[row] as number;
      return row;
    }
    if (end === entries.at.length) grow();
    return end++;
  }

  function free(row: number): void {
    entries.next[row] = firstFree;
    firstFree = row;
  }

  function grow(): void {
    const length = grownLength(entries.at.length);
    entries.at = grown(entries.at, new Float64Array(length));
    entries.last = grown(entries.last, new Float64Array(length));
    entries.depth = grown(entries.depth, new Uint8Array(length));
    entries.next = grown(entries.next, new Int32Array(length));
    entries.minuteNext = grown(entries.minuteNext, new Int32Array(length));
    entries.minutePrevious = grown(entries.minutePrevious, new Int32Array(length));
    entries.offsets = grown(entries.offsets, new Int32Array(length * stride));
  }
}
