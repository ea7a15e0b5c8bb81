const SLOT = 5_000;
/** The slot that is filling, and a minute of whole ones. */
const SLOTS = 13;
const LOWEST_MS = 0.05;
const GROWTH = 1.02;
/** 0.05 ms × 1.02^720 is over 78 s */
const BUCKETS = 721;
const LOG_GROWTH = Math.log(GROWTH);

/** The 95th percentile of the commits of the last minute, from a log-scale histogram: at most 2 % too high. */
export interface CommitLatency {
  add(at: number, ms: number): void;
  /** ms, one decimal under 100; null when nothing was committed in the last minute */
  p95(now: number): number | null;
}

export function createCommitLatency(): CommitLatency {
  const counts = Array.from({ length: SLOTS }, () => new Uint32Array(BUCKETS));
  const starts = new Float64Array(SLOTS);

  const slotOf = (at: number): number => Math.floor(at / SLOT) % SLOTS;

  return {
    add(at, ms) {
      const slot = slotOf(at);
      const start = Math.floor(at / SLOT) * SLOT;
      const histogram = counts[slot];
      if (histogram === undefined) return;
      if (starts[slot] !== start) {
        histogram.fill(0);
        starts[slot] = start;
      }
      const bucket =
        ms <= LOWEST_MS ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / LOWEST_MS) / LOG_GROWTH));
      histogram[bucket] = (histogram[bucket] ?? 0) + 1;
    },

    p95(now) {
      const oldest = Math.floor(now / SLOT) * SLOT - 60_000;
      const held = counts.filter((_, slot) => (starts[slot] ?? 0) >= oldest);
      let total = 0;
      for (const histogram of held) for (const count of histogram) total += count;
      if (total === 0) return null;
      const rank = Math.ceil(total * 0.95);
      let seen = 0;
      for (let bucket = 0; bucket < BUCKETS; bucket++) {
        for (const histogram of held) seen += histogram[bucket] ?? 0;
        if (seen >= rank) return rounded(LOWEST_MS * GROWTH ** bucket);
      }
      return null;
    },
  };
}

const rounded = (ms: number): number => (ms < 100 ? Math.round(ms * 10) / 10 : Math.round(ms));
