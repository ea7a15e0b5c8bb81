/** Shorter pauses are never called a silence, however steady the line was. */
const LEAST_MS = 60_000;
const FAR_LONGER = 2;
/** Fewer pauses say nothing of what is usual. */
const USUAL_PAUSES = 2;

/**
 * How long a line has been silent, in ms; null while that is no news: it is when the pause is over a minute and
 * over twice the longest pause between two events of the line.
 * @param values of groups of `groupMs`, oldest first; the last one ends at `end`
 */
export function silentFor(
  values: readonly number[],
  groupMs: number,
  end: number,
  now: number,
): number | null {
  let last: number | undefined;
  let pauses = 0;
  let longest = 0;
  for (const [i, value] of values.entries()) {
    if (value <= 0) continue;
    if (last !== undefined) {
      pauses++;
      longest = Math.max(longest, i - last);
    }
    last = i;
  }
  if (last === undefined || pauses < USUAL_PAUSES) return null;
  const pause = now - (end - (values.length - 1 - last) * groupMs);
  return pause > LEAST_MS && pause > FAR_LONGER * longest * groupMs ? pause : null;
}
