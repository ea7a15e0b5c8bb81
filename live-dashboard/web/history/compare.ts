import { countDays, type Day, daysOf } from './days.ts';
import { type DayRange, rangeBefore } from './range.ts';

/**
 * The days that are compared: the complete ones of a range, and those of the range before it as far as there is
 * anything. A running day would always look like a fall.
 */
export interface Compared {
  readonly now: readonly Day[];
  readonly before: readonly Day[];
}

/**
 * @param complete is a day over, for what is compared
 * @param firstDay the first day that Gold has anything of: earlier ones are not zeros
 */
export function comparedDays(
  range: DayRange,
  complete: (day: Day) => boolean,
  firstDay: Day | null,
): Compared {
  const before = firstDay === null ? [] : daysOf(rangeBefore(range)).filter((day) => day >= firstDay);
  return { now: daysOf(range).filter(complete), before: before.filter(complete) };
}

/** +5.2%, −0.2 pt, ±0.0%; undefined where there is nothing to compare with. */
export function change(
  now: number | null,
  before: number | null,
  kind: 'percent' | 'points',
): string | undefined {
  if (now === null || before === null || (kind === 'percent' && before === 0)) return undefined;
  const value = kind === 'points' ? (now - before) * 100 : (now / before - 1) * 100;
  const size = Math.abs(value);
  const sign = size < 0.05 ? '±' : value > 0 ? '+' : '−';
  return `${sign}${size.toFixed(1)}${kind === 'points' ? ' pt' : '%'}`;
}

/** "on 14 days before", and "on 9 of 14 days before" where Gold does not reach further. */
export function beforeText(range: DayRange, compared: Compared): string {
  const days = countDays(range.from, range.to);
  const had = compared.before.length;
  return had === days
    ? `on ${days} ${days === 1 ? 'day' : 'days'} before`
    : `on ${had} of ${days} days before`;
}

/** A mean of a day; null where there is no day. */
export const perDay = (total: number, days: number): number | null => (days === 0 ? null : total / days);

/** null where nothing stands below the line. */
export const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
