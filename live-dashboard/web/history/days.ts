/** A day of the report's zone as YYYY-MM-DD. Days compare as texts. */
export type Day = string;

const DAY_MS = 86_400_000;

/** The day's beginning as if it were UTC, ms: for arithmetic and axes, never a moment. */
export const dayMs = (day: Day): number => Date.parse(`${day}T00:00:00Z`);

const dayOf = (ms: number): Day => new Date(ms).toISOString().slice(0, 10);

export const addDays = (day: Day, count: number): Day => dayOf(dayMs(day) + count * DAY_MS);

/** Days from one to the other, both counted. */
export const countDays = (from: Day, to: Day): number => Math.round((dayMs(to) - dayMs(from)) / DAY_MS) + 1;

export const daysOf = ({ from, to }: { readonly from: Day; readonly to: Day }): readonly Day[] =>
  Array.from({ length: Math.max(0, countDays(from, to)) }, (_, index) => addDays(from, index));

export const earlier = (one: Day, other: Day): Day => [one, other].sort()[0] ?? one;

export function isDay(text: string | null): text is Day {
  if (text === null || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = dayMs(text);
  return !Number.isNaN(ms) && dayOf(ms) === text;
}

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** 24 Nov */
export function shortDay(day: Day): string {
  const date = new Date(dayMs(day));
  return `${date.getUTCDate()} ${months[date.getUTCMonth()] ?? ''}`;
}

/** Tue 24 Nov, and the year where it is another than that of `today` */
export function longDay(day: Day, today: Day): string {
  const year = day.slice(0, 4) === today.slice(0, 4) ? '' : ` ${day.slice(0, 4)}`;
  return `${weekdays[new Date(dayMs(day)).getUTCDay()] ?? ''} ${shortDay(day)}${year}`;
}
