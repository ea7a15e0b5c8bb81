/** The entry time that is pointed at, by mouse, finger or key: one for all charts by entry time. */
export interface EntryPointer {
  /** ms since 1970; null: none */
  at(): number | null;
  point(at: number | null): void;
  /** Calls back at every change; returns what ends it. */
  watch(listener: () => void): () => void;
}

export function createEntryPointer(): EntryPointer {
  const listeners = new Set<() => void>();
  let pointed: number | null = null;

  function point(at: number | null): void {
    if (at === pointed) return;
    pointed = at;
    for (const listener of listeners) listener();
  }

  // a finger that taps elsewhere lets go
  document.addEventListener('pointerdown', (event) => {
    const onChart = event.target instanceof Element && event.target.closest('.entry-chart') !== null;
    if (!onChart) point(null);
  });

  return {
    at: () => pointed,
    point,
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
