/** Exact decimals of the recount: whole numbers inside, text outside, half away from zero. */

const million = 1_000_000n;

/** Quotient rounded to a whole number, half away from zero; the divisor is positive. */
function divide(dividend: bigint, divisor: bigint): bigint {
  const size = dividend < 0n ? -dividend : dividend;
  const quotient = (size * 2n + divisor) / (divisor * 2n);
  return dividend < 0n ? -quotient : quotient;
}

function decimalText(units: bigint, places: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, '0');
  const sign = units < 0n ? '-' : '';
  return `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** Hundredths as an amount. */
export const moneyText = (cents: number): string => decimalText(BigInt(cents), 2);

/** Milliseconds as seconds. */
export const secondsText = (ms: number): string => decimalText(BigInt(ms), 3);

/** part ÷ whole with 6 decimals, at most 1; null when the whole is 0. */
export function rate(part: number, whole: number): string | null {
  if (whole === 0) return null;
  const millionths = divide(BigInt(part) * million, BigInt(whole));
  return decimalText(millionths > million ? million : millionths, 6);
}

/** A measured value in millionths: what decimal(18,6) holds of it. */
export const millionths = (value: number): number => Math.round(value * 1_000_000);

/** The mean of values in millionths, with 6 decimals; null of none. */
export function average(values: readonly number[]): string | null {
  if (values.length === 0) return null;
  const sum = values.reduce((total, value) => total + BigInt(value), 0n);
  return decimalText(divide(sum, BigInt(values.length)), 6);
}

/** Linear interpolation at p·(n−1) of values in millionths, with 6 decimals; null of none. */
export function percentile(values: readonly number[], percent: number): string | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const hundredfold = percent * (sorted.length - 1);
  const below = Math.floor(hundredfold / 100);
  const low = BigInt(sorted[below] as number);
  const high = BigInt(sorted[Math.min(below + 1, sorted.length - 1)] as number);
  return decimalText(divide(low * 100n + (high - low) * BigInt(hundredfold % 100), 100n), 6);
}
