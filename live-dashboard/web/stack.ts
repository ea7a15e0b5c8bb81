/**
 * Sums for a stacked chart: line i is the sum of lines 0 to i, so that the last is the total.
 * @param lines from the lowest of the stack up, all of one length
 */
export function stackUp(lines: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const sums: (readonly number[])[] = [];
  for (const line of lines) {
    const below = sums.at(-1);
    sums.push(below === undefined ? line : line.map((value, i) => value + (below[i] ?? 0)));
  }
  return sums;
}
