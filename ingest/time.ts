/** A time that a sender wrote: ms since 1970, and whether it named its zone (a number always does). */
export interface WrittenTime {
  readonly ms: number;
  readonly zoned: boolean;
}

const iso =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?$/i;
const numeric = /^\d{9,16}(?:\.\d+)?$/;
const secondsUpTo = 1e12;
const furthest = 8.64e15;

const fromNumber = (value: number): WrittenTime | undefined => {
  // a double holds seconds with some 0.0002 ms of error: without the margin 0.123 s would be cut to 122 ms
  const ms = value > secondsUpTo ? Math.floor(value) : Math.floor(value * 1_000 + 0.001);
  return Math.abs(ms) <= furthest ? { ms, zoned: true } : undefined;
};

const minutesOf = (zone: string): number | undefined => {
  if (zone === 'Z' || zone === 'z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = zone.length > 3 ? Number(zone.slice(-2)) : 0;
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
};

const digit = (text: string, at: number): number => {
  const value = text.charCodeAt(at) - 48;
  return value >= 0 && value <= 9 ? value : Number.NaN;
};
const two = (text: string, at: number): number => digit(text, at) * 10 + digit(text, at + 1);

/** What toISOString writes, read without a regular expression: most times come so. */
const readPlainIso = (text: string): WrittenTime | undefined => {
  if (text.length !== 24 || text[10] !== 'T' || text[19] !== '.' || text[23] !== 'Z') return undefined;
  if (text[4] !== '-' || text[7] !== '-' || text[13] !== ':' || text[16] !== ':') return undefined;
  const year = two(text, 0) * 100 + two(text, 2);
  const month = two(text, 5);
  const day = two(text, 8);
  const hour = two(text, 11);
  const minute = two(text, 14);
  const second = two(text, 17);
  // days that not every month has go the careful way, as does everything that is no digit
  if (!(year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= 28)) return undefined;
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return undefined;
  const ms = Date.UTC(year, month - 1, day, hour, minute, second, two(text, 20) * 10 + digit(text, 22));
  return Number.isNaN(ms) ? undefined : { ms, zoned: true };
};

/**
 * Reads ISO 8601 with up to 7 fraction digits (cut, not rounded, to ms; no zone is UTC), or Unix time as a
 * number or its text (over 1e12 ms, else s). `undefined` for anything else: Date.parse would guess.
 */
export const readTime = (value: unknown): WrittenTime | undefined => {
  if (typeof value === 'number') return fromNumber(value);
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  const plain = readPlainIso(text);
  if (plain !== undefined) return plain;
  const parts = iso.exec(text);
  if (parts === null) return numeric.test(text) ? fromNumber(Number(text)) : undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] = parts;
  // a zone after a bare date is no ISO form
  if (zone !== undefined && parts[4] === undefined) return undefined;
  const offset = zone === undefined ? 0 : minutesOf(zone);
  if (offset === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59)
    return undefined;
  const cut = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  // 31 February is no day: it would silently be one in March
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined;
  date.setUTCHours(Number(hour), Number(minute), Number(second), cut);
  return { ms: date.getTime() - offset * 60_000, zoned: zone !== undefined };
};

/** ms since 1970 of a day or a time as ISO 8601, no zone being UTC; no number, which `readTime` would take. */
export const readIso = (text: string): number | undefined =>
  numeric.test(text.trim()) ? undefined : readTime(text)?.ms;

/** ISO in UTC with milliseconds. */
export const isoOf = (ms: number): string => new Date(ms).toISOString();
