/**
 * The events of all sessions, as rows of typed columns linked into one time-sorted list a session: a million
 * sessions are a few large arrays, not millions of objects for the collector to walk.
 */

export const eventFlags = {
  pageView: 1,
  cart: 2,
  checkout: 4,
  /** any of the three: what lets a session own a purchase (funnel.md 6a) */
  creditable: 7,
  seed: 8,
  /** a credited purchase, standing in its session's list at its own time */
  purchase: 16,
} as const;

export interface SessionEvents {
  /** ms */
  time: Float64Array;
  /** towards later; -1: the last */
  next: Int32Array;
  previous: Int32Array;
  /** index into the step signatures */
  signature: Uint16Array;
  flags: Uint8Array;
  /** One row outside any list. The arrays above may be other ones afterwards. */
  take(time: number, signature: number, flags: number): number;
  free(row: number): void;
  readonly bytes: number;
}

export function createSessionEvents(): SessionEvents {
  let end = 0;
  let firstFree = -1;

  const events: SessionEvents = {
    time: new Float64Array(1024),
    next: new Int32Array(1024),
    previous: new Int32Array(1024),
    signature: new Uint16Array(1024),
    flags: new Uint8Array(1024),
    take,
    free,
    get bytes() {
      return events.time.length * 19;
    },
  };
  return events;

  function take(time: number, signature: number, flags: number): number {
    let row = firstFree;
    if (row >= 0) firstFree = events.next[row] as number;
    else {
      if (end === events.time.length) grow();
      row = end++;
    }
    events.time[row] = time;
    events.signature[row] = signature;
    events.flags[row] = flags;
    events.next[row] = -1;
    events.previous[row] = -1;
    return row;
  }

  function free(row: number): void {
    events.next[row] = firstFree;
    firstFree = row;
  }

  function grow(): void {
    const length = grownLength(events.time.length);
    events.time = grown(events.time, new Float64Array(length));
    events.next = grown(events.next, new Int32Array(length));
    events.previous = grown(events.previous, new Int32Array(length));
    events.signature = grown(events.signature, new Uint16Array(length));
    events.flags = grown(events.flags, new Uint8Array(length));
  }
}

/** Half as long again: the arrays are large, and what they have to spare is memory that nothing uses. */
export const grownLength = (length: number): number => length + Math.ceil(length / 2);

/** Copies the old column into the longer one. */
export function grown<T extends { set(from: ArrayLike<number>): void }>(
  old: ArrayLike<number>,
  longer: T,
): T {
  longer.set(old);
  return longer;
}
