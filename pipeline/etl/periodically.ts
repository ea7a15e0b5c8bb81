import { concatMap, defer, expand, type Observable, timer } from 'rxjs';

export interface Period {
  readonly intervalMs: number;
  /** a run that was due this long ago or longer is not caught up */
  readonly graceMs: number;
  /** runs that were missed are caught up by one; else by one each */
  readonly coalesce: boolean;
}

/**
 * Runs `work` now and at each interval, never two at once (ETL_INTERVAL_SECONDS, ETL_COALESCE,
 * ETL_MISFIRE_GRACE_SECONDS). What came due while one ran is caught up at its end, or let go when it is too long ago.
 */
export function periodically<T>(work: () => Promise<T>, period: Period, now: () => number): Observable<T> {
  return defer(() => {
    const nextDue = createDues(now(), period);
    const after = (waitMs: number): Observable<T> => timer(waitMs).pipe(concatMap(() => work()));
    return after(0).pipe(expand(() => after(Math.max(0, nextDue(now()) - now()))));
  });
}

/** @returns when the next run is due, told at the end of the one before */
export function createDues(begun: number, { intervalMs, graceMs, coalesce }: Period): (at: number) => number {
  let last = begun;
  return function nextDue(at) {
    const oldest = last + intervalMs;
    // The first that is not too long ago.
    const skipped = Math.max(0, Math.ceil((at - graceMs - oldest) / intervalMs));
    let due = oldest + skipped * intervalMs;
    if (coalesce && due < at) due += Math.floor((at - due) / intervalMs) * intervalMs;
    last = due;
    return due;
  };
}

/** The moment at or after `at` at which a run is due that began at `begun` and is due at each interval; ms. */
export const nextDue = (begun: number, intervalMs: number, at: number): number =>
  begun + Math.max(1, Math.ceil((at - begun) / intervalMs)) * intervalMs;
