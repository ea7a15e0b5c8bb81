/** Why consumers stand still. They go on when no reason is left. */
export type PauseReason = 'warehouse_away' | 'disk_low';

export interface Consuming {
  /** Resolves when nothing more is delivered. */
  pause(reason: PauseReason): Promise<void>;
  resume(reason: PauseReason): void;
}

/** One switch for several reasons, so that the end of one does not override another. */
export function createConsuming(
  source: { readonly pause: () => Promise<void>; readonly resume: () => void } | undefined,
): Consuming {
  const reasons = new Set<PauseReason>();
  return {
    async pause(reason) {
      const first = reasons.size === 0;
      reasons.add(reason);
      if (first) await source?.pause();
    },
    resume(reason) {
      if (reasons.delete(reason) && reasons.size === 0) source?.resume();
    },
  };
}
