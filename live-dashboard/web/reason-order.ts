/** Kinds of dead letters that have a place of their own; the rest is summed as "other". */
const PLACES = 4;

export interface ReasonCount {
  readonly reason: string;
  readonly count: number;
}

/**
 * Keeps each reason in its place: they are sorted by count when the window changes, and else a place goes to
 * another reason only when its own has none left.
 */
export function createReasonOrder() {
  let held: readonly string[] = [];
  let view = '';

  /** @param counts most frequent first; view says which window they are of */
  return function arrange(counts: readonly ReasonCount[], viewNow: string): readonly ReasonCount[] {
    if (viewNow !== view) held = [];
    view = viewNow;
    const known = new Map(counts.map(({ reason, count }) => [reason, count]));
    const free = counts.map(({ reason }) => reason).filter((reason) => !held.includes(reason));
    const kept = held.filter((reason) => known.has(reason));
    held = [...kept, ...free].slice(0, PLACES);
    const other = counts
      .filter(({ reason }) => !held.includes(reason))
      .reduce((sum, { count }) => sum + count, 0);
    const shown = held.map((reason) => ({ reason, count: known.get(reason) ?? 0 }));
    return other > 0 ? [...shown, { reason: 'other', count: other }] : shown;
  };
}
