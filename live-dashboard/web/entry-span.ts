/** From `from` until before `to`, ms since 1970. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** Index of the span that holds `at`, else of the nearest; undefined when there are none. Oldest first. */
export function spanAt(spans: readonly Span[], at: number): number | undefined {
  if (spans.length === 0) return undefined;
  const next = spans.findIndex(({ to }) => at < to);
  return next < 0 ? spans.length - 1 : next;
}

/** The time one span on (1) or back (−1) from `at`; from nothing the newest. Stops at the ends. */
export function stepFrom(
  spans: readonly Span[],
  at: number | null,
  by: 1 | -1,
  until: number,
): number | null {
  const held = at === null ? undefined : spanAt(spans, at);
  const next = held === undefined ? spans.length - 1 : Math.max(0, Math.min(spans.length - 1, held + by));
  const span = spans[next];
  return span === undefined ? null : middleOf(span, until);
}

/** Where a span is drawn: its middle, of one that is still running the middle so far. */
export const middleOf = ({ from, to }: Span, until: number): number =>
  (from + Math.max(from, Math.min(to, until))) / 2;
