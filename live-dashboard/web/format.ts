/** Number formats of the page. All of them give "–" for what is not known. */

const NONE = '–';
const integers = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

export const integer = (value: number | null): string =>
  value === null ? NONE : integers.format(value).replace('-', '−');

/** Three figures: 17.4%, 7.89%, 0.42%; never above 100%. */
export function share(part: number, whole: number): string {
  if (whole <= 0) return NONE;
  const percent = Math.min(100, (part / whole) * 100);
  if (percent === 0) return '0%';
  if (percent < 0.005) return '<0.01%';
  if (percent < 9.995) return `${percent.toFixed(2)}%`;
  return percent < 99.95 ? `${percent.toFixed(1)}%` : `${percent < 100 ? '99.9' : '100'}%`;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** 14s, 2m 07s, 1h 04m, 3d 04h */
export function duration(seconds: number | null): string {
  if (seconds === null) return NONE;
  const whole = Math.round(Math.max(0, seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)}d ${two(hours % 24)}h`;
}

/** 0.4s, 12s, 1m 43s; of something that happened `ms` ago */
export function age(ms: number | null): string {
  if (ms === null) return NONE;
  const seconds = Math.max(0, ms) / 1000;
  return seconds < 9.95 ? `${seconds.toFixed(1)}s` : duration(seconds);
}

/** one decimal under 100 */
export const milliseconds = (ms: number | null): string =>
  ms === null ? NONE : ms < 99.95 ? ms.toFixed(1) : integer(ms);

/** Per second: two decimals under 10, one under 100. */
export function rate(perSecond: number): string {
  if (perSecond < 9.995) return perSecond.toFixed(2);
  return perSecond < 99.95 ? perSecond.toFixed(1) : integer(perSecond);
}

/** Totals: LKR 15,672,480 */
export const money = (currency: string, hundredths: number): string =>
  `${currency} ${integer(Math.round(hundredths / 100))}`;

/** 21:47:12 in the viewer's zone */
export function clock(at: number, options: { readonly seconds?: boolean } = {}): string {
  const time = new Date(at);
  const minutes = `${two(time.getHours())}:${two(time.getMinutes())}`;
  return options.seconds === false ? minutes : `${minutes}:${two(time.getSeconds())}`;
}

/** 16:17 UTC */
export const utcClock = (at: number): string => `${new Date(at).toISOString().slice(11, 16)} UTC`;

/** UTC+5:30, of the viewer's zone at that time */
export function zone(at: number): string {
  const offset = -new Date(at).getTimezoneOffset();
  if (offset === 0) return 'UTC';
  const hours = Math.floor(Math.abs(offset) / 60);
  const minutes = Math.abs(offset) % 60;
  return `UTC${offset < 0 ? '−' : '+'}${hours}${minutes === 0 ? '' : `:${two(minutes)}`}`;
}
