/** Why events are folded now; only `live` and `replay` leave a mark on a cohort that was closed (funnel.md 7). */
export type FoldCause = 'live' | 'replay' | 'rebuild';

/**
 * The fold's clock and version. A change is made between `begin` and `end`; what it touches gets the version
 * that it ends with.
 */
export interface Changes {
  /** the latest `now` that the fold was told; it never goes back, since what expired is gone */
  readonly now: number;
  readonly cause: FoldCause;
  readonly version: number;
  /** the version that what is touched now gets */
  touch(): number;
  begin(now: number, cause: FoldCause): void;
  end(): void;
}

export function createChanges(): Changes {
  let now = Number.NEGATIVE_INFINITY;
  let cause: FoldCause = 'live';
  let version = 0;
  let touched = false;
  return {
    get now() {
      return now;
    },
    get cause() {
      return cause;
    },
    get version() {
      return version;
    },
    touch() {
      touched = true;
      return version + 1;
    },
    begin(at, why) {
      now = Math.max(now, at);
      cause = why;
    },
    end() {
      if (touched) version += 1;
      touched = false;
    },
  };
}
