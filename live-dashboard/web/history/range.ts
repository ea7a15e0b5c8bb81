import { addDays, countDays, type Day, earlier, isDay } from './days.ts';

/** Both days are in it. */
export interface DayRange {
  readonly from: Day;
  readonly to: Day;
}

export const presets = [7, 14, 30, 90] as const;
export const defaultDays = 14;
/** A longer range would ask for more rows than a page can draw. */
export const longestDays = 731;

/** The last `days` days up to `today`, itself one of them. */
export const lastDays = (days: number, today: Day): DayRange => ({
  from: addDays(today, 1 - days),
  to: today,
});

/**
 * The range that an address names: `days`, or `from` and `to`. No day after `today`, since Gold has none; what cannot
 * be a range is the default.
 */
export function rangeOf(query: URLSearchParams, today: Day): DayRange {
  const [from, to] = [query.get('from'), query.get('to')];
  if (isDay(from) && isDay(to) && from <= to) {
    const end = earlier(to, today);
    const begin = earlier(from, end);
    return countDays(begin, end) > longestDays ? lastDays(longestDays, end) : { from: begin, to: end };
  }
  const days = Number(query.get('days'));
  return lastDays(presets.find((one) => one === days) ?? defaultDays, today);
}

/** As many days, just before it. */
export const rangeBefore = ({ from, to }: DayRange): DayRange => {
  const days = countDays(from, to);
  return { from: addDays(from, -days), to: addDays(from, -1) };
};

/** Which of the switch's choices a range is; undefined: a free one. */
export const presetOf = (range: DayRange, today: Day): number | undefined =>
  range.to === today ? presets.find((days) => days === countDays(range.from, range.to)) : undefined;

/** How a range stands in an address: short where it follows today. */
export function writeRange(query: URLSearchParams, range: DayRange, today: Day): void {
  const preset = presetOf(range, today);
  for (const name of ['days', 'from', 'to']) query.delete(name);
  if (preset !== undefined) query.set('days', String(preset));
  else {
    query.set('from', range.from);
    query.set('to', range.to);
  }
}
