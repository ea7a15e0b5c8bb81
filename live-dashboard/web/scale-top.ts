const STEPS = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8];
const SHRINK_AFTER_MS = 60_000;

/** The axis top at or above a value: 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 × 10ⁿ. */
export function niceTop(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = STEPS.find((candidate) => candidate * power >= value * 0.999_999);
  return (step ?? 10) * power;
}

export interface ScaleTop {
  /**
   * The top to draw with at `now` (ms): never below `highest`. `view` names what is drawn; another view starts anew.
   */
  of(highest: number, now: number, view: string): number;
}

/** An axis top that grows at once and shrinks only after a minute in which less was enough: axes never breathe. */
export function createScaleTop(): ScaleTop {
  let top = 0;
  let shown: string | undefined;
  /** the highest top wanted since it was below the one drawn, and since when */
  let lower: { readonly since: number; readonly top: number } | undefined;

  return {
    of(highest, now, view) {
      const wanted = niceTop(highest);
      if (view !== shown || wanted >= top) {
        shown = view;
        top = wanted;
        lower = undefined;
        return top;
      }
      lower = { since: lower?.since ?? now, top: Math.max(lower?.top ?? 0, wanted) };
      if (now - lower.since >= SHRINK_AFTER_MS) {
        top = lower.top;
        lower = undefined;
      }
      return top;
    },
  };
}
