/** Why consumers stand still. They go on when no reason is left. */
export type PauseReason = 'warehouse_away' | 'disk_low';

export interface Consuming {
  pause(reason: PauseReason): void;
  resume(reason: PauseReason): void;
}

/** One switch for several reasons, so that the end of one does not override another. */
export function createConsuming(
  source: { readonly pause: () => Promise<void>; readonly resume: () => void } | undefined,
): Consuming {
  const reasons = new Set<PauseReason>();
  return {
    pause(reason) {
      if (reasons.size === 0) void source?.pause();
      reasons.add(reason);
    },
    resume(reason) {
      if (reasons.delete(reason) && reasons.size === 0) source?.resume();
    },
  };
}
