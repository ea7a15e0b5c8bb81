import type { LetterCount } from './api.ts';
import type { Day } from './days.ts';
import { groupBy, sum } from './rows.ts';

/** A day with many more dead letters than the others is told: its numbers may be short of them. */
const MANY = 8;

export const lettersByDay = (counts: readonly LetterCount[]): ReadonlyMap<Day, number> =>
  new Map(
    [...groupBy(counts, (row) => row.failed_date)].map(([day, rows]) => [
      day,
      sum(rows, (row) => row.letters),
    ]),
  );

/** The days of a range whose dead letters are over 8 times the median. */
export function conspicuousDays(
  days: readonly Day[],
  letters: ReadonlyMap<Day, number>,
): ReadonlyMap<Day, number> {
  const counts = days.map((day) => letters.get(day) ?? 0).sort((a, b) => a - b);
  const median = counts[Math.floor((counts.length - 1) / 2)] ?? 0;
  return new Map(
    days
      .map((day): [Day, number] => [day, letters.get(day) ?? 0])
      .filter(([, count]) => count > MANY * Math.max(1, median)),
  );
}
