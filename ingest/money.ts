import type { Cents } from './event.ts';

/** 9,999,999,999.99: decimal(12,2) */
export const mostCents = 999_999_999_999;

const decimal = /^\+?(\d*)(?:\.(\d*))?$/;
const exponent = /^\+?(?:\d+\.?\d*|\.\d+)e[+-]?\d{1,3}$/i;

const fromText = (text: string): Cents | undefined => {
  const parts = decimal.exec(text);
  if (parts === null) return exponent.test(text) ? fromNumber(Number(text)) : undefined;
  const [, whole = '', fraction = ''] = parts;
  if (whole === '' && fraction === '') return undefined;
  const units = whole.replace(/^0+/, '');
  if (units.length > 10) return undefined;
  const hundredths = Number(units === '' ? '0' : units) * 100 + Number(fraction.slice(0, 2).padEnd(2, '0'));
  const rounded = fraction.charCodeAt(2) >= 53 ? hundredths + 1 : hundredths;
  return rounded <= mostCents ? rounded : undefined;
};

const fromNumber = (value: number): Cents | undefined => {
  if (!(value >= 0) || value > mostCents) return undefined;
  // below 1e-6 a number writes itself with an exponent
  return value < 1e-6 ? 0 : fromText(String(value));
};

/**
 * An amount in hundredths, exactly: by the digits of its shortest decimal form, never by multiplying. More than
 * two decimals are rounded half away from zero. A number or numeric text from 0 to 9,999,999,999.99 (after
 * rounding); `undefined` for anything else.
 */
export const centsOf = (value: unknown): Cents | undefined => {
  if (typeof value === 'number') return fromNumber(value);
  return typeof value === 'string' ? fromText(value.trim()) : undefined;
};
