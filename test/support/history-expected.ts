/**
 * What the pages of history must show, counted from the API's rows alone and written down anew: no code of the pages.
 */
export type Row = Readonly<Record<string, string | number | null>>;

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export const dayName = (day: string): string => {
  const date = new Date(`${day}T00:00:00Z`);
  return `${weekdays[date.getUTCDay()]} ${date.getUTCDate()} ${months[date.getUTCMonth()]}`;
};

export const shift = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

export const whole = (value: number): string =>
  Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');

export const percent = (part: number, all: number): string => {
  if (all === 0) return '–';
  const value = (100 * part) / all;
  if (value === 0) return '0%';
  if (value === 100) return '100%';
  return value < 9.995 ? `${value.toFixed(2)}%` : `${value.toFixed(1)}%`;
};

export const number = (value: string | number | null | undefined): number => Number(value ?? 0);

export const total = (rows: readonly Row[], column: string): number =>
  rows.reduce((sum, row) => sum + Math.round(number(row[column]) * 100), 0) / 100;

export const between = (
  rows: readonly Row[],
  from: string,
  to: string,
  column = 'metric_date',
): readonly Row[] => rows.filter((row) => String(row[column]) >= from && String(row[column]) <= to);

/** +5.2% or +0.2 pt, of means of a day or of rates. */
export function delta(now: number, before: number, points = false): string {
  const value = points ? 100 * (now - before) : 100 * (now / before - 1);
  const size = Math.abs(value).toFixed(1);
  return `${size === '0.0' ? '±' : value > 0 ? '+' : '−'}${size}${points ? ' pt' : '%'}`;
}

/** The orders that tried online: the whole number whose rate of paid ones is the one given. */
export function tried(row: Row): number {
  const paid = number(row.paid_orders);
  if (row.payment_success_rate === null || paid === 0) return 0;
  for (let all = paid; ; all += 1)
    if (Math.abs(paid / all - number(row.payment_success_rate)) < 0.000_000_6) return all;
}
